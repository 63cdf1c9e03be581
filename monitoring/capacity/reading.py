"""Capacity for pages, API, exports and health: one source, so that a figure is the same wherever it is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise

from monitoring.capacity.collect import Reading, host_readings, pool_readings
from monitoring.capacity.models import CapacitySample, CapacitySeries
from monitoring.capacity.thresholds import Thresholds
from monitoring.capacity.types import ORDER, CapacityType, Unit, type_of
from provisioning.inventory import models as m

Level = CapacitySeries.Level
Resolution = CapacitySample.Resolution

# Older than this, a figure says nothing about now.
STALE_AFTER = timedelta(minutes=30)
# The level's kind in the inventory, for links.
KIND_OF_LEVEL = {
    Level.ZONE: "zones",
    Level.POD: "pods",
    Level.CLUSTER: "clusters",
    Level.HOST: "hosts",
    Level.POOL: "storage-pools",
}
_MODELS: dict[str, Any] = {
    Level.ZONE: m.Zone,
    Level.POD: m.Pod,
    Level.CLUSTER: m.Cluster,
    Level.HOST: m.Host,
    Level.POOL: m.StoragePool,
}


@dataclass(frozen=True)
class Place:
    """A zone, pod, cluster, host or pool, and what it lies in."""

    level: str
    uuid: UUID
    name: str
    zone_uuid: UUID | None = None
    pod_uuid: UUID | None = None
    cluster_uuid: UUID | None = None
    path: str = ""

    @property
    def kind(self) -> str:
        """The inventory kind's slug."""
        return KIND_OF_LEVEL[Level(self.level)]

    @property
    def scopes(self) -> tuple[UUID | None, ...]:
        """Where a threshold may be set for it, narrowest first."""
        return (self.uuid, self.cluster_uuid, self.zone_uuid)


@dataclass(frozen=True)
class CapacityRow:
    """One type at one place. `used`, `reserved` and `total` are in `unit`; `fraction`, `notify` and `disable` are 0–1.

    `fraction` is None when there is nothing to divide by: unknown is not empty. `judged`: CloudStack applies the
    thresholds at this level; elsewhere they are there for comparison.
    """

    place: Place
    type: CapacityType
    type_name: str
    used: int | None
    reserved: int
    total: int | None
    notify: float | None
    disable: float | None
    sampled_at: datetime

    @property
    def level(self) -> str:
        return self.place.level

    @property
    def place_uuid(self) -> UUID:
        return self.place.uuid

    @property
    def place_name(self) -> str:
        return self.place.name

    @property
    def kind(self) -> str:
        return self.place.kind

    @property
    def type_number(self) -> int:
        return self.type.number

    @property
    def label(self) -> Promise | str:
        return self.type.label

    @property
    def unit(self) -> Unit:
        return self.type.unit

    @property
    def impact(self) -> int:
        return self.type.impact

    @property
    def fraction(self) -> float | None:
        return self.used / self.total if self.used is not None and self.total else None

    @property
    def committed(self) -> float | None:
        """Used and reserved: what the planner counts with."""
        return (self.used + self.reserved) / self.total if self.used is not None and self.total else None

    @property
    def reserved_fraction(self) -> float | None:
        return self.reserved / self.total if self.reserved and self.total else None

    @property
    def free(self) -> int | None:
        return max(0, self.total - self.used) if self.used is not None and self.total is not None else None

    @property
    def judged(self) -> bool:
        return self.level == self.type.judged_at or (self.level == Level.POOL and bool(self.type.pool_disable))

    @property
    def is_past_notify(self) -> bool:
        return self.fraction is not None and self.notify is not None and self.fraction >= self.notify

    @property
    def is_past_disable(self) -> bool:
        return self.committed is not None and self.disable is not None and self.committed >= self.disable

    @property
    def pressure(self) -> float:
        """How near its limit: fraction ÷ the first threshold there is; −1 when unknown. Orders places."""
        if self.fraction is None:
            return -1.0
        return self.fraction / (self.notify or self.disable or 1.0)

    def is_fresh(self, now: datetime) -> bool:
        """Whether it still says something about `now`."""
        return now - self.sampled_at <= STALE_AFTER


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a series; `peak` is the highest within an hour's or a day's mean."""

    at: datetime
    used: int
    peak: int
    total: int

    @property
    def fraction(self) -> float | None:
        return self.used / self.total if self.total else None


def places(cloud: m.Cloud, levels: Collection[str]) -> dict[UUID, Place]:
    """The places of those levels that are there, by UUID, in the order zone, pod, cluster, host, pool and by name."""
    known: dict[str, dict[int, tuple[UUID, str]]] = {}
    for parent in (Level.ZONE, Level.POD, Level.CLUSTER):
        rows = _MODELS[parent].objects.filter(cloud=cloud).values_list("pk", "uuid", "name")
        known[parent] = {pk: (identity, name) for pk, identity, name in rows}
    found: dict[UUID, Place] = {}
    for level in Level.values:
        if level not in levels:
            continue
        parents = [f"{up}_id" for up in ("zone", "pod", "cluster") if hasattr(_MODELS[level], f"{up}_id")]
        rows = _MODELS[level].objects.filter(cloud=cloud, gone_at__isnull=True).order_by("name", "pk")
        for row in rows.values("uuid", "name", "cloudstack_id", *parents):
            above = [known[up[:-3]].get(row[up] or 0, (None, "")) for up in parents]
            by_level = dict(zip(parents, (identity for identity, _ in above), strict=True))
            found[row["uuid"]] = Place(
                level=level,
                uuid=row["uuid"],
                name=row["name"] or row["cloudstack_id"],
                zone_uuid=by_level.get("zone_id"),
                pod_uuid=by_level.get("pod_id"),
                cluster_uuid=by_level.get("cluster_id"),
                path=" / ".join(name for _, name in above if name),
            )
    return found


def current(
    cloud: m.Cloud, levels: Collection[str] = (Level.ZONE, Level.POD, Level.CLUSTER, Level.POOL)
) -> list[CapacityRow]:
    """What is used of what, now: by level, place and type. Hosts only when `levels` asks for them.

    Zones, pods and clusters are as `listCapacity` last gave them (`sampled_at`); hosts and pools are as the mirror has
    them, so that they agree with their own pages. Types that CloudStack gave no figure for are not there.
    """
    there = places(cloud, levels)
    thresholds = Thresholds(cloud)
    rows = [_row(there[reading.place_uuid], reading, at, thresholds) for reading, at in _readings(cloud, levels, there)]
    level_order = {str(name): number for number, name in enumerate(Level.values)}
    place_order = {identity: number for number, identity in enumerate(there)}
    rows.sort(
        key=lambda row: (
            level_order[row.level],
            place_order[row.place_uuid],
            ORDER.get(row.type_number, 100 + row.type_number),
        )
    )
    return rows


def _readings(cloud: m.Cloud, levels: Collection[str], there: dict[UUID, Place]) -> Iterator[tuple[Reading, datetime]]:
    listed = {Level.ZONE, Level.POD, Level.CLUSTER} & set(levels)
    if listed:
        for series in CapacitySeries.objects.filter(cloud=cloud, level__in=listed):
            if series.place_uuid in there and series.used is not None and series.total is not None:
                yield (
                    Reading(
                        series.level, series.place_uuid, series.type_number, series.type_name,
                        series.used, series.total, series.reserved,
                    ),
                    series.sampled_at,
                )  # fmt: skip
    seen_at = cloud.last_complete_sync_at
    if Level.POOL in levels:
        for pool in m.StoragePool.objects.filter(cloud=cloud, gone_at__isnull=True):
            for reading in pool_readings(pool):
                yield reading, seen_at or pool.changed_at
    if Level.HOST in levels:
        for host in m.Host.objects.filter(cloud=cloud, gone_at__isnull=True):
            for reading in host_readings(host):
                yield reading, seen_at or host.changed_at


def _row(place: Place, reading: Reading, at: datetime, thresholds: Thresholds) -> CapacityRow:
    kind = type_of(reading.type_number, reading.type_name)
    return CapacityRow(
        place=place,
        type=kind,
        type_name=reading.type_name or kind.name,
        used=reading.used,
        reserved=reading.reserved,
        total=reading.total,
        notify=thresholds.notify(kind, *place.scopes),
        disable=thresholds.disable(kind, *place.scopes, pool=place.level == Level.POOL),
        sampled_at=at,
    )


def series(
    cloud: m.Cloud, level: str, place_uuid: UUID, type_number: int, back: timedelta, now: datetime | None = None
) -> list[Point]:
    """The points of one type at one place for the last `back`, ascending: samples up to two days, hours up to five
    weeks, days beyond. Times without a sample have no point."""
    now = now or timezone.now()
    since = now - back
    one = CapacitySeries.objects.filter(
        cloud=cloud, level=level, place_uuid=place_uuid, type_number=type_number
    ).first()
    if one is None:
        return []
    points: list[Point] = []
    step = timedelta(0)
    for resolution in _resolutions(back, level):
        # The finer one goes on where the coarser one, which only has whole hours and days, ends.
        begin = max(since, points[-1].at + step) if points else since
        rows = CapacitySample.objects.filter(series=one, resolution=resolution, at__gte=begin, at__lte=now)
        points += [Point(row.at, row.used, row.peak, row.total) for row in rows.order_by("at")]
        step = _STEP[resolution]
    return points


_STEP = {
    Resolution.RAW: timedelta(minutes=5),
    Resolution.HOUR: timedelta(hours=1),
    Resolution.DAY: timedelta(days=1),
}


def _resolutions(back: timedelta, level: str) -> tuple[Resolution, ...]:
    if back <= timedelta(hours=48) and level != Level.HOST:
        return (Resolution.RAW,)
    if back <= timedelta(days=35):
        return (Resolution.HOUR, Resolution.RAW)
    return (Resolution.DAY, Resolution.HOUR, Resolution.RAW)


def gap_after(points: list[Point]) -> set[int]:
    """Indexes after which a sample is missing: where a line must break. A gap is more than two and a half steps of the
    coarser of the two neighbours."""
    gaps: set[int] = set()
    for index in range(1, len(points)):
        distance = points[index].at - points[index - 1].at
        before = points[index - 1].at - points[index - 2].at if index > 1 else distance
        after = points[index + 1].at - points[index].at if index + 1 < len(points) else distance
        step = max(min(before, after), timedelta(minutes=5))
        if distance > 2.5 * step and distance > timedelta(minutes=12):
            gaps.add(index - 1)
    return gaps
