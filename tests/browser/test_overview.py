"""The overview in a real browser: parts follow the cloud, and hold still under the pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.health.evaluation import evaluate
from provisioning.inventory import models as m
from tests.browser.test_shell import Socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def watched(small_cloud: Any) -> Any:
    m.Cloud.objects.filter(pk=small_cloud.cloud.pk).update(last_complete_sync_at=timezone.now())
    m.ImageStore.objects.update(state="Ready")
    m.Host.objects.filter(pk=small_cloud.hosts[0].pk).update(state="Down")
    small_cloud.cloud.refresh_from_db()
    evaluate(small_cloud.cloud)
    return small_cloud


def opened(page: Page, cloud: m.Cloud) -> Socket:
    socket = Socket(page)
    page.goto(f"/clouds/{cloud.uuid}/")
    expect(page.locator("#zw-conn")).to_have_attribute("data-state", "live")
    return socket


def test_the_list_follows_but_never_under_the_pointer(page_as: Callable[..., Page], admin: Any, watched: Any):
    page = page_as(admin)
    socket = opened(page, watched.cloud)
    rows = page.locator("#overview-problems .zw-problem")
    before = rows.count()
    rows.first.hover()
    m.Host.objects.filter(pk=watched.hosts[1].pk).update(state="Alert")
    evaluate(watched.cloud)
    socket.event(9, f"cloud.{watched.cloud.uuid}", "health.changed", open=before + 1)
    expect(page.locator("#overview-head h1")).to_have_text(f"{before + 1} things need you")
    expect(rows).to_have_count(before)
    page.locator("#overview-head h1").hover()
    expect(rows).to_have_count(before + 1)


def test_a_number_opens_its_problem(page_as, admin, watched):
    page = page_as(admin)
    opened(page, watched.cloud)
    address = page.locator("#overview-problems .zw-problem a").first.get_attribute("href")
    page.keyboard.press("1")
    page.wait_for_url(f"**{address}")


def test_zone_strip_changes_with_its_hosts(page_as, admin, watched):
    page = page_as(admin)
    socket = opened(page, watched.cloud)
    zone = page.locator(".zw-zone")
    expect(zone).to_contain_text("1 Down")
    m.Host.objects.filter(pk=watched.hosts[1].pk).update(resource_state="Maintenance")
    socket.event(2, f"cloud.{watched.cloud.uuid}", "hosts.changed", kind="hosts", change="changed")
    expect(zone).to_contain_text("1 Maintenance")
