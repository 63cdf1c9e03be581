"""Takes one sample of a cloud's capacity: places by `listCapacity`, hosts and pools from the mirror."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from monitoring.capacity.models import CapacityCollection, CapacitySample, CapacitySeries
from monitoring.capacity.thresholds import ENOUGH_SILENCE, SILENCE, Calls, read_thresholds
from provisioning.cloudstack.errors import CloudStackError
from provisioning.inventory import models as m
from provisioning.live import CLOUD, publish, topic_of

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=5)
THRESHOLDS_EVERY = timedelta(minutes=30)
# A reader that was killed loses its claim after this.
LEASE = timedelta(minutes=10)

Level = CapacitySeries.Level
Resolution = CapacitySample.Resolution


@dataclass(frozen=True, slots=True)
class Reading:
    """One type at one place, in the type's unit."""

    level: str
    place_uuid: uuid.UUID
    type_number: int
    type_name: str
    used: int
    total: int
    reserved: int = 0

    @property
    def key(self) -> tuple[str, uuid.UUID, int]:
        return self.level, self.place_uuid, self.type_number


def claim(cloud: m.Cloud, now: datetime | None = None, *, force: bool = False) -> bool:
    """Take the right to sample `cloud` now. False when it was sampled less than `EVERY` ago or somebody is at it."""
    now = now or timezone.now()
    with transaction.atomic():
        CapacityCollection.objects.get_or_create(cloud=cloud)
        row = CapacityCollection.objects.select_for_update().get(cloud=cloud)
        running = row.started_at and (row.finished_at is None or row.finished_at < row.started_at)
        if running and row.started_at and now - row.started_at < LEASE:
            return False
        if not force and row.started_at and not running and now - row.started_at < EVERY:
            return False
        row.started_at = now
        row.save(update_fields=["started_at"])
        return True


def give_up(cloud: m.Cloud, error: str) -> None:
    """End a claim under which nothing could be read."""
    CapacityCollection.objects.filter(cloud=cloud).update(finished_at=timezone.now(), error=error)


def collect(cloud: m.Cloud, gateway: Calls, now: datetime | None = None) -> int:
    """Sample `cloud`; the caller holds the claim. Returns the number of points written.

    A place that can't be read gets no point: a gap, not an old value at a new time. Never raises for what CloudStack or
    the network does; the error is kept beside the cloud's collection.
    """
    now = (now or timezone.now()).replace(microsecond=0)
    state = CapacityCollection.objects.get(cloud=cloud)
    error, failed, written = "", 0, 0
    readings: list[Reading] = []
    try:
        if state.thresholds_at is None or now - state.thresholds_at >= THRESHOLDS_EVERY:
            read_thresholds(cloud, gateway)
            state.thresholds_at = now
    except CloudStackError as refused:
        # Without the right to read settings the figures still count.
        error = str(refused)
    try:
        readings, failed = _listed(cloud, gateway)
    except CloudStackError as refused:
        error = str(refused)
    else:
        readings += list(_pools(cloud))
        hosts = list(_hosts(cloud))
        with transaction.atomic():
            written = _store(cloud, readings, now, Resolution.RAW, now)
            # A thousand hosts every five minutes would be a million rows a day: hosts have a point an hour.
            written += _store(cloud, hosts, now, Resolution.HOUR, now.replace(minute=0, second=0))
            publish(topic_of(CLOUD, cloud.uuid), "capacity.sampled", {"at": now.isoformat()})
    finally:
        CapacityCollection.objects.filter(pk=state.pk).update(
            finished_at=timezone.now(), error=error, places_failed=failed, thresholds_at=state.thresholds_at
        )
    return written


def _listed(cloud: m.Cloud, gateway: Calls) -> tuple[list[Reading], int]:
    """Zones in one call, each pod and cluster in one of its own. Raises when the first one fails."""

    def places(model: Any) -> list[Any]:
        return list(model.objects.filter(cloud=cloud, gone_at__isnull=True).order_by("pk"))

    by_id = {zone.cloudstack_id: zone for zone in places(m.Zone)}
    found: list[Reading] = []
    for row in gateway.call("listCapacity").get("capacity", []):
        zone = by_id.get(row.get("zoneid", ""))
        # A zone that the next sync will bring has no place to hang its figures on yet.
        if zone is not None:
            found += _reading(Level.ZONE, zone.uuid, row)
    asked = [(Level.POD, "podid", pod) for pod in places(m.Pod)]
    asked += [(Level.CLUSTER, "clusterid", cluster) for cluster in places(m.Cluster)]
    failed = silent = 0
    for number, (level, parameter, place) in enumerate(asked):
        try:
            answer = gateway.call("listCapacity", **{parameter: place.cloudstack_id})
        except CloudStackError as error:
            log.info("capacity.place_unread", place=str(place.uuid), error=type(error).__name__)
            failed += 1
            silent += isinstance(error, SILENCE)
            if silent == ENOUGH_SILENCE:
                # It stopped answering on the way: waiting for every other place would take an hour.
                return found, failed + len(asked) - number - 1
            continue
        silent = 0
        for row in answer.get("capacity", []):
            found += _reading(level, place.uuid, row)
    return found, failed


def _reading(level: str, place: uuid.UUID, row: dict[str, Any]) -> Iterator[Reading]:
    number, used, total = _whole(row.get("type")), _whole(row.get("capacityused")), _whole(row.get("capacitytotal"))
    if number is None or used is None or total is None:
        return
    allocated = _whole(row.get("capacityallocated"))
    # "Allocated" counts what is held for instances that stopped a short while ago on top of what is used.
    reserved = max(0, allocated - used) if allocated is not None else 0
    yield Reading(level, place, number, str(row.get("name", ""))[:80], used, total, reserved)


def _whole(value: object) -> int | None:
    try:
        return int(float(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None


def _pools(cloud: m.Cloud) -> Iterator[Reading]:
    for pool in m.StoragePool.objects.filter(cloud=cloud, gone_at__isnull=True):
        yield from pool_readings(pool)


def pool_readings(pool: m.StoragePool) -> Iterator[Reading]:
    """Used and allocated storage of a pool as its row has it; the allocated total includes over-provisioning."""
    if pool.size_total_bytes is None:
        return
    if pool.size_used_bytes is not None:
        yield Reading(Level.POOL, pool.uuid, 2, "STORAGE", pool.size_used_bytes, pool.size_total_bytes)
    if pool.size_allocated_bytes is not None:
        total = int(pool.size_total_bytes * (pool.overprovision_factor or 1))
        yield Reading(Level.POOL, pool.uuid, 3, "STORAGE_ALLOCATED", pool.size_allocated_bytes, total)


def _hosts(cloud: m.Cloud) -> Iterator[Reading]:
    for host in m.Host.objects.filter(cloud=cloud, gone_at__isnull=True):
        yield from host_readings(host)


def host_readings(host: m.Host) -> Iterator[Reading]:
    """Allocated memory and CPU of a host as its row has them, after over-provisioning."""
    if host.memory_total_bytes is not None and host.memory_allocated_bytes is not None:
        yield Reading(Level.HOST, host.uuid, 0, "MEMORY", host.memory_allocated_bytes, host.memory_total_bytes)
    if host.cpu_total_mhz is not None and host.cpu_allocated_mhz is not None:
        yield Reading(Level.HOST, host.uuid, 1, "CPU", int(host.cpu_allocated_mhz), int(host.cpu_total_mhz))


def _store(cloud: m.Cloud, readings: Iterable[Reading], now: datetime, resolution: int, at: datetime) -> int:
    rows = list({reading.key: reading for reading in readings}.values())
    CapacitySeries.objects.bulk_create(
        [
            CapacitySeries(
                cloud=cloud,
                level=reading.level,
                place_uuid=reading.place_uuid,
                type_number=reading.type_number,
                type_name=reading.type_name,
                used=reading.used,
                reserved=reading.reserved,
                total=reading.total,
                sampled_at=now,
            )
            for reading in rows
        ],
        update_conflicts=True,
        unique_fields=["cloud", "level", "place_uuid", "type_number"],
        update_fields=["type_name", "used", "reserved", "total", "sampled_at"],
        batch_size=500,
    )
    levels = {reading.level for reading in rows}
    keys = {
        (series.level, series.place_uuid, series.type_number): series.pk
        for series in CapacitySeries.objects.filter(cloud=cloud, level__in=levels, sampled_at=now).only(
            "pk", "level", "place_uuid", "type_number"
        )
    }
    CapacitySample.objects.bulk_create(
        [
            CapacitySample(
                series_id=keys[reading.key],
                resolution=resolution,
                at=at,
                used=reading.used,
                peak=reading.used,
                total=reading.total,
            )
            for reading in rows
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return len(rows)
