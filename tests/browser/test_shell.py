"""The frame in a real browser: strict CSP, keyboard, theme, palette, and whether the page says how true it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

pytestmark = pytest.mark.django_db(transaction=True)


class Socket:
    """The server's side of /ws/live/, played by the test."""

    def __init__(self, page: Page) -> None:
        self.routes: list[WebSocketRoute] = []
        self.asked: list[dict[str, Any]] = []
        self.answers = True
        page.route_web_socket(re.compile("/ws/live/$"), self._open)

    def _open(self, route: WebSocketRoute) -> None:
        self.routes.append(route)
        route.on_message(lambda text: self._heard(route, text))

    def _heard(self, route: WebSocketRoute, text: str | bytes) -> None:
        message = json.loads(text)
        if "subscribe" in message:
            self.asked.append(message)
            if self.answers:
                self.send({"subscribed": message["subscribe"], "refused": [], "at": message["after"]})

    def send(self, message: dict[str, Any]) -> None:
        self.routes[-1].send(json.dumps(message))

    def event(self, seq: int, topic: str, name: str, **payload: Any) -> None:
        self.send({"events": [{"seq": seq, "topic": topic, "kind": name, "payload": payload}], "at": seq})


@pytest.fixture
def shell(page_as: Callable[..., Page], admin: Any, cloud: Any) -> tuple[Page, Socket, str]:
    page = page_as(admin)
    socket = Socket(page)
    address = f"/clouds/{cloud.uuid}/"
    page.goto(address)
    expect(page.locator("#zw-conn")).to_have_attribute("data-state", "live")
    return page, socket, address


def test_skip_link_comes_first_and_leads_to_the_page(shell):
    page, _socket, _address = shell
    page.keyboard.press("Tab")
    expect(page.locator(".zw-skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_theme_changes_at_once_and_stays(shell):
    page, _socket, _address = shell
    page.get_by_role("button", name="Theme").click()
    with page.expect_response("**/preferences/"):
        page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(14, 18, 24)")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(14, 18, 24)")


def test_a_menu_moves_by_arrows_and_gives_focus_back(shell):
    page, _socket, _address = shell
    button = page.get_by_role("button", name="Theme")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Light")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Dark")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_letters_lead_to_pages_but_not_out_of_a_field(shell):
    page, _socket, _address = shell
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/hierarchy/")
    page.locator("#hier-filter").focus()
    page.keyboard.type("go")
    expect(page.locator("#hier-filter")).to_have_value("go")
    assert page.url.endswith("/hierarchy/")


def test_letters_can_be_turned_off(shell):
    page, _socket, address = shell
    page.keyboard.press("?")
    switch = page.get_by_role("checkbox", name="Single letters work outside fields")
    expect(switch).to_be_checked()
    with page.expect_response("**/preferences/"):
        switch.uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.keyboard.press("?")
    expect(page.locator("#zw-keys")).not_to_be_visible()
    assert page.url.endswith(address)
    page.keyboard.press("Control+k")
    expect(page.locator("#zw-palette")).to_be_visible()


def test_palette_finds_a_host_and_opens_it(shell, small_cloud):
    page, _socket, _address = shell
    host = small_cloud.hosts[2]
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search or jump to")
    expect(box).to_be_focused()
    box.fill(host.name)
    row = page.get_by_role("option").filter(has_text=host.name).first
    expect(row).to_be_visible()
    while row.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/hosts/{host.uuid}/")


def test_palette_narrows_to_pages_and_gives_focus_back(shell):
    page, _socket, _address = shell
    opener = page.locator("[data-zw-palette]")
    opener.click()
    page.get_by_role("combobox").fill("> capa")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_markup_in_a_name_stays_text_in_the_palette(shell, small_cloud):
    page, _socket, _address = shell
    name = "<img src=x onerror=alert(1)>"
    type(small_cloud.hosts[0]).objects.filter(pk=small_cloud.hosts[0].pk).update(name=name)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("onerror")
    expect(page.get_by_role("option").filter(has_text=name).first).to_be_visible()
    assert page.locator("#zw-palette img").count() == 0


def test_offline_is_said_and_missed_events_are_asked_for(shell, cloud):
    page, socket, _address = shell
    socket.event(41, f"cloud.{cloud.uuid}", "hosts.changed", kind="hosts")
    socket.answers = False
    socket.routes[-1].close()
    expect(page.locator("#zw-conn")).to_have_attribute("data-state", "offline")
    expect(page.locator("#zw-conn-text")).to_have_text(re.compile(r"^Offline 0:\d\d$"))
    socket.answers = True
    expect(page.locator("#zw-conn")).to_have_attribute("data-state", "live", timeout=15_000)
    assert socket.asked[-1]["after"] == 41
    assert f"cloud.{cloud.uuid}" in socket.asked[-1]["subscribe"]


def test_an_event_that_comes_twice_is_handed_out_once(shell, cloud):
    page, socket, _address = shell
    page.evaluate(
        "() => { window.heard = []; document.addEventListener('zw:live', (e) => window.heard.push(e.detail.seq)); }"
    )
    for seq in (7, 8, 7, 6, 8):
        socket.event(seq, f"cloud.{cloud.uuid}", "x.changed")
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.heard") == [7, 8, 6]


def test_paused_keeps_events_until_the_person_goes_on(shell, cloud):
    page, socket, _address = shell
    page.evaluate("() => { window.heard = 0; document.addEventListener('zw:live', () => window.heard++); }")
    page.keyboard.press("p")
    for seq in range(1, 13):
        socket.event(seq, f"cloud.{cloud.uuid}", "x.changed")
    expect(page.locator("#zw-conn-text")).to_have_text("Paused by you, 12 new")
    assert page.evaluate("() => window.heard") == 0
    page.keyboard.press("p")
    expect(page.locator("#zw-conn")).to_have_attribute("data-state", "live")
    assert page.evaluate("() => window.heard") == 12


def test_a_flood_is_worked_off_and_counted_down(shell, cloud):
    page, socket, _address = shell
    topic = f"cloud.{cloud.uuid}"
    socket.send(
        {"events": [{"seq": seq, "topic": topic, "kind": "x", "payload": {}} for seq in range(1, 401)], "at": 400}
    )
    expect(page.locator("#zw-conn-text")).to_have_text(re.compile(r"^Catching up, \d+$"))
    expect(page.locator("#zw-conn-text")).to_have_text("Live")


def test_a_failing_part_takes_only_its_own_card(shell, cloud, complaints):
    page, socket, _address = shell
    complaints.expect("500")
    page.route(
        "**/?part=changes", lambda route: route.fulfill(status=500, headers={"X-Request-Id": "req-71d09c3e"}, body="no")
    )
    socket.event(5, f"cloud.{cloud.uuid}", "hosts.changed", kind="hosts", change="changed", uuid="x")
    card = page.locator("#overview-changes")
    expect(card.get_by_role("alert")).to_contain_text("This part could not be made.")
    expect(card.get_by_role("alert")).to_contain_text("req-71d09c3e")
    expect(card.get_by_role("heading", name="Recent changes")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(1)
    page.unroute("**/?part=changes")
    card.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_no_page_scrolls_sideways(width, dark, page_as, admin, cloud):
    page = page_as(admin, width=width, height=800, dark=dark)
    Socket(page)
    for path in ("", "hierarchy/", "hierarchy/?view=heat"):
        page.goto(f"/clouds/{cloud.uuid}/{path}")
        page.wait_for_load_state("load")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, path


def test_the_phone_has_a_tab_bar_and_the_rest_behind_more(page_as, admin, cloud):
    page = page_as(admin, width=390, height=844)
    Socket(page)
    page.goto(f"/clouds/{cloud.uuid}/")
    bar = page.get_by_role("navigation", name="Main pages")
    expect(bar.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    bar.get_by_role("button", name="More").click()
    expect(page.locator("#zw-side").get_by_role("link", name="Audit trail")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#zw-side")).not_to_be_visible()
