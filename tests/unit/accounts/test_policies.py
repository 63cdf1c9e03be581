"""Who may what, written down a second time; a policy that is not in this table fails the test."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from provisioning.accounts import policies
from provisioning.accounts.models import User
from tests.support.cast import Cast

INFRA = {"admin", "operator", "auditor"}
ALL = INFRA | {"approver", "tenant_user", "outsider"}
# policy → who, without an object
TABLE: dict[str, set[str]] = {
    "can_see_infrastructure": INFRA,
    "can_see_cloud": ALL,
    "can_see_health": INFRA,
    "can_see_capacity": INFRA,
    "can_see_cloud_settings": INFRA,
    "can_see_audit": {"admin", "auditor"},
    "can_export_audit": {"admin", "auditor"},
    "can_verify_audit": {"admin", "auditor"},
    "can_see_people": {"admin", "auditor"},
    "can_see_tenants": INFRA,
    "can_manage_clouds": {"admin", "operator"},
    "can_request_sync": {"admin", "operator"},
    "can_acknowledge_problems": {"admin", "operator"},
    "can_manage_people": {"admin"},
    "can_manage_tenants": {"admin"},
    "can_use_console": ALL,
    "can_approve": set(),
    "can_order": set(),
}
CHANGES = {name for name in TABLE if name.startswith(("can_manage", "can_request", "can_acknowledge", "can_approve"))}


def test_the_table_is_whole() -> None:
    assert set(policies.POLICIES) == set(TABLE)


def test_every_policy_for_everybody(cast: Cast) -> None:
    for name, may in TABLE.items():
        for who, user in cast.everybody().items():
            assert policies.POLICIES[name](user) == (who in may), (name, who)


@pytest.mark.parametrize("name", TABLE)
def test_nobody_may_anything(name: str, db: None, acme: Any) -> None:
    disabled = User(username="x", role=User.Role.ADMINISTRATOR, is_active=False)
    for who in (AnonymousUser(), disabled, None, object(), User(username="y", role="emperor")):
        if name == "can_see_cloud" and isinstance(who, User) and who.is_active:
            continue  # an unsaved person has no memberships to ask for
        assert policies.POLICIES[name](who) is False
        if not isinstance(who, User):
            assert policies.POLICIES[name](who, acme) is False


def test_an_auditor_may_change_nothing(cast: Cast) -> None:
    assert not any(policies.POLICIES[name](cast.auditor) for name in CHANGES)


def test_within_a_tenant(cast: Cast, acme: Any, globex: Any) -> None:
    assert policies.can_approve(cast.approver, acme) and not policies.can_approve(cast.approver, globex)
    assert policies.can_order(cast.tenant_user, acme) and not policies.can_approve(cast.tenant_user, acme)
    assert not policies.can_order(cast.outsider, acme)
    # An administrator does not spend a tenant's money.
    assert not policies.can_approve(cast.admin, acme) and not policies.can_order(cast.admin, acme)


def test_a_member_sees_the_clouds_of_their_tenants(cast: Cast, cloud: Any) -> None:
    from tests.factories import make_cloud

    other = make_cloud("Elsewhere")
    assert policies.can_see_cloud(cast.tenant_user, cloud) and not policies.can_see_cloud(cast.tenant_user, other)
    assert policies.can_see_cloud(cast.auditor, other)
