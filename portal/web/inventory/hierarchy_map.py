"""The heat map: a cell for each host, shaded by how full it is; its state always wins. Above 5,000 hosts a cell is a
cluster. One query for the hosts (two when shaded by instances), however many there are."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.web import figures
from portal.web.inventory.hierarchy_frame import Frame, Place, groups_of, words_of
from portal.web.inventory.overview_zones import Word, host_group
from provisioning.accounts.models import User
from provisioning.inventory.models import Cloud, Host, Instance

CELL_IS_CLUSTER_ABOVE = 5000
SHADES: dict[str, str | Promise] = {
    "memory": gettext_lazy("Memory"),
    "cpu": gettext_lazy("CPU"),
    "instances": gettext_lazy("Instances"),
    "age": gettext_lazy("Time in state"),
}
# Lower bounds of the five steps.
FRACTION_STEPS = (0.20, 0.45, 0.65, 0.85)
INSTANCE_STEPS = (10, 30, 60, 120)
AGE_STEPS_S = (3600, 86400, 7 * 86400, 30 * 86400)
LEGENDS: dict[str, Sequence[str | Promise]] = {
    "memory": ("< 20 %", "20–45", "45–65", "65–85", "≥ 85 %"),
    "cpu": ("< 20 %", "20–45", "45–65", "65–85", "≥ 85 %"),
    "instances": ("< 10", "10–29", "30–59", "60–119", "≥ 120"),
    "age": (gettext_lazy("< 1 h"), "1–24 h", "1–7 d", "7–30 d", gettext_lazy("≥ 30 d")),
}
_COLUMNS = ("uuid", "name", "state", "resource_state", "cluster_id", "pod_id", "zone_id", "memory_allocated_bytes",
            "memory_total_bytes", "cpu_allocated_mhz", "cpu_total_mhz", "state_since_at", "id")  # fmt: skip

_SUMMED = {"memory": ("memory_allocated_bytes", "memory_total_bytes"), "cpu": ("cpu_allocated_mhz", "cpu_total_mhz")}


@dataclass(frozen=True)
class Cell:
    """One square. `css` is its step or its state; `label` says everything aloud."""

    key: str
    css: str
    label: str


@dataclass
class Block:
    """One cluster (or, when a cell is a cluster, one pod)."""

    place: Place | None
    name: str
    cells: list[Cell] = field(default_factory=list)
    used: float = 0
    total: float = 0
    badges: Sequence[tuple[str, str, int]] = ()

    @property
    def key(self) -> str:
        return self.place.key if self.place else ""

    @property
    def figure(self) -> str:
        return figures.percent(self.used / self.total) if self.total else ""

    @property
    def drawn(self) -> SafeString:
        """The cells as markup: a template tag a cell would cost more than the query."""
        return format_html_join(
            "", '<b role="gridcell" tabindex="-1" class="{}" data-node="{}" aria-label="{}"></b>',
            ((cell.css, cell.key, cell.label) for cell in self.cells),
        )  # fmt: skip


@dataclass
class Band:
    """One pod with its clusters."""

    place: Place | None
    name: str
    hosts: int
    blocks: list[Block]


@dataclass
class ZoneMap:
    place: Place
    pods: int
    clusters: int
    words: Sequence[Word]
    bands: list[Band]


@dataclass
class HeatMap:
    zones: list[ZoneMap]
    shade: str
    legend: Sequence[tuple[int, str | Promise]]
    marks: Sequence[Word]
    cell_is_cluster: bool
    hosts: int


def heat_map(user: User, frame: Frame, at: Place | None, shade: str) -> HeatMap:
    """The hosts of the cloud, or inside `at`. `shade` is a key of SHADES."""
    places = [at] if at else frame.zones
    hosts = sum(place.hosts for place in places)
    as_clusters = hosts > CELL_IS_CLUSTER_ABOVE
    blocks = _cluster_blocks(user, frame, at, shade) if as_clusters else _host_blocks(user, frame, at, shade)
    states: Counter[tuple[str, str, str]] = Counter()
    for place in places:
        states.update(place.states)
    return HeatMap(
        [_zone(place, blocks, as_clusters) for place in places], shade,
        list(enumerate(LEGENDS[shade], start=1)), words_of(states, but_good=True), as_clusters, hosts,
    )  # fmt: skip


def cells(user: User, cloud: Cloud, wanted: Iterable[uuid.UUID], shade: str) -> dict[str, Cell]:
    """Some hosts' cells as they are now, for a page that heard of a change."""
    rows = Host.objects.for_user(user).present().filter(cloud=cloud, uuid__in=list(wanted))
    counts = _instances(user, rows) if shade == "instances" else {}
    return {f"hosts.{row[0]}": _cell(row, shade, counts, timezone.now()) for row in rows.values_list(*_COLUMNS)}


def _inside(at: Place | None) -> dict[str, int]:
    return {f"{at.kind[:-1]}_id": at.pk} if at else {}


def _host_blocks(user: User, frame: Frame, at: Place | None, shade: str) -> dict[tuple[str, int], Block]:
    rows = Host.objects.for_user(user).present().filter(cloud=frame.cloud, **_inside(at))
    counts = _instances(user, rows) if shade == "instances" else {}
    now = timezone.now()
    blocks: dict[tuple[str, int], Block] = {}
    places = {(place.kind, place.pk): place for place in frame.by_key.values()}
    for row in rows.order_by("name", "id").values_list(*_COLUMNS):
        cluster_id, pod_id, zone_id = row[4:7]
        home = next(
            (key for key in (("clusters", cluster_id), ("pods", pod_id), ("zones", zone_id)) if key in places), None
        )
        if home is None:
            continue
        block = blocks.get(home)
        if block is None:
            place = places[home]
            name = place.name if home[0] == "clusters" else _("no cluster")
            block = blocks[home] = Block(place, name, badges=_badges(place))
        block.cells.append(_cell(row, shade, counts, now))
        used, total = (row[9], row[10]) if shade == "cpu" else (row[7], row[8])
        if used is not None and total:
            block.used += used
            block.total += total
    for block in blocks.values():
        block.cells.sort(key=lambda cell: figures.natural_key(cell.label))
    return blocks


def _cluster_blocks(user: User, frame: Frame, at: Place | None, shade: str) -> dict[tuple[str, int], Block]:
    """A block for each pod, with a cell for each of its clusters."""
    rows = Host.objects.for_user(user).present().filter(cloud=frame.cloud, **_inside(at))
    by = "cpu" if shade == "cpu" else "memory"
    used, total = _SUMMED[by]
    sums = {
        pk: (a or 0, b or 0)
        for pk, a, b in rows.values_list("cluster_id").annotate(a=Sum(used), b=Sum(total)).order_by()
    }
    blocks: dict[tuple[str, int], Block] = {}
    for cluster in frame.clusters(at):
        home = cluster.above
        if home is None or not cluster.hosts:
            continue
        block = blocks.setdefault((home.kind, home.pk), Block(home, home.name, badges=_badges(home)))
        cluster_used, cluster_total = sums.get(cluster.pk, (0, 0))
        fraction = cluster_used / cluster_total if cluster_total else None
        groups = groups_of(cluster.states)
        worst = next((name for name in ("bad", "attention", "neutral") if groups[name]), "")
        held = groups["held"] == cluster.hosts
        css = worst or ("held" if held else _step(fraction, FRACTION_STEPS))
        said = ", ".join(f"{figures.count(word.number)} {word.state}" for word in cluster.words)
        label = f"{cluster.name}, {said}, {SHADES[by]} {figures.percent(fraction)}"
        block.cells.append(Cell(cluster.key, css, label))
        block.used += cluster_used
        block.total += cluster_total
    return blocks


def _badges(place: Place) -> list[tuple[str, str, int]]:
    groups = groups_of(place.states)
    return [(name, figures.GROUP_ICONS[name], groups[name]) for name in ("bad", "attention") if groups[name]]


def _zone(place: Place, blocks: dict[tuple[str, int], Block], as_clusters: bool) -> ZoneMap:
    if as_clusters:
        homes = [place, *place.inside]
        flat = [blocks[home.kind, home.pk] for home in homes if (home.kind, home.pk) in blocks]
        pods_inside = [inside for inside in place.inside if inside.kind == "pods"]
        clusters = sum(len(block.cells) for block in flat)
        bands = [Band(None, "", place.hosts, flat)] if flat else []
        return ZoneMap(place, len(pods_inside), clusters, words_of(place.states, but_good=True), bands)
    pods = [place]
    if place.kind == "zones":
        pods = [inside for inside in place.inside if inside.kind == "pods"]
    bands = []
    for pod in pods:
        homes = [pod, *pod.inside]
        found = [blocks[home.kind, home.pk] for home in homes if (home.kind, home.pk) in blocks]
        if found:
            bands.append(Band(pod, pod.name, pod.hosts, found))
    loose = [blocks[home.kind, home.pk] for home in [place, *place.inside]
             if home.kind != "pods" and (home.kind, home.pk) in blocks and place.kind == "zones"]  # fmt: skip
    if loose:
        bands.append(Band(None, _("no pod"), sum(len(block.cells) for block in loose), loose))
    clusters = sum(1 for pod in pods for inside in ([pod] if pod.kind == "clusters" else pod.inside))
    return ZoneMap(place, len(pods), clusters, words_of(place.states, but_good=True), bands)


def _instances(user: User, hosts: object) -> dict[int, int]:
    counted = Instance.objects.for_user(user).present().filter(host__in=hosts).values_list("host_id")
    return dict(counted.annotate(number=Count("id")).order_by())


def _cell(row: tuple[Any, ...], shade: str, counts: dict[int, int], now: datetime) -> Cell:
    uid, name, state, resource_state, _c, _p, _z, memory, memory_total, cpu, cpu_total, since, pk = row
    group, word, _icon = host_group(str(state), str(resource_state))
    if shade == "instances":
        number = counts.get(pk, 0)
        step, said = _step(number, INSTANCE_STEPS), _("%(n)s instances") % {"n": figures.count(number)}
    elif shade == "age":
        age = (now - since) if isinstance(since, datetime) else None
        step = _step(age.total_seconds() if age else None, AGE_STEPS_S)
        said = _("for %(span)s") % {"span": figures.span(age)} if age else _("since when is unknown")
    else:
        used, total = (cpu, cpu_total) if shade == "cpu" else (memory, memory_total)
        fraction = used / total if used is not None and total else None
        step, said = _step(fraction, FRACTION_STEPS), f"{SHADES[shade]} {figures.percent(fraction)}"
    css = group if group in ("bad", "attention", "held", "neutral", "working") else step
    return Cell(f"hosts.{uid}", css, f"{name}, {word}, {said}")


def _step(value: float | None, bounds: Sequence[float]) -> str:
    """q1 … q5, or q0 for what is not known."""
    return "q0" if value is None else f"q{1 + sum(value >= bound for bound in bounds)}"
