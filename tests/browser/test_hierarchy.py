"""Hierarchy by keyboard and live, at 4 and at 200 hosts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from provisioning.inventory import models as m
from tests import factories
from tests.browser.test_shell import Socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def big(db: None) -> factories.SmallCloud:
    return factories.large_cloud(hosts=200, instances=4)


def opened(page: Page, cloud: m.Cloud, query: str = "") -> Socket:
    socket = Socket(page)
    page.goto(f"/clouds/{cloud.uuid}/hierarchy/{query}")
    expect(page.locator("#zw-conn")).to_have_attribute("data-state", "live")
    return socket


def cell(page: Page, host: m.Host) -> Any:
    return page.locator(f"b[data-node='hosts.{host.uuid}']")


def row(page: Page, name: str) -> Any:
    return page.locator(f"#hier-tree [role=treeitem][data-name='{name}']")


def test_tree_folds_finds_and_selects_by_keyboard(page_as: Callable[..., Page], admin: Any, big: factories.SmallCloud):
    page = page_as(admin)
    opened(page, big.cloud)
    page.locator("#hier-tree [tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    expect(row(page, "Sandbox-simulator")).to_be_focused()
    page.keyboard.type("POD2")
    expect(row(page, "POD2")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    cluster = page.locator("[role=treeitem]:focus")
    expect(cluster).to_have_attribute("aria-level", "4")
    page.keyboard.press("ArrowRight")
    expect(cluster.locator("[role=treeitem]").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    host = page.locator("[role=treeitem]:focus")
    expect(host).to_have_attribute("aria-level", "5")
    name = host.get_attribute("data-name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name=str(name))).to_be_visible()
    assert f"sel={host.get_attribute('data-node')}" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#hier-drawer")).not_to_be_visible()
    assert "sel=" not in page.url
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[role=treeitem]:focus")).to_have_attribute("aria-expanded", "false")


def test_filter_reaches_hosts_that_were_never_unfolded(page_as, admin, big):
    page = page_as(admin)
    opened(page, big.cloud)
    page.keyboard.press("f")
    page.keyboard.type("host-0150")
    expect(page.locator("#hier-matches [role=treeitem]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="host-0150")).to_be_visible()
    page.locator("#hier-filter").press("Escape")
    expect(page.locator("#hier-tree")).to_be_visible()


def test_heat_map_has_one_tab_stop_and_arrows_move(page_as, admin, big):
    page = page_as(admin)
    opened(page, big.cloud)
    cells = page.locator("#hier-map [role=gridcell]")
    expect(cells).to_have_count(200)
    expect(page.locator("#hier-map [role=gridcell][tabindex='0']")).to_have_count(1)
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    expect(cells.nth(1)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(cells.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    chosen = page.locator("#hier-map .is-selected[role=gridcell]")
    expect(chosen).to_have_count(1)
    host = m.Host.objects.get(uuid=str(chosen.get_attribute("data-node")).split(".")[1])
    expect(page.get_by_role("complementary", name=host.name)).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/hosts/{host.uuid}/")


def test_the_address_opens_the_same_selection_and_back_undoes_it(page_as, admin, big):
    page, host = page_as(admin), big.hosts[120]
    opened(page, big.cloud, f"?sel=hosts.{host.uuid}")
    expect(page.get_by_role("complementary", name=host.name)).to_be_visible()
    expect(row(page, host.name)).to_have_attribute("aria-selected", "true")
    expect(cell(page, host)).to_have_class(re.compile("is-selected"))
    cell(page, big.hosts[10]).click()
    expect(page.get_by_role("complementary", name=big.hosts[10].name)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("complementary", name=host.name)).to_be_visible()


def test_a_cell_flips_when_its_host_goes_down(page_as, admin, big):
    page, host = page_as(admin), big.hosts[33]
    socket = opened(page, big.cloud)
    expect(cell(page, host)).not_to_have_class(re.compile("bad"))
    cell(page, big.hosts[34]).focus()
    m.Host.objects.filter(pk=host.pk).update(state="Down")
    socket.event(3, f"cloud.{big.cloud.uuid}", "hosts.changed", kind="hosts", uuid=str(host.uuid), change="changed")
    expect(cell(page, host)).to_have_class(re.compile("bad"))
    expect(cell(page, host)).to_have_attribute("aria-label", re.compile(", Down, "))
    # Nothing else moved: focus stays where it was.
    expect(cell(page, big.hosts[34])).to_be_focused()
    badge = page.locator(f"[id='t-clusters.{host.cluster.uuid}'] > .zw-tree-row .zw-state--bad")
    expect(badge).to_have_text("1")


def test_a_new_host_appears_and_the_open_rows_stay_open(page_as, admin, big):
    page = page_as(admin)
    socket = opened(page, big.cloud)
    expect(page.locator("#hier-map [role=gridcell]")).to_have_count(200)
    place = {"zone": big.zone, "pod": big.hosts[50].pod, "cluster": big.hosts[50].cluster}
    new = factories.make(m.Host, big.cloud, "brand-new", **factories.host_fields(3, place))
    socket.event(4, f"cloud.{big.cloud.uuid}", "hosts.created", kind="hosts", uuid=str(new.uuid), change="created")
    expect(page.locator("#hier-map [role=gridcell]")).to_have_count(201)
    expect(row(page, "Sandbox-simulator")).to_have_attribute("aria-expanded", "true")


def test_only_one_state_is_shown_when_asked(page_as, admin, big):
    m.Host.objects.filter(pk__in=[host.pk for host in big.hosts[20:23]]).update(state="Down")
    page = page_as(admin)
    opened(page, big.cloud)
    page.get_by_role("button", name=re.compile("Down 3")).click()
    expect(page.locator("#hier-map .is-match")).to_have_count(3)
    page.get_by_role("button", name=re.compile("Down 3")).click()
    expect(page.locator("#hier-map .is-match")).to_have_count(0)


def test_a_small_zone_is_a_graph_whose_nodes_open_the_drawer(page_as, admin, small_cloud):
    page = page_as(admin)
    opened(page, small_cloud.cloud)
    vm = small_cloud.system_vms[0]
    page.locator(f".zw-graph-node[data-node='system-vms.{vm.uuid}']").click()
    expect(page.get_by_role("complementary", name=vm.name)).to_be_visible()
    expect(row(page, vm.name)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Heat map").click()
    expect(page.locator("#hier-map [role=gridcell]")).to_have_count(4)


def test_a_drawer_that_does_not_load_says_so_with_its_request_id(page_as, admin, small_cloud, complaints):
    complaints.expect("500")
    page = page_as(admin)
    opened(page, small_cloud.cloud)
    page.route("**part=drawer**", lambda route: route.fulfill(status=500, headers={"X-Request-Id": "req-1"}, body=""))
    page.locator(".zw-graph-node").first.click()
    expect(page.locator("#hier-drawer [role=alert]")).to_contain_text("req-1")
    expect(page.locator(".zw-graph-node").first).to_be_visible()
