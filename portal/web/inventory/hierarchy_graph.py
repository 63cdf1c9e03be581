"""The graph of a small zone: boxes in boxes, drawn as SVG by the server, so that it needs no script, takes the page's
fonts and colours, and every node is a link. All lengths are CSS pixels. Five queries, whatever the number of zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from portal.web import figures
from portal.web.inventory.hierarchy_frame import Frame, Place
from portal.web.inventory.overview_zones import host_group
from provisioning.accounts.models import User
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Host, ImageStore, StoragePool, SystemVm

MOST_HOSTS = 60
NODE_W, NODE_H, GAP, PAD, TITLE = 204, 66, 14, 18, 30
# A pod's clusters wrap beyond this width.
WIDEST = 1000
VM_TYPES = {"consoleproxy": _lazy("Console proxy"), "secondarystoragevm": _lazy("Secondary storage")}


@dataclass
class Box:
    x: float
    y: float
    w: float
    h: float
    label: str
    key: str
    level: str

    @property
    def middle(self) -> float:
        return self.x + self.w / 2

    @property
    def label_y(self) -> float:
        return self.y - 9


@dataclass
class GraphNode:
    key: str
    name: str
    full_name: str
    text: str
    group: str
    icon: str
    fraction: float | None = None
    x: float = 0
    y: float = 0
    said: str = ""

    @property
    def fill_w(self) -> float:
        return round(min(max(self.fraction or 0, 0), 1) * (NODE_W - 20), 1)


@dataclass
class ZoneGraph:
    place: Place
    label: str
    boxes: list[Box] = field(default_factory=list)
    nodes: list[GraphNode] = field(default_factory=list)
    lines: list[tuple[float, float, float]] = field(default_factory=list)  # x, from y, to y
    w: float = 0
    h: float = 0


def graphs(user: User, frame: Frame, at: Place | None) -> list[ZoneGraph]:
    """One drawing a zone: of the cloud, or of the zone that `at` is or lies in."""
    zones = frame.zones
    if at is not None:
        zone = at
        while zone.above is not None:
            zone = zone.above
        zones = [zone]
    pks = [zone.pk for zone in zones]
    scope = {"cloud": frame.cloud, "zone_id__in": pks}
    hosts = _by(Host.objects.for_user(user).present().filter(**scope).order_by("name", "id"), ("cluster_id", "zone_id"))
    pools = _by(StoragePool.objects.for_user(user).present().filter(**scope).order_by("name", "id"), ("zone_id",))
    vms = _by(SystemVm.objects.for_user(user).present().filter(**scope).order_by("name", "id"), ("zone_id",))
    stores = _by(ImageStore.objects.for_user(user).present().filter(**scope).order_by("name", "id"), ("zone_id",))
    front = figures.shared_front(host.name for rows in hosts.values() for host in rows)
    return [_zone(zone, hosts, pools, vms, stores, front) for zone in zones]


def trouble(drawn: Sequence[ZoneGraph]) -> list[tuple[str, str, str]]:
    """What is not well besides hosts, as (group, icon, words)."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for graph in drawn:
        for node in graph.nodes:
            kind = node.key.partition(".")[0]
            if kind != "hosts" and node.group in ("bad", "attention"):
                counted[node.group, node.icon, kind, node.said] += 1
    return [
        (group, icon, f"{number} {_lower(KINDS[kind].plural if number > 1 else KINDS[kind].label)}: {said}")
        for (group, icon, kind, said), number in counted.items()
    ]


def _lower(label: object) -> str:
    words = str(label)
    return words[0].lower() + words[1:]


def _by(rows: Any, names: Sequence[str]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        key = tuple(getattr(row, name) for name in names) if len(names) > 1 else getattr(row, names[0])
        found.setdefault(key, []).append(row)
    return found


def _zone(zone: Place, hosts: dict[Any, list[Any]], pools: dict[Any, list[Any]], vms: dict[Any, list[Any]],
          stores: dict[Any, list[Any]], front: int) -> ZoneGraph:  # fmt: skip
    words = [part for part in (zone.network_type, zone.state if zone.state != "Enabled" else "") if part]
    graph = ZoneGraph(zone, " · ".join([_("Zone %(name)s") % {"name": zone.name}, *words]))
    x0, y, right = float(PAD), float(TITLE + 8 + TITLE), 0.0
    homes: dict[int, Box] = {}
    for pod in [place for place in zone.inside if place.kind == "pods"]:
        right, y = _pod(graph, pod, hosts, zone, front, x0, y, right, homes)
    own = hosts.get((None, zone.pk), [])
    if own:
        right, y = _flow(graph, [_host(host, front) for host in own], x0, y, right)
    y = _pools(graph, pools.get(zone.pk, []), homes, x0, y, max(right, x0 + 2 * (NODE_W + PAD) + PAD))
    rest = [_vm(vm) for vm in vms.get(zone.pk, [])] + [_store(store) for store in stores.get(zone.pk, [])]
    if rest:
        wanted = max(right, x0 + PAD + 2 * (NODE_W + 2 * PAD))
        right, y = _flow(graph, rest, x0 + PAD + 17, y + 8, wanted)
    right = max([right, *(node.x + NODE_W + PAD for node in graph.nodes), NODE_W + 2 * PAD])
    graph.boxes.insert(0, Box(1, TITLE, right + PAD, y - TITLE + 4, graph.label, zone.key, "zone"))
    graph.w, graph.h = right + PAD + 2, y + 6
    return graph


def _pod(graph: ZoneGraph, pod: Place, hosts: dict[Any, list[Any]], zone: Place, front: int, x0: float, y: float,
         right: float, homes: dict[int, Box]) -> tuple[float, float]:  # fmt: skip
    top, x, row_h = y, x0 + PAD, 0.0
    y += TITLE
    inner_right = x
    for cluster in pod.inside:
        members = hosts.get((cluster.pk, zone.pk), [])
        columns = 1 if len(members) <= 4 else 2 if len(members) <= 12 else 3
        rows = max(1, ceil(len(members) / columns))
        w = 2 * 17 + columns * NODE_W + (columns - 1) * GAP
        h = 17 + rows * (NODE_H + GAP) - GAP + 17
        if x + w > WIDEST and x > x0 + PAD:
            x, y, row_h = x0 + PAD, y + row_h + TITLE + 4, 0.0
        number = _("%(n)s hosts") % {"n": len(members)} if len(members) != 1 else _("1 host")
        box = Box(x, y, w, h, f"{cluster.name} · {number}", cluster.key, "cluster")
        graph.boxes.append(box)
        homes[cluster.pk] = box
        for index, host in enumerate(members):
            node = _host(host, front)
            node.x = x + 17 + (index % columns) * (NODE_W + GAP)
            node.y = y + 17 + (index // columns) * (NODE_H + GAP)
            graph.nodes.append(node)
        x += w + 22
        inner_right = max(inner_right, x - 22)
        row_h = max(row_h, h)
    bottom = y + row_h + PAD
    graph.boxes.insert(0, Box(x0, top, max(inner_right + PAD - x0, NODE_W), bottom - top, pod.name, pod.key, "pod"))
    return max(right, inner_right + PAD), bottom + TITLE


def _pools(graph: ZoneGraph, pools: Sequence[Any], homes: dict[int, Box], x0: float, y: float, right: float) -> float:
    """Pools of a cluster stand below it, joined by a line, when the clusters stand side by side; else in rows."""
    y -= 4
    beside = len({box.y for box in homes.values()}) == 1
    stacked: dict[int, int] = {}
    loose = []
    start, lowest = y, y
    for pool in pools:
        box = homes.get(pool.cluster_id or 0)
        if box is None or not beside:
            loose.append(_pool(pool))
            continue
        node = _pool(pool)
        place = stacked.get(pool.cluster_id, 0)
        stacked[pool.cluster_id] = place + 1
        node.x, node.y = box.x + 17, start + place * (NODE_H + 10)
        if place == 0:
            graph.lines.append((node.x + NODE_W / 2, box.y + box.h - 17, node.y))
        graph.nodes.append(node)
        lowest = max(lowest, node.y + NODE_H + 18)
    if loose:
        _right, lowest = _flow(graph, loose, x0 + PAD + 17, lowest, right)
    return lowest


def _flow(graph: ZoneGraph, nodes: Sequence[GraphNode], x0: float, y: float, right: float) -> tuple[float, float]:
    x = x0
    step = NODE_W + 2 * 17 + 22
    for node in nodes:
        if x > x0 and x + NODE_W > max(right, x0 + 2 * step - 40):
            x, y = x0, y + NODE_H + 10
        node.x, node.y = x, y
        graph.nodes.append(node)
        x += step
    return right, y + NODE_H + 18


def _host(host: Any, front: int) -> GraphNode:
    group, word, icon = host_group(host.state, host.resource_state)
    used, total = host.memory_allocated_bytes, host.memory_total_bytes
    if used is None or not total:
        text, fraction = _("memory not reported"), None
    else:
        unit = figures.size(total).rsplit(" ", 1)[-1]
        text = _("%(used)s / %(total)s memory") % {
            "used": figures.size(used, unit).rsplit(" ", 1)[0], "total": figures.size(total, unit)}  # fmt: skip
        fraction = used / total
    return GraphNode(f"hosts.{host.uuid}", figures.short_name(host.name, front), host.name, text, group, icon, fraction,
                     said=word)  # fmt: skip


def _pool(pool: Any) -> GraphNode:
    group = figures.state_group(pool.state, "storage-pools")
    total, factor = pool.size_total_bytes, pool.overprovision_factor
    kind = "NFS" if pool.pool_type == "NetworkFilesystem" else pool.pool_type
    parts = [kind, figures.size(total) if total else "", _("factor %(n)s") % {"n": factor} if factor else ""]
    allocated = pool.size_allocated_bytes
    fraction = allocated / (total * (factor or 1)) if allocated is not None and total else None
    return GraphNode(f"storage-pools.{pool.uuid}", figures.short_name(pool.name), pool.name,
                     ", ".join(part for part in parts if part), group, figures.state_icon(pool.state, "storage-pools"),
                     fraction, said=pool.state)  # fmt: skip


def _vm(vm: Any) -> GraphNode:
    group = figures.state_group(vm.state, "system-vms")
    return GraphNode(f"system-vms.{vm.uuid}", figures.short_name(vm.name), vm.name,
                     f"{VM_TYPES.get(vm.vm_type, vm.vm_type)}, {vm.state}", group,
                     figures.state_icon(vm.state, "system-vms"), said=vm.state)  # fmt: skip


def _store(store: Any) -> GraphNode:
    state = store.state or ("ReadOnly" if store.is_readonly else "Ready")
    protocol = (store.protocol or store.provider or "").upper()
    return GraphNode(f"image-stores.{store.uuid}", figures.short_name(store.name), store.name,
                     _("%(protocol)s image store") % {"protocol": protocol}, figures.state_group(state, "image-stores"),
                     figures.state_icon(state, "image-stores"), said=state)  # fmt: skip
