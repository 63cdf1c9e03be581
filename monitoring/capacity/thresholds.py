"""The cloud's own thresholds, from its settings, with the scopes it knows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import structlog
from django.db import transaction

from monitoring.capacity.models import CapacityThreshold
from monitoring.capacity.types import TYPES, CapacityType
from provisioning.cloudstack.errors import Busy, CloudStackError, NotCloudStack, Unreachable
from provisioning.inventory import models as m

log = structlog.get_logger(__name__)

NAMES = frozenset(
    name for kind in TYPES.values() for name in (kind.notify, kind.disable, kind.pool_disable) if name
)  # fmt: skip
# Every threshold setting has this in its name; `name` of listConfigurations is a "contains".
_COMMON = "threshold"


# What a cloud that no longer answers raises, and how often in a row is enough to stop asking.
SILENCE = (Unreachable, Busy, NotCloudStack)
ENOUGH_SILENCE = 3


class Calls(Protocol):
    """What is needed of a gateway."""

    def call(self, command: str, /, **params: Any) -> dict[str, Any]: ...


def read_thresholds(cloud: m.Cloud, gateway: Calls) -> None:
    """Read the settings for everything and for each zone, cluster and pool, and store what differs from the parent's.

    Raises the gateway's errors when the global ones can't be read (nothing is changed then); a single place that fails
    keeps what is known about it.
    """
    overall = dict(_values(gateway.call("listConfigurations", name=_COMMON)))
    rows = [CapacityThreshold(cloud=cloud, name=name, value=value) for name, value in overall.items()]
    failed: set[uuid.UUID] = set()
    silent = 0
    zones: dict[int, dict[str, float]] = {}
    clusters: dict[int, dict[str, float]] = {}
    for parameter, places, known in _scopes(cloud):
        for place in places:
            parent = (
                clusters.get(getattr(place, "cluster_id", None) or 0)
                or zones.get(getattr(place, "zone_id", None) or 0)
                or overall
            )
            try:
                own = dict(
                    _values(gateway.call("listConfigurations", name=_COMMON, **{parameter: place.cloudstack_id}))
                )
            except CloudStackError as error:
                log.info("capacity.thresholds_unread", place=str(place.uuid), error=type(error).__name__)
                failed.add(place.uuid)
                silent += isinstance(error, SILENCE)
                if silent == ENOUGH_SILENCE:
                    raise
                continue
            silent = 0
            merged = {**parent, **own}
            if known == "zone":
                zones[place.pk] = merged
            elif known == "cluster":
                clusters[place.pk] = merged
            rows += [
                CapacityThreshold(cloud=cloud, name=name, value=value, place_uuid=place.uuid)
                for name, value in own.items()
                if value != overall.get(name)
            ]
    with transaction.atomic():
        CapacityThreshold.objects.filter(cloud=cloud).exclude(place_uuid__in=failed).delete()
        CapacityThreshold.objects.bulk_create(rows, batch_size=500)


def _scopes(cloud: m.Cloud) -> Iterator[tuple[str, Iterable[Any], str]]:
    def present(model: Any) -> Any:
        return model.objects.filter(cloud=cloud, gone_at__isnull=True).order_by("pk")

    yield "zoneid", present(m.Zone), "zone"
    yield "clusterid", present(m.Cluster), "cluster"
    yield "storageid", present(m.StoragePool), "pool"


def _values(answer: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for row in answer.get("configuration", []):
        if row.get("name") not in NAMES:
            continue
        try:
            value = float(row.get("value", ""))
        except (TypeError, ValueError):
            continue
        if 0 < value <= 1:
            yield row["name"], value


class Thresholds:
    """Thresholds of one cloud as stored: the narrowest scope wins (pool → cluster → zone → everything)."""

    def __init__(self, cloud: m.Cloud) -> None:
        self._known = {
            (row.name, row.place_uuid): row.value for row in CapacityThreshold.objects.filter(cloud=cloud)
        }  # fmt: skip

    def notify(self, kind: CapacityType, *places: uuid.UUID | None) -> float | None:
        """The fraction from which CloudStack alerts; None when it has none. `places` narrowest first."""
        return self._value(kind.notify, places)

    def disable(self, kind: CapacityType, *places: uuid.UUID | None, pool: bool = False) -> float | None:
        """The fraction from which nothing new is placed; None when CloudStack has no such limit."""
        return self._value((kind.pool_disable or kind.disable) if pool else kind.disable, places)

    def _value(self, name: str, places: tuple[uuid.UUID | None, ...]) -> float | None:
        if not name:
            return None
        for place in (*places, None):
            value = self._known.get((name, place))
            if value is not None:
                return value
        return None
