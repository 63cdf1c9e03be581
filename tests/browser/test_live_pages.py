"""Open pages learn of changes by themselves, and go on after a break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.health import evaluate
from portal.live import feed
from provisioning.accounts.models import User
from provisioning.inventory import models as m
from tests.browser.asgi import Console
from tests.factories import SmallCloud

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("built_assets")]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    # The in-memory channel layer does not wake another thread's loop at once.
    monkeypatch.setattr(feed, "POLL_S", 0.1)
    running = Console()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def operators_page(new_page: Callable[..., Page], console: Console, operator: User) -> Page:
    client = Client()
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    page = new_page(base_url=console.url)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": console.url}])
    return page


def look(small: SmallCloud, state: str) -> None:
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state=state, state_since_at=timezone.now())
    m.Cloud.objects.update(last_complete_sync_at=timezone.now())
    evaluate(m.Cloud.objects.get(pk=small.cloud.pk))


def connection(page: Page) -> Any:
    return page.locator("#zw-conn")


def test_problem_appears_and_goes_without_a_reload(operators_page: Page, small_cloud: SmallCloud) -> None:
    look(small_cloud, "Up")
    page = operators_page
    page.goto(reverse("health:index", args=[small_cloud.cloud.uuid]))
    expect(connection(page)).to_have_attribute("data-state", "live")
    expect(page.locator("h1")).to_have_text("Nothing needs you")
    page.evaluate("window.sameDocument = true")
    look(small_cloud, "Down")
    expect(page.locator("h1")).to_have_text("1 thing needs you")
    expect(page.get_by_role("heading", name=f"Host {small_cloud.hosts[0].name} is Down")).to_be_visible()
    look(small_cloud, "Up")
    expect(page.locator("h1")).to_have_text("Nothing needs you")
    assert page.evaluate("window.sameDocument") is True


def test_page_catches_up_after_the_server_was_away(
    operators_page: Page, small_cloud: SmallCloud, console: Console, complaints: Any
) -> None:
    complaints.expect("WebSocket connection to")
    # A part may be on its way just when the server goes.
    complaints.expect("htmx:|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET")
    look(small_cloud, "Up")
    page = operators_page
    page.goto(reverse("health:index", args=[small_cloud.cloud.uuid]))
    expect(connection(page)).to_have_attribute("data-state", "live")
    console.stop()
    expect(connection(page)).to_have_attribute("data-state", "offline")
    look(small_cloud, "Down")
    console.start()
    expect(page.locator("h1")).to_have_text("1 thing needs you", timeout=30_000)
    expect(connection(page)).to_have_attribute("data-state", "live")


def test_ended_session_leads_to_the_sign_in_page(
    operators_page: Page, small_cloud: SmallCloud, operator: User, complaints: Any
) -> None:
    page = operators_page
    page.goto(reverse("health:index", args=[small_cloud.cloud.uuid]))
    expect(connection(page)).to_have_attribute("data-state", "live")
    from provisioning.accounts.operations.signing_in import revoke_session

    revoke_session(operator, operator.browser_sessions.get().uuid)
    page.wait_for_url("**/accounts/sign-in/**")
