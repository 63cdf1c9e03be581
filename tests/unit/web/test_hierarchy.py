"""Hierarchy: one selection everywhere, nothing drawn twice or left out, a constant number of queries."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.web.inventory import hierarchy_graph, hierarchy_map, hierarchy_tree
from portal.web.inventory.hierarchy_frame import read_frame
from provisioning.inventory import models as m
from tests import factories

pytestmark = pytest.mark.django_db
CELL = re.compile(r'<b role="gridcell" tabindex="-1" class="([^"]*)" data-node="([^"]+)" aria-label="([^"]*)">')


@pytest.fixture
def big(db):
    return factories.large_cloud(hosts=200, instances=40)


def get(client, cloud, **params):
    return client.get(reverse("inventory:hierarchy", args=[cloud.uuid]), params)


def cells(html: str) -> dict[str, tuple[str, str]]:
    return {node: (css, label) for css, node, label in CELL.findall(html)}


def nodes(node: hierarchy_tree.Node) -> list[hierarchy_tree.Node]:
    return [node] + [below for child in node.children or () for below in nodes(child)]


def test_every_host_is_one_cell_and_the_dead_one_is_marked(big, admin, client_of):
    m.Host.objects.filter(pk=big.hosts[10].pk).update(state="Down")
    found = cells(get(client_of(admin), big.cloud).content.decode())
    assert len(found) == m.Host.objects.filter(cloud=big.cloud).count() == 200
    css, label = found[f"hosts.{big.hosts[10].uuid}"]
    assert css == "bad" and label.startswith(f"{big.hosts[10].name}, Down, Memory ")


def test_state_wins_over_shade_and_maintenance_over_up(big, admin):
    m.Host.objects.filter(pk=big.hosts[5].pk).update(resource_state="Maintenance")
    m.Host.objects.filter(pk=big.hosts[6].pk).update(state="")
    m.Host.objects.filter(pk=big.hosts[7].pk).update(memory_allocated_bytes=None)
    found = hierarchy_map.cells(admin, big.cloud, [host.uuid for host in big.hosts[5:8]], "memory")
    assert [found[f"hosts.{host.uuid}"].css for host in big.hosts[5:8]] == ["held", "neutral", "q0"]
    assert "unknown" in found[f"hosts.{big.hosts[7].uuid}"].label


@pytest.mark.parametrize(
    ("fraction", "step"),
    [(0, "q1"), (0.1999, "q1"), (0.2, "q2"), (0.45, "q3"), (0.65, "q4"), (0.85, "q5"), (1.4, "q5")],
)
def test_steps_of_the_quantity_scale(fraction, step):
    assert hierarchy_map._step(fraction, hierarchy_map.FRACTION_STEPS) == step


@pytest.mark.parametrize("shade", list(hierarchy_map.SHADES))
def test_each_shade_draws_every_host(shade, big, admin, client_of):
    html = get(client_of(admin), big.cloud, shade=shade).content.decode()
    assert len(cells(html)) == 200
    assert f'data-shade="{shade}"' in html


def test_instances_of_a_host_are_counted_in_its_cell(big, admin):
    host = big.hosts[0]
    number = m.Instance.objects.filter(host=host).count()
    cell = hierarchy_map.cells(admin, big.cloud, [host.uuid], "instances")[f"hosts.{host.uuid}"]
    assert number and f"{number} instances" in cell.label


def test_a_host_without_a_cluster_is_still_drawn_and_counted(big, admin):
    m.Host.objects.filter(pk=big.hosts[9].pk).update(cluster=None)
    m.Host.objects.filter(pk=big.hosts[8].pk).update(cluster=None, pod=None)
    frame = read_frame(admin, big.cloud)
    drawn = hierarchy_map.heat_map(admin, frame, None, "memory")
    keys = [cell.key for zone in drawn.zones for band in zone.bands for block in band.blocks for cell in block.cells]
    assert len(keys) == len(set(keys)) == 200 == frame.hosts
    assert {f"hosts.{big.hosts[8].uuid}", f"hosts.{big.hosts[9].uuid}"} <= set(keys)


def test_gone_hosts_are_in_no_picture(big, admin, client_of):
    m.Host.objects.filter(pk=big.hosts[3].pk).update(gone_at=timezone.now())
    found = cells(get(client_of(admin), big.cloud).content.decode())
    assert len(found) == 199 and f"hosts.{big.hosts[3].uuid}" not in found


def test_above_five_thousand_a_cell_is_a_cluster(big, admin, monkeypatch):
    monkeypatch.setattr(hierarchy_map, "CELL_IS_CLUSTER_ABOVE", 150)
    m.Host.objects.filter(pk=big.hosts[10].pk).update(state="Down")
    frame = read_frame(admin, big.cloud)
    drawn = hierarchy_map.heat_map(admin, frame, None, "memory")
    found = {
        cell.key: cell for zone in drawn.zones for band in zone.bands for block in band.blocks for cell in block.cells
    }
    assert drawn.cell_is_cluster
    assert set(found) == {place.key for place in frame.clusters() if place.hosts}
    assert found[f"clusters.{big.hosts[10].cluster.uuid}"].css == "bad"
    assert "1 Down" in found[f"clusters.{big.hosts[10].cluster.uuid}"].label


def test_the_address_holds_the_selection(big, admin, client_of):
    host = big.hosts[50]
    html = get(client_of(admin), big.cloud, sel=f"hosts.{host.uuid}").content.decode()
    row = html.partition(f'id="t-hosts.{host.uuid}"')[2].partition(">")[0]
    assert 'aria-selected="true"' in row
    assert html.count('aria-selected="true"') == 1
    assert f'data-name="{host.name}"' in html and "has-drawer" in html
    for place in (host.cluster, host.pod, host.zone):
        kind = type(place).__name__.lower() + "s"
        row = html.partition(f'id="t-{kind}.{place.uuid}"')[2].partition(">")[0]
        assert 'aria-expanded="true"' in row


def test_a_folded_row_says_what_trouble_it_hides(big, admin):
    m.Host.objects.filter(pk__in=[big.hosts[10].pk, big.hosts[11].pk]).update(state="Down")
    m.Host.objects.filter(pk=big.hosts[30].pk).update(state="Alert")
    m.Host.objects.filter(pk=big.hosts[40].pk).update(resource_state="Maintenance")
    root = hierarchy_tree.tree(admin, read_frame(admin, big.cloud), "", "", set())
    by_key = {node.key: node for node in nodes(root)}
    zone = by_key[f"zones.{big.zone.uuid}"]
    assert [(group, number) for group, _icon, number in zone.badges] == [("bad", 2), ("attention", 1)]
    held = by_key[f"clusters.{big.hosts[40].cluster.uuid}"]
    if held.key != f"clusters.{big.hosts[30].cluster.uuid}":
        assert [(group, number) for group, _icon, number in held.badges] == [("held", 1)]


def test_a_small_cloud_is_open_at_once_and_a_large_one_is_not(small_cloud, big, admin):
    small = nodes(hierarchy_tree.tree(admin, read_frame(admin, small_cloud.cloud), "", "", set()))
    assert {f"hosts.{host.uuid}" for host in small_cloud.hosts} <= {node.key for node in small}
    assert {f"system-vms.{vm.uuid}" for vm in small_cloud.system_vms} <= {node.key for node in small}
    large = nodes(hierarchy_tree.tree(admin, read_frame(admin, big.cloud), "", "", set()))
    assert not [node for node in large if node.key.startswith("hosts.")]
    assert all(
        node.lazy
        for node in large
        if node.key.startswith("clusters.") and node.children is not None and node.count != "0"
    )


def test_children_come_when_asked_for(big, admin, client_of):
    cluster = big.hosts[50].cluster
    html = get(client_of(admin), big.cloud, part="children", node=f"clusters.{cluster.uuid}", level=5).content.decode()
    assert html.count('role="treeitem"') == m.Host.objects.filter(cluster=cluster).count()
    assert html.count('aria-level="5"') == html.count('role="treeitem"')
    group = get(
        client_of(admin), big.cloud, part="children", node=f"zones.{big.zone.uuid}.storage-pools"
    ).content.decode()
    assert "PS0" in group


def test_filter_finds_what_was_never_unfolded(big, admin, client_of):
    html = get(client_of(admin), big.cloud, part="search", q="host-0101").content.decode()
    assert html.count('role="treeitem"') == 1 and "host-0101" in html
    assert "Nothing here is called" in get(client_of(admin), big.cloud, part="search", q="<b>nope").content.decode()


def test_the_drawer_shows_both_states_and_what_is_wrong(small_cloud, admin, client_of):
    from monitoring.health.evaluation import evaluate

    host = small_cloud.hosts[0]
    m.Host.objects.filter(pk=host.pk).update(state="Down")
    m.Cloud.objects.update(last_complete_sync_at=timezone.now())
    small_cloud.cloud.refresh_from_db()
    evaluate(small_cloud.cloud)
    html = get(client_of(admin), small_cloud.cloud, part="drawer", sel=f"hosts.{host.uuid}").content.decode()
    assert ">Down</span>" in html and ">Enabled</span>" in html
    assert f"Host {host.name} is Down." in html
    assert reverse("inventory:detail", args=[small_cloud.cloud.uuid, "hosts", host.uuid]) in html


@pytest.mark.parametrize("kind", sorted(hierarchy_tree.SELECTABLE))
def test_every_kind_of_the_tree_has_a_drawer(kind, small_cloud, admin, client_of):
    from provisioning.inventory.kinds import KINDS

    obj = KINDS[kind].model.objects.filter(cloud=small_cloud.cloud).first()
    html = get(client_of(admin), small_cloud.cloud, part="drawer", sel=f"{kind}.{obj.uuid}").content.decode()
    assert obj.name in html and obj.cloudstack_id in html


def test_a_drawer_of_nothing_says_so(small_cloud, admin, client_of):
    other = factories.small_cloud("Other")
    for sel in (f"hosts.{uuid.uuid4()}", f"hosts.{other.hosts[0].uuid}", "hosts.../../x", "accounts.1"):
        answer = get(client_of(admin), small_cloud.cloud, part="drawer", sel=sel)
        assert answer.status_code == 200 and "Nothing is selected" in answer.content.decode()


def test_cells_and_badges_for_a_page_that_heard_of_a_change(big, admin, client_of):
    host, other = big.hosts[12], factories.small_cloud("Other").hosts[0]
    m.Host.objects.filter(pk=host.pk).update(state="Down")
    answer = get(client_of(admin), big.cloud, part="cells", hosts=f"{host.uuid},nonsense,{other.uuid}")
    found = json.loads(answer.content)
    assert list(found["cells"]) == [f"hosts.{host.uuid}"] and found["cells"][f"hosts.{host.uuid}"][0] == "bad"
    assert found["badges"][f"clusters.{host.cluster.uuid}"] == [["bad", "circle-x", 1]]


def test_the_graph_holds_every_object_once_and_nothing_overlaps(small_cloud, admin):
    (graph,) = hierarchy_graph.graphs(admin, read_frame(admin, small_cloud.cloud), None)
    keys = [node.key for node in graph.nodes]
    wanted = {f"hosts.{host.uuid}" for host in small_cloud.hosts} | {
        f"system-vms.{vm.uuid}" for vm in small_cloud.system_vms
    }
    wanted |= {f"storage-pools.{small_cloud.pool.uuid}", f"image-stores.{small_cloud.image_store.uuid}"}
    assert len(keys) == len(set(keys)) and set(keys) == wanted
    no_overlap(graph)


@pytest.mark.parametrize(
    ("clusters", "hosts", "pools"), [(1, 1, 0), (1, 12, 3), (5, 3, 2), (9, 6, 1), (3, 20, 0), (2, 0, 1)]
)
def test_no_two_nodes_overlap_in_any_graph(clusters, hosts, pools, admin):
    cloud = factories.make_cloud("Graph")
    zone = factories.make(m.Zone, cloud, "Z", state="Enabled")
    pod = factories.make(m.Pod, cloud, "P", zone=zone, state="Enabled")
    for number in range(clusters):
        place = {
            "zone": zone,
            "pod": pod,
            "cluster": factories.make(m.Cluster, cloud, f"C{number}", zone=zone, pod=pod, state="Enabled"),
        }
        for index in range(hosts):
            factories.make(m.Host, cloud, f"h{number}-{index}", **factories.host_fields(index, place))
        for index in range(pools):
            factories.make(m.StoragePool, cloud, f"PS{number}-{index}", **place, state="Up")
    factories.make(m.StoragePool, cloud, "zone-wide", zone=zone, state="Up")
    factories.make(m.SystemVm, cloud, "s-1-VM", zone=zone, state="Running")
    (graph,) = hierarchy_graph.graphs(admin, read_frame(admin, cloud), None)
    assert len(graph.nodes) == clusters * (hosts + pools) + 2
    no_overlap(graph)


def no_overlap(graph: hierarchy_graph.ZoneGraph) -> None:
    for index, one in enumerate(graph.nodes):
        assert one.x >= 0 and one.y >= 0
        assert one.x + hierarchy_graph.NODE_W <= graph.w and one.y + hierarchy_graph.NODE_H <= graph.h
        for other in graph.nodes[index + 1 :]:
            apart = abs(one.x - other.x) >= hierarchy_graph.NODE_W or abs(one.y - other.y) >= hierarchy_graph.NODE_H
            assert apart, (one.name, other.name)


@pytest.mark.parametrize("kind", ["zones", "pods", "clusters"])
def test_the_table_view_has_the_same_hosts(kind, big, admin, client_of):
    cluster = big.hosts[50].cluster
    place = {"zones": big.zone, "pods": cluster.pod, "clusters": cluster}[kind]
    client = client_of(admin)
    html = get(client, big.cloud, at=f"{kind}.{place.uuid}", view="heat").content.decode()
    address = re.search(r'href="([^"]+)" data-view="table"', html)
    assert address is not None
    table = client.get(address[1].replace("&amp;", "&")).content.decode()
    assert re.search(rf"\b{len(cells(html))}\s+found", re.sub(r"<[^>]+>", " ", table))


def test_image_stores_are_judged_by_whether_they_can_be_written(small_cloud, admin):
    m.ImageStore.objects.filter(pk=small_cloud.image_store.pk).update(state="", is_readonly=False)
    frame = read_frame(admin, small_cloud.cloud)
    by_key = {node.key: node for node in nodes(hierarchy_tree.tree(admin, frame, "", "", set()))}
    assert not by_key[f"zones.{small_cloud.zone.uuid}.image-stores"].badges
    m.ImageStore.objects.filter(pk=small_cloud.image_store.pk).update(is_readonly=True)
    by_key = {node.key: node for node in nodes(hierarchy_tree.tree(admin, frame, "", "", set()))}
    assert [badge[0] for badge in by_key[f"zones.{small_cloud.zone.uuid}.image-stores"].badges] == ["held"]


def test_a_graph_of_too_many_hosts_is_not_offered(big, admin, client_of):
    html = get(client_of(admin), big.cloud, view="graph").content.decode()
    assert 'id="hier-map"' in html and "for up to 60 hosts" in html


@pytest.mark.parametrize(
    "params", [{"at": "zones.x"}, {"sel": "'><script>"}, {"view": "x", "shade": "y"}, {"at": "hosts.1"}]
)
def test_nonsense_in_the_address_shows_the_whole_cloud(params, small_cloud, admin, client_of):
    answer = get(client_of(admin), small_cloud.cloud, **params)
    assert answer.status_code == 200 and "<script>" not in answer.content.decode()


@pytest.mark.parametrize("params", [{"part": "x"}, {"part": "children", "node": "zones"}, {"part": "children"}])
def test_parts_that_are_not_there(params, small_cloud, admin, client_of):
    assert get(client_of(admin), small_cloud.cloud, **params).status_code == 404


def test_empty_clouds_say_what_is_missing(admin, client_of):
    unread = factories.make_cloud("Unread", last_complete_sync_at=None)
    assert "Nothing was read yet" in get(client_of(admin), unread).content.decode()
    bare = factories.make_cloud("Bare")
    assert "This cloud has no zone yet" in get(client_of(admin), bare).content.decode()
    zone = factories.make(m.Zone, bare, "Z", state="Enabled")
    html = get(client_of(admin), bare, view="heat", at=f"zones.{zone.uuid}").content.decode()
    assert "This zone has no pod yet" in html


@pytest.mark.parametrize("sel", [False, True])
@pytest.mark.parametrize("view", ["heat", "graph"])
def test_queries_are_the_same_for_4_hosts_and_for_1000(view, sel, admin, client_of, django_assert_max_num_queries):
    small, large = factories.small_cloud("Four"), factories.large_cloud(hosts=1000, instances=4, name="Thousand")
    client = client_of(admin)
    params = {"view": view}
    get(client, small.cloud, **params)
    with django_assert_max_num_queries(100) as few:
        get(client, small.cloud, **params, **({"sel": f"hosts.{small.hosts[0].uuid}"} if sel else {}))
    with django_assert_max_num_queries(len(few)):
        answer = get(client, large.cloud, **params, **({"sel": f"hosts.{large.hosts[500].uuid}"} if sel else {}))
    assert len(cells(answer.content.decode())) == 1000
