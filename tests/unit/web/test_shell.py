"""The frame: who sees which clouds and pages, theme and keys, and the first page."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from portal.web.clouds.lookup import clouds_for
from provisioning.accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def labels(html: str) -> list[str]:
    nav = html.partition('class="zw-nav"')[2].partition("</nav>")[0]
    return re.findall(r"<span>([^<]+)</span>", nav)


def test_members_see_the_clouds_of_their_tenants_only(cast, cloud):
    other = factories.make_cloud("Other")
    assert list(clouds_for(cast.tenant_user)) == [cloud]
    assert set(clouds_for(cast.auditor)) == {cloud, other}
    cast.auditor.is_active = False
    assert not clouds_for(cast.auditor)


def test_home_leads_each_role_to_its_first_page(cast, cloud, client_of):
    overview = reverse("inventory:overview", args=[cloud.uuid])
    for person in (cast.admin, cast.operator, cast.auditor):
        assert client_of(person).get("/").url == overview
    for person in (cast.tenant_user, cast.approver):
        assert client_of(person).get("/").url == reverse("inventory:list", args=[cloud.uuid, "instances"])


def test_home_goes_back_to_the_cloud_seen_last(admin, cloud, client_of):
    other = factories.make_cloud("Another")
    client = client_of(admin)
    client.get(reverse("inventory:overview", args=[other.uuid]))
    assert client.get("/").url == reverse("inventory:overview", args=[other.uuid])
    client.cookies["zw_cloud"] = "no-such-cloud"
    assert client.get("/").url in {reverse("inventory:overview", args=[each.uuid]) for each in (cloud, other)}


def test_home_without_a_cloud_offers_to_add_one_to_those_who_may(db, admin, auditor, client_of):
    assert reverse("clouds:add") in client_of(admin).get("/").content.decode()
    html = client_of(auditor).get("/").content.decode()
    assert "No cloud yet" in html and reverse("clouds:add") not in html


def test_home_asks_strangers_to_sign_in(client):
    assert client.get("/").url.startswith(reverse("accounts:sign-in"))


def test_navigation_shows_what_a_role_may_open(cast, cloud, client_of):
    overview = reverse("inventory:overview", args=[cloud.uuid])
    assert {"Hierarchy", "Health", "Capacity", "Audit trail", "People"} <= set(
        labels(client_of(cast.admin).get(overview).content.decode())
    )
    operator = labels(client_of(cast.operator).get(overview).content.decode())
    assert "Hierarchy" in operator and "Audit trail" not in operator and "People" not in operator
    assert labels(client_of(cast.auditor).get(overview).content.decode())[0] == "Audit trail"
    member = labels(
        client_of(cast.tenant_user).get(reverse("inventory:list", args=[cloud.uuid, "instances"])).content.decode()
    )
    assert "Instances" in member
    assert not {"Overview", "Hierarchy", "Health", "Capacity", "Segment map", "Alerts", "Clouds"} & set(member)


def test_every_entry_of_the_navigation_opens(cast, cloud, client_of):
    for person, start in (
        (cast.admin, reverse("inventory:overview", args=[cloud.uuid])),
        (cast.tenant_user, reverse("inventory:list", args=[cloud.uuid, "instances"])),
    ):
        client = client_of(person)
        nav = client.get(start).content.decode().partition('class="zw-nav"')[2].partition("</nav>")[0]
        addresses = re.findall(r'<a href="([^"]+)"', nav)
        assert len(addresses) > 5
        assert {address: client.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_a_cloud_one_may_not_see_looks_like_none(cast, cloud, client_of):
    other = factories.make_cloud("Hidden")
    for view in ("inventory:overview", "inventory:hierarchy"):
        member = client_of(cast.tenant_user)
        assert member.get(reverse(view, args=[other.uuid])).status_code == 404
        assert member.get(reverse(view, args=[cloud.uuid])).status_code == 404


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_theme_is_in_the_first_byte_and_survives_signing_out(theme, admin, cloud, client_of):
    client = client_of(admin)
    assert client.post(reverse("preferences"), {"theme": theme}).status_code == 204
    assert User.objects.get(pk=admin.pk).theme == theme
    assert f'data-theme="{theme}"' in client.get(reverse("inventory:overview", args=[cloud.uuid])).content.decode()
    client.logout()
    client.cookies["zw_theme"] = theme
    assert f'data-theme="{theme}"' in client.get(reverse("accounts:sign-in")).content.decode()


def test_preferences_take_known_values_only(admin, client_of):
    client = client_of(admin)
    assert client.post(reverse("preferences"), {"theme": "neon"}).status_code == 400
    assert client.get(reverse("preferences")).status_code == 405
    assert (
        client.post(reverse("preferences"), {"density": "comfortable", "next": "https://evil.example/"}).status_code
        == 204
    )
    assert User.objects.get(pk=admin.pk).density == "comfortable"


def test_letter_keys_can_be_turned_off(admin, cloud, client_of):
    client = client_of(admin)
    client.post(reverse("preferences"), {"keys": "off"})
    assert 'data-letter-keys="off"' in client.get(reverse("inventory:overview", args=[cloud.uuid])).content.decode()


def test_pages_refuse_inline_code_and_other_origins(admin, cloud, client_of):
    policy = client_of(admin).get(reverse("inventory:overview", args=[cloud.uuid]))["Content-Security-Policy"]
    assert "unsafe" not in policy and "script-src 'self'" in policy and "style-src 'self'" in policy


def test_error_pages_carry_the_request_id(admin, cloud, client_of):
    answer = client_of(admin).get("/clouds/no-such/")
    assert answer.status_code == 404
    assert answer["X-Request-Id"] in answer.content.decode()
