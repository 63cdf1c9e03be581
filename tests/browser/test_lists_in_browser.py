"""Lists and pages of objects in a browser: within the strict CSP, by keyboard and pointer, down to 390 px."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from provisioning.accounts.models import User
from tests import factories
from tests.factories import SmallCloud

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = "<img src=x onerror=alert(1)><script>document.title='owned'</script>"


@pytest.fixture
def page(page_as: Callable[..., Page], operator: User, complaints: Any) -> Page:
    complaints.expect("/ws/live/")  # this server has no websocket
    return page_as(operator)


def hosts(small_cloud: SmallCloud, query: str = "") -> str:
    return reverse("inventory:list", args=[small_cloud.cloud.uuid, "hosts"]) + query


def names(page: Page) -> list[str]:
    return page.locator("[data-zw-rows] tbody th a").all_inner_texts()


def test_filter_sort_and_search_change_the_address_and_the_back_button_undoes_them(
    page: Page, small_cloud: SmallCloud
) -> None:
    host = small_cloud.hosts[2]
    host.state = "Down"
    host.save()
    page.goto(hosts(small_cloud))
    expect(page.locator("[data-zw-rows] tbody tr")).to_have_count(4)
    page.get_by_role("link", name="Down 1").click()
    expect(page.locator("[data-zw-rows] tbody tr")).to_have_count(1)
    assert "state=Down" in page.url
    page.go_back()
    expect(page.locator("[data-zw-rows] tbody tr")).to_have_count(4)
    page.get_by_role("link", name="Name").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Name")
    assert names(page) == [f"SimulatedAgent.{number}" for number in (3, 2, 1, 0)]
    field = page.get_by_role("searchbox")
    field.click()
    field.press_sequentially("agent.1")
    expect(page.locator("[data-zw-rows] tbody tr")).to_have_count(1)
    expect(field).to_be_focused()
    expect(field).to_have_value("agent.1")
    assert "q=agent.1" in page.url and "sort=-name" in page.url
    page.reload()
    assert names(page) == ["SimulatedAgent.1"]
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("[data-zw-rows] tbody tr")).to_have_count(4)


def test_a_filter_s_menu_is_fetched_when_it_is_opened(page: Page, small_cloud: SmallCloud) -> None:
    page.goto(hosts(small_cloud))
    page.get_by_role("button", name="Zone any").click()
    page.get_by_role("link", name="Sandbox-simulator", exact=True).and_(page.locator(".zw-menu a")).click()
    expect(page.locator(".zw-chip--set")).to_contain_text("Sandbox-simulator")
    assert f"zone={small_cloud.zone.uuid}" in page.url
    page.get_by_role("link", name="Clear the filter Zone").click()
    expect(page.locator(".zw-chip--set")).to_have_count(0)


def test_columns_are_chosen_and_kept(page: Page, small_cloud: SmallCloud) -> None:
    page.goto(hosts(small_cloud))
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Agent version").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Agent version")).to_be_visible()
    page.goto(hosts(small_cloud))
    expect(page.get_by_role("columnheader", name="Agent version")).to_be_visible()


def test_new_rows_wait_until_they_are_asked_for(page: Page, small_cloud: SmallCloud) -> None:
    page.goto(hosts(small_cloud))
    page.locator("[data-zw-rows] tbody tr").first.wait_for()
    page.locator("[data-zw-rows] tbody tr").first.hover()
    factories.make(type(small_cloud.hosts[0]), small_cloud.cloud, "AAA-first", zone=small_cloud.zone, state="Up")
    page.evaluate(
        """topic => { for (const uuid of ["a", "b", "a"]) document.dispatchEvent(new CustomEvent("zw:live", {detail:
        {seq: 1, topic: topic, kind: "hosts.created", payload: {kind: "hosts", uuid: uuid, change: "created"}}}));
        document.dispatchEvent(new CustomEvent("zw:live", {detail:
        {seq: 2, topic: topic, kind: "volumes.created", payload: {kind: "volumes", uuid: "c"}}})); }""",
        f"cloud.{small_cloud.cloud.uuid}",
    )
    chip = page.locator("[data-zw-new]")
    expect(chip).to_have_text("2 changed")
    assert names(page)[0] == "SimulatedAgent.0", "nothing moved"
    chip.click()
    expect(page.locator("[data-zw-rows] tbody th a").first).to_have_text("AAA-first")
    expect(page.locator("[data-zw-new]")).to_be_hidden()
    assert page.locator("h1").inner_text().startswith(f"{len(names(page))} "), "the title counts the same rows"


def test_a_list_that_nobody_touches_follows_by_itself(page: Page, small_cloud: SmallCloud) -> None:
    page.goto(hosts(small_cloud))
    page.locator("[data-zw-rows] tbody tr").first.wait_for()
    factories.make(type(small_cloud.hosts[0]), small_cloud.cloud, "AAA-first", zone=small_cloud.zone, state="Down")
    page.mouse.move(0, 0)
    page.evaluate(
        """topic => document.dispatchEvent(new CustomEvent("zw:live", {detail: {seq: 1, topic: topic,
        kind: "hosts.created", payload: {kind: "hosts", uuid: "a", change: "created"}}}))""",
        f"cloud.{small_cloud.cloud.uuid}",
    )
    expect(page.locator("[data-zw-rows] tbody th a").first).to_have_text("AAA-first", timeout=15_000)
    assert page.locator("h1").inner_text().startswith(f"{len(names(page))} ")


def test_rows_by_key(page: Page, small_cloud: SmallCloud) -> None:
    page.goto(hosts(small_cloud))
    page.locator("[data-zw-rows] tbody tr").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor th a")).to_have_text("SimulatedAgent.1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("SimulatedAgent.1")


@pytest.mark.parametrize("dark", [False, True])
def test_every_kind_of_page_is_drawn_within_the_csp(
    page_as: Callable[..., Page], operator: User, small_cloud: SmallCloud, complaints: Any, dark: bool
) -> None:
    complaints.expect("/ws/live/")
    page = page_as(operator, dark=dark)
    factories.add_instance(small_cloud, "acme-dev", EVIL, tags={EVIL: EVIL})
    base = f"/clouds/{small_cloud.cloud.uuid}"
    vm = small_cloud.instances[-1]
    for path in (f"{base}/instances/", f"{base}/instances/{vm.uuid}/", f"{base}/instances/{vm.uuid}/?tab=volumes",
                 f"{base}/segments/", f"{base}/jobs/", f"{base}/changes/", f"{base}/hosts/?zone=nonsense"):  # fmt: skip
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.title() != "owned"
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440, path


def test_on_a_phone_the_name_stays_and_the_page_does_not_scroll_sideways(
    page_as: Callable[..., Page], operator: User, small_cloud: SmallCloud, complaints: Any
) -> None:
    complaints.expect("/ws/live/")
    page = page_as(operator, width=390, height=844)
    base = f"/clouds/{small_cloud.cloud.uuid}"
    host = small_cloud.hosts[0]
    for path in (f"{base}/hosts/{host.uuid}/", f"{base}/hosts/{host.uuid}/?tab=instances", f"{base}/segments/",
                 f"{base}/hosts/"):  # fmt: skip
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    name = page.locator("[data-zw-rows] tbody th").first
    before = name.bounding_box()
    page.locator(".zw-table-wrap").evaluate("element => { element.scrollLeft = 300; }")
    after = name.bounding_box()
    assert before is not None and after is not None and abs(before["x"] - after["x"]) < 1


def test_the_api_s_description_is_drawn_without_anything_from_elsewhere(
    page: Page, small_cloud: SmallCloud, live_server: Any
) -> None:
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: None if request.url.startswith((live_server.url, "data:")) else elsewhere.append(request.url),
    )
    page.goto("/api/v1/docs/")
    expect(page.locator(".opblock").first).to_be_visible(timeout=30_000)
    assert page.locator(".opblock").count() > 90
    assert elsewhere == []
