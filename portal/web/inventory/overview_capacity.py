"""The capacity table of the overview: the capacity page's own figures, fewer of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils import timezone

from monitoring.capacity.models import CapacitySeries
from monitoring.capacity.reading import CapacityRow, current
from provisioning.accounts.models import User
from provisioning.inventory.models import Cloud, Host

Level = CapacitySeries.Level
# CloudStack's capacity types: memory, CPU, primary storage allocated, public addresses.
COLUMNS = (0, 1, 3, 4)
PODS_PER_ZONE = 2
ZONES_SHOWN = 12


@dataclass(frozen=True)
class Line:
    """One place. `cells` follows COLUMNS; None where CloudStack gave no figure. `nearest` may lie in a cluster or pool
    inside it."""

    name: str
    uuid: uuid.UUID
    kind: str
    is_inside: bool
    hosts: int
    cells: Sequence[CapacityRow | None]
    nearest: CapacityRow | None


@dataclass(frozen=True)
class Table:
    lines: Sequence[Line]
    sampled_at: datetime | None
    is_stale: bool
    zones_hidden: int


def table(user: User, cloud: Cloud) -> Table:
    """Zones, the one nearest a limit first, each with its two fullest pods. Eight queries at any size."""
    by_place: dict[tuple[str, uuid.UUID], list[CapacityRow]] = {}
    nearest: dict[uuid.UUID, CapacityRow] = {}
    for row in current(cloud, (Level.ZONE, Level.POD, Level.CLUSTER, Level.POOL)):
        if row.level in (Level.ZONE, Level.POD):
            by_place.setdefault((row.level, row.place_uuid), []).append(row)
        # A half empty zone can hold a pool that takes nothing more: what is nearest its limit counts from below.
        for place in (row.place_uuid, row.place.pod_uuid, row.place.zone_uuid):
            if place and row.pressure >= 0 and (place not in nearest or row.pressure > nearest[place].pressure):
                nearest[place] = row
    hosts = _hosts(user, cloud)
    zones = sorted(
        (rows for (level, _uuid), rows in by_place.items() if level == Level.ZONE),
        key=lambda rows: (-_pressure(rows, nearest), rows[0].place_name),
    )
    pods: dict[uuid.UUID | None, list[list[CapacityRow]]] = {}
    for (level, _uuid), rows in by_place.items():
        if level == Level.POD:
            pods.setdefault(rows[0].place.zone_uuid, []).append(rows)
    lines = []
    for rows in zones[:ZONES_SHOWN]:
        lines.append(_line(rows, hosts, nearest, is_inside=False))
        inside = sorted(pods.get(rows[0].place_uuid, []), key=lambda pod: (-_pressure(pod, nearest), pod[0].place_name))
        if len(inside) > 1:
            lines += [_line(pod, hosts, nearest, is_inside=True) for pod in inside[:PODS_PER_ZONE]]
    every = [row for rows in by_place.values() for row in rows]
    sampled_at = min((row.sampled_at for row in every), default=None)
    now = timezone.now()
    return Table(lines, sampled_at, any(not row.is_fresh(now) for row in every), max(0, len(zones) - ZONES_SHOWN))


def _hosts(user: User, cloud: Cloud) -> dict[uuid.UUID, int]:
    found: dict[uuid.UUID, int] = {}
    counted = Host.objects.for_user(user).present().filter(cloud=cloud).values_list("zone__uuid", "pod__uuid")
    for zone, pod, number in counted.annotate(number=Count("id")).order_by():
        for place in (zone, pod):
            if place:
                found[place] = found.get(place, 0) + number
    return found


def _pressure(rows: Sequence[CapacityRow], nearest: dict[uuid.UUID, CapacityRow]) -> float:
    found = nearest.get(rows[0].place_uuid)
    return found.pressure if found else -1.0


def _line(
    rows: Sequence[CapacityRow], hosts: dict[uuid.UUID, int], nearest: dict[uuid.UUID, CapacityRow], *, is_inside: bool
) -> Line:
    by_type = {row.type_number: row for row in rows}
    place = rows[0].place
    return Line(
        name=place.name, uuid=place.uuid, kind=place.kind, is_inside=is_inside, hosts=hosts.get(place.uuid, 0),
        cells=[by_type.get(number) for number in COLUMNS],
        nearest=nearest.get(place.uuid),
    )  # fmt: skip
