"""The capacity types of `listCapacity` (CloudStack's Capacity.java): names, units, thresholds.

A number that is not here is kept and shown as CloudStack names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Unit(StrEnum):
    """What a type is counted in."""

    BYTES = "bytes"
    MHZ = "MHz"
    COUNT = ""


@dataclass(frozen=True)
class CapacityType:
    """`notify` and `disable` are names of the global settings that hold the thresholds, "" where CloudStack has none.
    `judged_at` is the level at which CloudStack applies them; `impact` is the manual's (M1–M6) of running out."""

    number: int
    name: str
    label: Promise | str
    unit: Unit
    judged_at: str = ""
    notify: str = ""
    disable: str = ""
    impact: int = 7
    # Thresholds of a single pool, where pools have their own.
    pool_disable: str = ""


_ALL = (
    CapacityType(0, "MEMORY", _("Memory"), Unit.BYTES, "cluster",
                 "cluster.memory.allocated.capacity.notificationthreshold",
                 "cluster.memory.allocated.capacity.disablethreshold", 9),
    CapacityType(1, "CPU", _("CPU"), Unit.MHZ, "cluster",
                 "cluster.cpu.allocated.capacity.notificationthreshold",
                 "cluster.cpu.allocated.capacity.disablethreshold", 9),
    CapacityType(90, "CPU_CORE", _("CPU cores"), Unit.COUNT, impact=9),
    CapacityType(3, "STORAGE_ALLOCATED", _("Primary allocated"), Unit.BYTES, "cluster",
                 "cluster.storage.allocated.capacity.notificationthreshold",
                 "pool.storage.allocated.capacity.disablethreshold", 9,
                 "pool.storage.allocated.capacity.disablethreshold"),
    CapacityType(2, "STORAGE", _("Primary used"), Unit.BYTES, "cluster",
                 "cluster.storage.capacity.notificationthreshold",
                 "pool.storage.capacity.disablethreshold", 9, "pool.storage.capacity.disablethreshold"),
    CapacityType(6, "SECONDARY_STORAGE", _("Secondary"), Unit.BYTES, "zone",
                 "zone.secstorage.capacity.notificationthreshold", "secondary.storage.capacity.threshold", 8),
    CapacityType(4, "VIRTUAL_NETWORK_PUBLIC_IP", _("Public addresses"), Unit.COUNT, "zone",
                 "zone.virtualnetwork.publicip.capacity.notificationthreshold"),
    CapacityType(7, "VLAN", _("VLANs"), Unit.COUNT, "zone", "zone.vlan.capacity.notificationthreshold"),
    CapacityType(5, "PRIVATE_IP", _("Private addresses"), Unit.COUNT, "pod",
                 "pod.privateip.capacity.notificationthreshold"),
    CapacityType(8, "DIRECT_ATTACHED_PUBLIC_IP", _("Shared network addresses"), Unit.COUNT, "zone",
                 "zone.directnetwork.publicip.capacity.notificationthreshold"),
    CapacityType(9, "LOCAL_STORAGE", _("Local storage"), Unit.BYTES, "cluster",
                 "cluster.localStorage.capacity.notificationthreshold",
                 "pool.storage.allocated.capacity.disablethreshold", 9),
    CapacityType(10, "VIRTUAL_NETWORK_IPV6_SUBNET", _("IPv6 subnets"), Unit.COUNT, "zone",
                 "zone.virtualnetwork.ipv6subnet.capacity.notificationthreshold"),
    CapacityType(19, "GPU", _("GPUs"), Unit.COUNT),
    CapacityType(20, "OBJECT_STORAGE", _("Object storage"), Unit.BYTES, "zone",
                 "objectStorage.capacity.notificationthreshold", impact=5),
    CapacityType(21, "BACKUP_STORAGE", _("Backup storage"), Unit.BYTES, "zone",
                 "zone.backupStorage.capacity.notificationthreshold", impact=5),
)  # fmt: skip
TYPES: dict[int, CapacityType] = {kind.number: kind for kind in _ALL}
# The order in which pages list them; the first eight are always shown.
ORDER: dict[int, int] = {kind.number: place for place, kind in enumerate(_ALL)}
ALWAYS_SHOWN = tuple(kind.number for kind in _ALL[:8])


def type_of(number: int, name: str = "") -> CapacityType:
    """The type with this number; one made up from CloudStack's own `name` when we don't know the number."""
    known = TYPES.get(number)
    if known is not None:
        return known
    return CapacityType(number, name or f"TYPE_{number}", name or f"type {number}", Unit.COUNT, impact=5)
