"""Administrators manage people; nobody locks the last of them out; links set passwords; tokens never exceed people."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.accounts import tokens
from provisioning.accounts.demo import PEOPLE, demo_users
from provisioning.accounts.errors import NotAllowed, Refused
from provisioning.accounts.models import ApiToken, Membership, Tenant, User, UserSession
from provisioning.accounts.operations import own, people, tenants
from provisioning.audit.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
GOOD = "five quiet herons over water"


def use_link(link: str, password: str = GOOD) -> Any:
    uid, token = link.split("/")
    return Client().post(reverse("accounts:set-password", args=[uid, token]), {"new_password": password})


def test_a_new_person_sets_their_own_password_by_a_link_that_works_once(admin: User) -> None:
    person, link = people.create_person(admin, username="Neo.Anders", role="operator", email="neo@example.org")
    assert person.username == "neo.anders" and not person.has_usable_password()
    assert use_link(link, "short").status_code == 422
    assert use_link(link).status_code == 302
    assert use_link(link).status_code == 410
    person.refresh_from_db()
    assert person.check_password(GOOD)
    event = AuditEvent.objects.get(action="person.create")
    assert "neo" not in f"{event.object_name}{event.after}"
    changed = AuditEvent.objects.get(action="person.password_change")
    assert changed.actor_id == str(person.uuid)


def test_links_die_with_time_disabling_and_tampering(admin: User, settings: Any) -> None:
    _person, link = people.create_person(admin, username="neo", role="member")
    uid, token = link.split("/")
    assert people.person_of_link(uid, token[:-1] + ("a" if token[-1] != "a" else "b")) is None
    assert people.person_of_link("%%%", "x") is None and people.person_of_link("AAAA", token) is None
    User.objects.filter(username="neo").update(is_active=False)
    assert people.person_of_link(uid, token) is None
    User.objects.filter(username="neo").update(is_active=True)
    assert people.person_of_link(uid, token) is not None
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert people.person_of_link(uid, token) is None


def test_the_last_administrator_stays(admin: User) -> None:
    with pytest.raises(Refused, match="last administrator"):
        people.change_person(admin, admin, {"role": "operator"})
    with pytest.raises(Refused, match="cannot disable yourself"):
        people.disable_person(admin, admin)
    second = factories.make_user("second", User.Role.ADMINISTRATOR)
    people.disable_person(second, admin)
    with pytest.raises(Refused, match="last administrator"):
        people.change_person(second, second, {"role": "member"})
    people.enable_person(second, admin)
    people.change_person(second, second, {"role": "member"})


def test_only_administrators_and_every_refusal_is_on_the_trail(admin: User, operator: User, auditor: User) -> None:
    for actor in (operator, auditor):
        for act in (
            lambda actor=actor: people.create_person(actor, username="x", role="administrator"),
            lambda actor=actor: people.change_person(actor, actor, {"role": "administrator"}),
            lambda actor=actor: people.disable_person(actor, admin),
            lambda actor=actor: people.make_password_link(actor, admin),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert AuditEvent.objects.filter(result="denied").count() == 8
    assert not User.objects.filter(username="x").exists()


def test_a_changed_role_and_disabling_end_sessions_and_tokens(admin: User, operator: User, client_of: Any) -> None:
    client = client_of(operator)
    own.create_token(operator, name="t", scopes=["clouds:write"], lifetime_days=1)
    people.change_person(admin, operator, {"role": "member"}, reason="moves on")
    assert client.get("/accounts/profile/").status_code == 302
    people.disable_person(admin, operator)
    assert not ApiToken.objects.filter(user=operator, revoked_at__isnull=True).exists()
    assert not UserSession.objects.filter(user=operator, revoked_at__isnull=True).exists()


def test_names_are_taken_once_whatever_their_case(admin: User) -> None:
    people.create_person(admin, username="neo", role="member")
    with pytest.raises(Refused, match="called neo already"):
        people.create_person(admin, username=" NEO", role="member")
    for bad in ("", "two words", "nul\x00"):
        with pytest.raises(Refused):
            people.create_person(admin, username=bad, role="member")


class TestTokens:
    def test_shown_once_stored_as_a_digest(self, admin: User, client_of: Any) -> None:
        response = client_of(admin).post(
            "/accounts/tokens/", {"name": "report", "scopes": ["audit:read"], "lifetime_days": "30"}
        )
        token = ApiToken.objects.get()
        raw = response.context["new_token_text"]
        assert raw in response.content.decode() and raw.startswith(token.prefix)
        assert raw not in str(list(ApiToken.objects.values())) + str(list(AuditEvent.objects.values()))
        assert raw not in client_of(admin).get("/accounts/tokens/").content.decode()
        assert tokens.verify_token(raw) == token

    def test_what_ends_a_token(self, operator: User) -> None:
        def fresh() -> tuple[ApiToken, str]:
            return own.create_token(operator, name="t", scopes=["inventory:read"], lifetime_days=1)

        token, raw = fresh()
        assert tokens.verify_token(raw) is not None
        assert tokens.verify_token(raw[:-1]) is None and tokens.verify_token(raw + "x") is None
        assert tokens.verify_token("") is None and tokens.verify_token("zw_" + "a" * 43) is None
        own.revoke_token(operator, token.uuid)
        assert tokens.verify_token(raw) is None
        token, raw = fresh()
        ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
        assert tokens.verify_token(raw) is None
        _token, raw = fresh()
        User.objects.filter(pk=operator.pk).update(is_active=False)
        assert tokens.verify_token(raw) is None

    def test_never_more_than_its_owner(self, operator: User, admin: User) -> None:
        with pytest.raises(Refused):
            own.create_token(operator, name="t", scopes=["audit:read"], lifetime_days=1)
        token, raw = own.create_token(operator, name="t", scopes=["clouds:write"], lifetime_days=1)
        assert tokens.allows(token, "clouds:write") and not tokens.allows(token, "inventory:read")
        people.change_person(admin, operator, {"role": "auditor"})
        again = tokens.verify_token(raw)
        assert again is not None and not tokens.allows(again, "clouds:write")

    def test_another_ones_token_is_not_there(self, operator: User, auditor: User) -> None:
        token, _raw = own.create_token(operator, name="t", scopes=["inventory:read"], lifetime_days=1)
        with pytest.raises(ApiToken.DoesNotExist):
            own.revoke_token(auditor, token.uuid)


def test_tenants_keep_their_secret_and_memberships_are_told(admin: User, small_cloud: factories.SmallCloud) -> None:
    tenant = tenants.add_tenant(
        admin, cloud_uuid=small_cloud.cloud.uuid, name="initech", kind="account", domain_cloudstack_id="d",
        account_name="initech", api_key="k", secret_key="hush-hush",
    )  # fmt: skip
    with pytest.raises(Refused, match="already"):
        tenants.add_tenant(admin, cloud_uuid=small_cloud.cloud.uuid, name="initech", kind="account",
                           domain_cloudstack_id="e", account_name="other")  # fmt: skip
    tenants.change_tenant_keys(admin, tenant, api_key="k", secret_key="")
    assert Tenant.objects.get(pk=tenant.pk).secret_key == "hush-hush"
    with pytest.raises(Refused, match="needs its secret"):
        tenants.change_tenant_keys(admin, tenant, api_key="other", secret_key="")
    person = factories.make_user("neo")
    membership = tenants.grant(admin, person, tenant, "approver")
    assert tenants.grant(admin, person, tenant, "approver") == membership
    tenants.revoke(admin, membership)
    assert not Membership.objects.filter(pk=membership.pk).exists()
    tenants.remove_tenant(admin, tenant, reason="over")
    assert "hush" not in str(list(AuditEvent.objects.values()))
    assert AuditEvent.objects.filter(action__in=["membership.grant", "membership.revoke", "tenant.remove"]).count() == 3


def test_demo_logins_are_idempotent_private_and_beside_a_demo_only(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    small = factories.small_cloud()
    with pytest.raises(ValueError, match="demo cloud"):
        demo_users(small.cloud)
    small.cloud.is_demo = True
    first = demo_users(small.cloud)
    assert [login["role"] for login in first] == list(PEOPLE)
    assert demo_users(small.cloud) == first
    file = tmp_path / "demo-logins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(json.loads(file.read_text())) == {login["username"] for login in first}
    for login in first:
        assert User.objects.get(username=login["username"]).check_password(login["password"])
    roles = set(Membership.objects.values_list("user__username", "tenant__name", "role"))
    assert roles == {("approver", "acme-dev", "approver"), ("alice", "acme-dev", "tenant_user")}
    file.unlink()
    renewed = demo_users(small.cloud)
    assert User.objects.get(username="admin").check_password(renewed[0]["password"])


def test_a_real_person_with_a_demos_name_is_left_alone(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    real = factories.make_user("admin", User.Role.AUDITOR)
    assert "admin" not in {login["username"] for login in demo_users()}
    real.refresh_from_db()
    assert real.role == "auditor" and real.check_password(factories.PASSWORD)


def test_create_admin_is_a_way_in_and_a_way_back_in() -> None:
    out = io.StringIO()
    call_command("create_admin", "root", "--generate", stdout=out)
    password = out.getvalue().strip().rsplit(" ", 1)[1]
    person = User.objects.get(username="root")
    assert person.role == "administrator" and person.check_password(password)
    User.objects.update(is_active=False, role="member")
    call_command("create_admin", "Root", "--generate", stdout=io.StringIO())
    person.refresh_from_db()
    assert person.is_active and person.role == "administrator"
    assert AuditEvent.objects.filter(action__in=["person.create", "person.change"]).count() == 2
