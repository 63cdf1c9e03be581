"""What the planner sees: a snapshot of one zone's clusters, hosts and pools, and what is to be placed.

Memory and storage sizes are bytes, CPU is MHz.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One cluster; ratios over-provision, thresholds are shares of the over-provisioned total."""

    id: str
    pod_id: str
    hypervisor: str
    enabled: bool = True
    arch: str = "x86_64"
    cpu_ratio: float = 1.0
    memory_ratio: float = 1.0
    cpu_disable_threshold: float = 0.85
    memory_disable_threshold: float = 0.85
    dedicated_to: str | None = None


@dataclass(slots=True)
class HostView:
    """One routing host; totals are physical, used and reserved are what its VMs were promised."""

    id: str
    name: str
    cluster_id: str
    pod_id: str
    up: bool
    enabled: bool
    cores: int
    mhz: int
    memory_bytes: int
    used_mhz: int = 0
    used_memory_bytes: int = 0
    reserved_mhz: int = 0
    reserved_memory_bytes: int = 0
    used_cores: int = 0
    tags: frozenset[str] = frozenset()
    dedicated_to: str | None = None
    vm_count: int = 0
    vm_limit: int | None = None


@dataclass(slots=True)
class PoolView:
    """One primary storage pool. ``scope`` is CLUSTER, ZONE or HOST (local storage, then ``host_id``)."""

    id: str
    scope: str
    state: str
    capacity_bytes: int
    used_bytes: int
    allocated_bytes: int
    cluster_id: str | None = None
    host_id: str | None = None
    hypervisor: str | None = None
    tags: frozenset[str] = frozenset()
    factor: float = 2.0
    used_disable_threshold: float = 0.85
    allocated_disable_threshold: float = 0.85


@dataclass(frozen=True, slots=True)
class VolumeDemand:
    """One volume to place; ``pool_id`` when it already lies somewhere."""

    size_bytes: int
    tags: frozenset[str] = frozenset()
    local: bool = False
    pool_id: str | None = None
    template_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be started.

    ``account_ids`` are the owners whose dedications it may use (account and its domains); ``anti_hosts`` run members of
    its anti-affinity groups, ``affinity_hosts`` those of its affinity group (None: no such group); ``avoid_hosts`` were
    tried already; ``host_id`` is the operator's choice; ``explicit`` says that it is in a dedication group.
    """

    cores: int
    mhz_per_core: int
    memory_bytes: int
    hypervisor: str
    volumes: tuple[VolumeDemand, ...] = ()
    host_tags: frozenset[str] = frozenset()
    arch: str = "x86_64"
    account_ids: frozenset[str] = frozenset()
    explicit: bool = False
    anti_hosts: frozenset[str] = frozenset()
    affinity_hosts: frozenset[str] | None = None
    avoid_hosts: frozenset[str] = frozenset()
    host_id: str | None = None
    last_host_id: str | None = None
    is_start: bool = False
    ignore_disabled: bool = False

    @property
    def mhz(self) -> int:
        return self.cores * self.mhz_per_core


@dataclass(frozen=True, slots=True)
class Site:
    """What the planner sees of one zone; ``cloud_tags`` are the tag sets of hosts in other zones."""

    enabled: bool
    enabled_pods: frozenset[str]
    clusters: Mapping[str, ClusterView]
    hosts: Sequence[HostView]
    pools: Sequence[PoolView]
    zone_dedicated_to: str | None = None
    dedicated_pods: Mapping[str, str] = field(default_factory=dict)
    threshold_enabled: bool = True
    order_by: str = "CPU"
    host_order: str = "random"
    cloud_tags: Collection[frozenset[str]] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """The chosen host and, for every volume in the order asked, its pool."""

    host_id: str
    pool_ids: tuple[str, ...]


class Refused(Exception):
    """No place.  ``reasons`` holds a sentence per object that was looked at, by its id."""

    def __init__(self, text: str, reasons: Mapping[str, str]) -> None:
        super().__init__(text)
        self.reasons = dict(reasons)


class NoDestination(Refused):
    """Nothing fits now: the job fails with 533."""


class NoSuitableHost(Refused):
    """No host of the cloud carries the offering's tags: the job fails with 530 ``No suitable host found.``"""
