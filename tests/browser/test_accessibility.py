"""The main pages under axe: WCAG 2.2 A and AA, light and dark, wide and on a phone; and what axe cannot see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.health import evaluation
from provisioning.audit.models import AuditEvent
from provisioning.audit.record import record
from provisioning.inventory import models as m
from tests import factories
from tests.browser.test_shell import Socket
from tests.support.axe import Axe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(small_cloud: factories.SmallCloud, admin: Any) -> factories.SmallCloud:
    """Something is wrong, something changed and something was measured: empty pages would prove little."""
    down = small_cloud.hosts[-1]
    m.Host.objects.filter(pk=down.pk).update(state="Down", changed_at=timezone.now() - timedelta(minutes=20))
    evaluation.evaluate(small_cloud.cloud)
    record(action="cloud.change", obj_type="cloud", obj_id=str(small_cloud.cloud.uuid), obj_name="Sandbox",
           cloud_uuid=small_cloud.cloud.uuid, before={"name": "Old"}, after={"name": "New"})  # fmt: skip
    return small_cloud


def addresses(small: factories.SmallCloud) -> dict[str, str]:
    cloud, host = f"/clouds/{small.cloud.uuid}/", small.hosts[0]
    return {
        "overview": cloud,
        "hierarchy graph": f"{cloud}hierarchy/?view=graph",
        "hierarchy heat map": f"{cloud}hierarchy/?view=heat",
        "drawer": f"{cloud}hierarchy/?sel=hosts.{host.uuid}",
        "hosts": f"{cloud}hosts/",
        "host": f"{cloud}hosts/{host.uuid}/",
        "instances": f"{cloud}instances/",
        "jobs": f"{cloud}jobs/",
        "capacity": f"{cloud}capacity/",
        "health": f"{cloud}health/",
        "segments": f"{cloud}segments/",
        "audit": "/audit/",
        "audit record": f"/audit/{AuditEvent.objects.latest('pk').uuid}/",
        "add cloud": "/clouds/add/",
        "profile": "/accounts/profile/",
        "nothing here": f"{cloud}hosts/{small.cloud.uuid}/",
    }


LOOKS = {
    "light, wide": {"width": 1440, "height": 900},
    "dark, wide": {"width": 1440, "height": 900, "dark": True},
    "light, phone": {"width": 390, "height": 844},
    "dark, phone": {"width": 390, "height": 844, "dark": True},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_objects_to_nothing(
    page_as: Callable[..., Page], new_page: Callable[..., Page], live_server: Any, admin: Any,
    busy: factories.SmallCloud, axe: Axe, complaints: Any, look: str,
) -> None:  # fmt: skip
    complaints.expect("404")
    visitor = new_page(base_url=live_server.url, **LOOKS[look])
    visitor.goto("/accounts/sign-in/")
    axe.check(visitor, "sign-in")
    page = page_as(admin, **LOOKS[look])
    Socket(page)
    for name, address in addresses(busy).items():
        page.goto(address)
        expect(page.locator("#zw-conn")).to_have_attribute("data-state", "live")
        expect(page.locator(".zw-skeleton:visible")).to_have_count(0)
        axe.check(page, name)
    axe.verdict()


def test_nothing_scrolls_sideways_at_320_px(
    page_as: Callable[..., Page], admin: Any, busy: factories.SmallCloud
) -> None:
    """WCAG 1.4.10: 1,280 px at 400 % zoom. Tables and pictures scroll inside their own box."""
    page = page_as(admin, width=320, height=640)
    Socket(page)
    wide = {}
    for name, address in addresses(busy).items():
        if name == "nothing here":
            continue
        page.goto(address)
        expect(page.locator(".zw-skeleton:visible")).to_have_count(0)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[name] = width
    assert not wide
