"""What the capacity page shows: the place looked at, its types, the places below it, one series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.capacity.models import CapacityCollection
from monitoring.capacity.reading import CapacityRow, Level, Place, Point, current, places
from monitoring.capacity.types import ALWAYS_SHOWN, TYPES, CapacityType, Unit
from portal.web import figures
from portal.web.capacity.chart import Chart, chart_of
from provisioning.inventory.models import Cloud

RANGES: dict[str, tuple[Promise, timedelta]] = {
    "24h": (gettext_lazy("24 h"), timedelta(hours=24)),
    "7d": (gettext_lazy("7 d"), timedelta(days=7)),
    "30d": (gettext_lazy("30 d"), timedelta(days=30)),
    "90d": (gettext_lazy("90 d"), timedelta(days=90)),
    "1y": (gettext_lazy("1 y"), timedelta(days=365)),
    "3y": (gettext_lazy("3 y"), timedelta(days=3 * 365)),
}
DEFAULT_RANGE = "7d"
# Rows of a table of places; all of them are in the export.
ROWS = 100
BELOW = {
    Level.ZONE: (Level.POD, Level.CLUSTER),
    Level.POD: (Level.CLUSTER,),
    Level.CLUSTER: (Level.HOST, Level.POOL),
}
_HEADINGS = {
    Level.ZONE: gettext_lazy("Zones"),
    Level.POD: gettext_lazy("Pods"),
    Level.CLUSTER: gettext_lazy("Clusters"),
    Level.HOST: gettext_lazy("Hosts"),
    Level.POOL: gettext_lazy("Primary storage"),
}
# Types in a table of places, by its level.
_COLUMNS = {
    Level.ZONE: (0, 1, 3, 4),
    Level.POD: (0, 1, 3, 5),
    Level.CLUSTER: (0, 1, 3, 2),
    Level.HOST: (0, 1),
    Level.POOL: (3, 2),
}


@dataclass(frozen=True)
class Tile:
    """One type at the place: `row` is None when there is no figure, and `why` says why."""

    type: CapacityType
    row: CapacityRow | None
    amounts: str
    why: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class PlaceRow:
    place: Place
    cells: Sequence[CapacityRow | None]
    url: str
    pressure: float


@dataclass(frozen=True)
class PlaceTable:
    heading: Promise | str
    columns: Sequence[Promise | str]
    rows: Sequence[PlaceRow]
    total: int


@dataclass(frozen=True)
class Page:
    title: str
    place: Place | None = None
    path: Sequence[tuple[Place, str]] = ()
    tiles: Sequence[Tile] = ()
    chosen: Tile | None = None
    chart: Chart | None = None
    tables: Sequence[PlaceTable] = ()
    zones: Sequence[tuple[Place, str, bool]] = ()
    ranges: Sequence[tuple[str, Promise, str, bool]] = ()
    sampled_at: datetime | None = None
    is_stale: bool = False
    error: str = ""
    places_failed: int = 0
    fullest: CapacityRow | None = None
    fullest_url: str = ""
    query: str = ""
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)


class NoSuchPlace(Exception):
    """The address names a place that is not there."""


def build(cloud: Cloud, params: Mapping[str, str], now: datetime | None = None) -> Page:
    """The page for `params`: place (a UUID), type (a number), range. Raises NoSuchPlace."""
    now = now or timezone.now()
    everywhere = places(cloud, Level.values)
    place = _place(everywhere, params.get("place", ""))
    levels = {Level.ZONE, Level.POD, Level.CLUSTER, Level.POOL}
    if place and (place.level == Level.HOST or Level.HOST in BELOW.get(Level(place.level), ())):
        levels.add(Level.HOST)
    rows = current(cloud, levels)
    state = CapacityCollection.objects.filter(cloud=cloud).first()
    judged = [row for row in rows if row.judged and row.fraction is not None]
    fullest = max(judged, key=lambda row: row.pressure, default=None)
    if place is None:
        place = _first_place(everywhere, fullest)
    if place is None:
        return Page(title=_("No place to measure yet"), error=state.error if state else "")
    chosen_range = params.get("range", "") if params.get("range") in RANGES else DEFAULT_RANGE
    here = {row.type_number: row for row in rows if row.place_uuid == place.uuid}
    number = _type(params.get("type", ""), here, place)
    keep = {"place": str(place.uuid), "type": str(number), "range": chosen_range}
    tiles = _tiles(place, here, number, keep)
    chosen = next((tile for tile in tiles if tile.is_chosen), None)
    chart = chart_of(cloud, place, chosen.type, chosen.row, RANGES[chosen_range][1], now) if chosen else None
    listed = [row.sampled_at for row in rows if row.level in {Level.ZONE, Level.POD, Level.CLUSTER}]
    sampled_at = max(listed, default=None)
    return Page(
        title=_title(fullest),
        place=place,
        path=[(above, f"?{urlencode({**keep, 'place': above.uuid})}") for above in _path(everywhere, place)],
        tiles=tiles,
        chosen=chosen,
        chart=chart,
        tables=_tables(everywhere, place, rows, keep),
        zones=[
            (zone, f"?{urlencode({**keep, 'place': zone.uuid})}", zone.uuid in {place.uuid, place.zone_uuid})
            for zone in everywhere.values()
            if zone.level == Level.ZONE
        ],
        ranges=[
            (key, label, f"?{urlencode({**keep, 'range': key})}", key == chosen_range)
            for key, (label, _b) in RANGES.items()
        ],
        sampled_at=sampled_at,
        is_stale=sampled_at is None or now - sampled_at > timedelta(minutes=30),
        error=state.error if state else "",
        places_failed=state.places_failed if state else 0,
        fullest=fullest,
        fullest_url=(
            f"?{urlencode({**keep, 'place': fullest.place_uuid, 'type': fullest.type_number})}"
            if fullest and fullest.place_uuid != place.uuid
            else ""
        ),
        query=urlencode(keep),
        facts=_facts(chosen, chart),
    )


def _place(everywhere: Mapping[UUID, Place], asked: str) -> Place | None:
    if not asked:
        return None
    try:
        return everywhere[UUID(asked)]
    except (ValueError, KeyError):
        raise NoSuchPlace from None


def _first_place(everywhere: Mapping[UUID, Place], fullest: CapacityRow | None) -> Place | None:
    """The zone of what is fullest, else the first zone."""
    if fullest is not None:
        zone = fullest.place_uuid if fullest.level == Level.ZONE else fullest.place.zone_uuid
        if zone is not None and zone in everywhere:
            return everywhere[zone]
    return next((place for place in everywhere.values() if place.level == Level.ZONE), None)


def _path(everywhere: Mapping[UUID, Place], place: Place) -> list[Place]:
    ups = (place.zone_uuid, place.pod_uuid, place.cluster_uuid)
    above = [everywhere[up] for up in ups if up is not None and up in everywhere]
    return [*above, place]


def _type(asked: str, here: Mapping[int, CapacityRow], place: Place) -> int:
    if asked.lstrip("-").isdigit() and (int(asked) in here or int(asked) in _expected(place)):
        return int(asked)
    return max(here, key=lambda number: here[number].pressure, default=0)


def _expected(place: Place) -> tuple[int, ...]:
    if place.level in {Level.HOST, Level.POOL}:
        return _COLUMNS[Level(place.level)]
    return ALWAYS_SHOWN


def _tiles(place: Place, here: Mapping[int, CapacityRow], chosen: int, keep: Mapping[str, str]) -> list[Tile]:
    numbers = [*_expected(place), *(number for number in here if number not in _expected(place))]
    tiles = []
    for number in numbers:
        row = here.get(number)
        kind = row.type if row else TYPES[number]
        # Kinds that this cloud has none of (no GPU, no IPv6) take no room.
        if row is not None and number not in _expected(place) and not row.total and not row.used:
            continue
        tiles.append(
            Tile(
                type=kind,
                row=row,
                amounts=amounts(row) if row else "",
                why=_why(kind, place) if row is None else "",
                url=f"?{urlencode({**keep, 'type': number})}",
                is_chosen=number == chosen,
            )
        )
    return tiles


def _why(kind: CapacityType, place: Place) -> str:
    if kind.judged_at == Level.ZONE and place.level != Level.ZONE:
        return _("counted per zone")
    if kind.judged_at == Level.POD and place.level == Level.CLUSTER:
        return _("counted per pod")
    return _("not measured")


def amounts(row: CapacityRow) -> str:
    """Used and total with the unit once: "184.2 / 225.3 TiB", "28.9 / 45.2 GHz", "3,310 / 4,086"."""
    if row.used is None or row.total is None:
        return ""
    if row.unit == Unit.BYTES:
        whole = figures.size(row.total)
        unit = whole.rsplit(" ", 1)[-1]
        return f"{figures.size(row.used, unit).rsplit(' ', 1)[0]} / {whole}"
    if row.unit == Unit.MHZ:
        scale, unit = (1_000_000, "THz") if row.total >= 1_000_000 else (1000, "GHz")
        return f"{row.used / scale:,.1f} / {row.total / scale:,.1f} {unit}"
    return f"{figures.count(row.used)} / {figures.count(row.total)}"


def amount(value: int, unit: Unit) -> str:
    """One amount with its unit."""
    if unit == Unit.BYTES:
        return figures.size(value)
    return f"{value / 1000:,.1f} GHz" if unit == Unit.MHZ else figures.count(value)


def _title(fullest: CapacityRow | None) -> str:
    if fullest is None or fullest.fraction is None:
        return _("No capacity measured yet")
    words = {"type": fullest.label, "place": fullest.place_name, "percent": figures.percent(fullest.fraction)}
    if fullest.is_past_disable:
        return _("%(place)s takes nothing new: %(type)s at %(percent)s") % words
    if fullest.is_past_notify:
        return _("%(place)s runs out of %(type)s first: %(percent)s") % {**words, "type": str(fullest.label).lower()}
    return _("Nothing is past its threshold; %(place)s is nearest, %(type)s at %(percent)s") % words


def _tables(
    everywhere: Mapping[UUID, Place], place: Place, rows: Iterable[CapacityRow], keep: Mapping[str, str]
) -> list[PlaceTable]:
    by_place: dict[UUID, dict[int, CapacityRow]] = {}
    for row in rows:
        by_place.setdefault(row.place_uuid, {})[row.type_number] = row
    tables = []
    for level in BELOW.get(Level(place.level), ()):
        inside = [
            below
            for below in everywhere.values()
            if below.level == level and place.uuid in {below.zone_uuid, below.pod_uuid, below.cluster_uuid}
        ]
        found = []
        for below in inside:
            figures_here = by_place.get(below.uuid, {})
            cells = [figures_here.get(number) for number in _COLUMNS[level]]
            found.append(
                PlaceRow(
                    place=below,
                    cells=cells,
                    url=f"?{urlencode({'place': below.uuid, 'range': keep['range']})}",
                    pressure=max((cell.pressure for cell in cells if cell), default=-1),
                )
            )
        found.sort(key=lambda row: -row.pressure)
        tables.append(
            PlaceTable(
                heading=_HEADINGS[level],
                columns=[TYPES[number].label for number in _COLUMNS[level]],
                rows=found[:ROWS],
                total=len(found),
            )
        )
    return tables


def _facts(tile: Tile | None, chart: Chart | None) -> list[tuple[str, str]]:
    """What is known about the chosen type, in words and figures."""
    if tile is None or tile.row is None:
        return []
    row, unit = tile.row, tile.type.unit
    facts = []
    if row.free is not None:
        facts.append((_("Free"), amount(row.free, unit)))
    if row.reserved:
        facts.append((_("Held for stopped instances"), amount(row.reserved, unit)))
    if row.notify is not None and row.total and row.used is not None:
        left = int(row.total * row.notify) - row.used
        facts.append((_("To the notification threshold"), amount(left, unit) if left > 0 else _("past it")))
    if row.disable is not None and row.total and row.used is not None:
        left = int(row.total * row.disable) - row.used - row.reserved
        facts.append((_("To the disable threshold"), amount(left, unit) if left > 0 else _("past it")))
    if chart and chart.points:
        peak = max(chart.points, key=lambda point: point.peak)
        facts.append((_("Highest in this time"), amount(peak.peak, unit)))
        facts.append((_("Change in this time"), _change(chart.points, unit)))
    return facts


def _change(points: Sequence[Point], unit: Unit) -> str:
    change = points[-1].used - points[0].used
    return f"{'+' if change > 0 else '−' if change < 0 else ''}{amount(abs(change), unit)}"
