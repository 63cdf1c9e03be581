"""Where a VM is placed and why it is refused, by CloudStack's own order of decisions.

Pure: it sees a snapshot (``placement.py``) and changes nothing.  The order and the sentences follow what a 4.23
management
server does and logs (``FirstFitPlanner``, ``FirstFitAllocator``, the storage pool allocators).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from provisioning.simulator.placement import (
    ClusterView,
    Demand,
    HostView,
    NoDestination,
    NoSuitableHost,
    Placement,
    PoolView,
    Site,
    VolumeDemand,
)


def has_room(host: HostView, cluster: ClusterView, demand: Demand, *, from_reserved: bool = False) -> str | None:
    """None when the host can take it, else the sentence CloudStack logs (CPU is looked at before RAM)."""
    if host.cores < demand.cores or host.mhz < demand.mhz_per_core:
        return (
            f"Host: {host.name} doesn't have cpu capability (cpu:{host.cores}, speed:{host.mhz}) to support requested "
            f"CPU: {demand.cores} and requested speed: {demand.mhz_per_core}"
        )
    total_mhz = host.cores * host.mhz * cluster.cpu_ratio
    total_memory = host.memory_bytes * cluster.memory_ratio
    reserved_mhz = max(0, host.reserved_mhz - demand.mhz) if from_reserved else host.reserved_mhz
    reserved_memory = (
        max(0, host.reserved_memory_bytes - demand.memory_bytes) if from_reserved else host.reserved_memory_bytes
    )
    if host.used_mhz + reserved_mhz + demand.mhz > total_mhz:
        return "Host does not have enough CPU available, cannot allocate to this host."
    if host.used_memory_bytes + reserved_memory + demand.memory_bytes > total_memory:
        return "Host does not have enough RAM available, cannot allocate to this host."
    return None


def pool_refusal(pool: PoolView, host: HostView, volume: VolumeDemand, pending_bytes: int = 0) -> str | None:
    """None when the pool can hold the volume for a VM on this host, else why not."""
    if pool.state != "Up":
        return f"pool is {pool.state}"
    if pool.scope == "HOST":
        if pool.host_id != host.id:
            return "local storage of another host"
        if not volume.local:
            return "offering asks for shared storage"
    else:
        if volume.local:
            return "offering asks for local storage"
        if pool.scope == "CLUSTER" and pool.cluster_id != host.cluster_id:
            return "pool of another cluster"
    if not volume.tags <= pool.tags:
        return f"pool lacks tags {sorted(volume.tags - pool.tags)}"
    if pool.capacity_bytes <= 0:
        return "pool has no capacity"
    if pool.used_bytes / pool.capacity_bytes >= pool.used_disable_threshold:
        return "pool has crossed the pool.storage.capacity.disablethreshold"
    total = pool.capacity_bytes * pool.factor
    need = pool.allocated_bytes + pending_bytes + volume.size_bytes + volume.template_bytes
    if need / total > pool.allocated_disable_threshold:
        return "pool has crossed the pool.storage.allocated.capacity.disablethreshold"
    if need > total:
        return "Insufficient un-allocated capacity"
    return None


def choose_pools(site: Site, host: HostView, demand: Demand, rng: random.Random) -> tuple[str, ...] | None:
    """A pool for every volume on this host, allocators in order local, cluster, zone; None when one has none."""
    chosen: list[str] = []
    pending: dict[str, int] = {}
    for volume in demand.volumes:
        if volume.pool_id is not None:
            pool = next((p for p in site.pools if p.id == volume.pool_id), None)
            if pool is None or not _reaches(pool, host):
                return None
            chosen.append(volume.pool_id)
            continue
        for scope in ("HOST", "CLUSTER", "ZONE"):
            fits = [
                p
                for p in site.pools
                if p.scope == scope
                and p.hypervisor in (None, "Any", demand.hypervisor)
                and pool_refusal(p, host, volume, pending.get(p.id, 0)) is None
            ]
            if fits:
                picked = rng.choice(fits)
                pending[picked.id] = pending.get(picked.id, 0) + volume.size_bytes
                chosen.append(picked.id)
                break
        else:
            return None
    return tuple(chosen)


def plan(site: Site, demand: Demand, rng: random.Random) -> Placement:
    """The place for one VM.

    Raises NoSuitableHost when the offering's host tags are on no host of the cloud, NoDestination otherwise.
    """
    reasons: dict[str, str] = {}
    if not site.enabled and not demand.ignore_disabled:
        raise NoDestination("zone is disabled", {"zone": "allocation state is Disabled"})
    if site.zone_dedicated_to is not None and site.zone_dedicated_to not in demand.account_ids:
        raise NoDestination("zone is dedicated", {"zone": "dedicated to another account"})
    avoid = _avoided(site, demand, reasons)
    by_id = {h.id: h for h in site.hosts}
    if demand.host_id is not None:
        return _on_given_host(site, demand, by_id, reasons, rng)
    if demand.last_host_id is not None and demand.last_host_id in by_id and demand.last_host_id not in avoid:
        placed = _on_last_host(site, demand, by_id[demand.last_host_id], rng)
        if placed is not None:
            return placed
    clusters = _clusters(site, demand, reasons, rng)
    for cluster in clusters:
        hosts = _hosts(site, cluster, demand, avoid, reasons)
        if site.host_order == "random":
            rng.shuffle(hosts)
        elif site.host_order == "userdispersing":
            hosts.sort(key=lambda h: h.vm_count)
        elif site.host_order == "firstfitleastconsumed":
            hosts.sort(key=lambda h: h.used_mhz / max(1, h.cores * h.mhz))
        for host in hosts:
            refusal = has_room(host, cluster, demand)
            if refusal is None and host.vm_limit is not None and host.vm_count >= host.vm_limit:
                refusal = "host already has the maximum number of running VMs"
            if refusal is not None:
                reasons[host.id] = refusal
                continue
            pools = choose_pools(site, host, demand, rng)
            if pools is None:
                reasons[host.id] = "no storage pool for every volume"
                continue
            return Placement(host.id, pools)
    raise NoDestination("no destination", reasons)


def migration_targets(site: Site, demand: Demand, current_host_id: str) -> list[tuple[HostView, str | None]]:
    """Every Up and Enabled host but the current one, with None (suitable) or the reason why not."""
    found: list[tuple[HostView, str | None]] = []
    for host in site.hosts:
        if host.id == current_host_id or not host.up or not host.enabled:
            continue
        cluster = site.clusters.get(host.cluster_id)
        if cluster is None or cluster.hypervisor != demand.hypervisor:
            continue
        refusal = has_room(host, cluster, demand)
        if refusal is None and not demand.host_tags <= host.tags:
            refusal = "host lacks tags"
        if refusal is None and host.id in demand.anti_hosts:
            refusal = "another VM of its anti-affinity group runs there"
        if refusal is None and any(
            v.pool_id is not None and not _reaches(_pool(site, v.pool_id), host) for v in demand.volumes
        ):
            refusal = "storage is out of reach"
        found.append((host, refusal))
    return found


def _pool(site: Site, pool_id: str) -> PoolView | None:
    return next((p for p in site.pools if p.id == pool_id), None)


def _reaches(pool: PoolView | None, host: HostView) -> bool:
    if pool is None:
        return False
    if pool.scope == "HOST":
        return pool.host_id == host.id
    return pool.scope == "ZONE" or pool.cluster_id == host.cluster_id


def _foreign(owner: str | None, demand: Demand) -> bool:
    """Dedicated to someone else, or dedicated at all when the VM is in no dedication group."""
    return owner is not None and not (demand.explicit and owner in demand.account_ids)


def _avoided(site: Site, demand: Demand, reasons: dict[str, str]) -> set[str]:
    avoid: set[str] = set(demand.avoid_hosts)
    for host in site.hosts:
        cluster = site.clusters.get(host.cluster_id)
        why = None
        if cluster is None:
            why = "cluster is gone"
        elif any(
            _foreign(owner, demand)
            for owner in (host.dedicated_to, cluster.dedicated_to, site.dedicated_pods.get(host.pod_id))
        ):
            why = "dedicated to another owner"
        elif not demand.ignore_disabled and (host.pod_id not in site.enabled_pods or not cluster.enabled):
            why = "pod or cluster is disabled"
        elif cluster.arch != demand.arch:
            why = "architecture differs from the template's"
        elif host.id in demand.anti_hosts:
            why = "runs another VM of its anti-affinity group"
        elif demand.affinity_hosts is not None and demand.affinity_hosts and host.id not in demand.affinity_hosts:
            why = "runs no VM of its affinity group"
        if why is not None:
            avoid.add(host.id)
            reasons[host.id] = why
    return avoid


def _on_given_host(
    site: Site, demand: Demand, by_id: Mapping[str, HostView], reasons: dict[str, str], rng: random.Random
) -> Placement:
    """The operator's host: affinity, tags and capacity are not planned, but too little room fails the start."""
    host = by_id.get(demand.host_id or "")
    if host is None or not host.up or not host.enabled:
        raise NoDestination("the given host cannot be used", reasons)
    cluster = site.clusters[host.cluster_id]
    refusal = has_room(host, cluster, demand)
    if refusal is not None:
        raise NoDestination("the given host has no room", {host.id: "Host does not have enough capacity for vm"})
    pools = choose_pools(site, host, demand, rng)
    if pools is None:
        raise NoDestination("no storage pool for the given host", {host.id: "no storage pool for every volume"})
    return Placement(host.id, pools)


def _on_last_host(site: Site, demand: Demand, host: HostView, rng: random.Random) -> Placement | None:
    cluster = site.clusters.get(host.cluster_id)
    if cluster is None or not host.up or not host.enabled or not demand.host_tags <= host.tags:
        return None
    if has_room(host, cluster, demand, from_reserved=True) is not None:
        return None
    pools = choose_pools(site, host, demand, rng)
    return None if pools is None else Placement(host.id, pools)


def _share(hosts: Iterable[HostView], cluster: ClusterView, demand: Demand) -> tuple[float, float]:
    """(used + reserved + need) / total of the cluster for CPU and for RAM; 1.0 and more when it has nothing."""
    total_mhz = total_memory = 0.0
    used_mhz = used_memory = 0
    for host in hosts:
        if not host.enabled:
            continue
        total_mhz += host.cores * host.mhz * cluster.cpu_ratio
        total_memory += host.memory_bytes * cluster.memory_ratio
        used_mhz += host.used_mhz + host.reserved_mhz
        used_memory += host.used_memory_bytes + host.reserved_memory_bytes
    cpu = (used_mhz + demand.mhz) / total_mhz if total_mhz else 2.0
    memory = (used_memory + demand.memory_bytes) / total_memory if total_memory else 2.0
    return cpu, memory


def _clusters(site: Site, demand: Demand, reasons: dict[str, str], rng: random.Random) -> list[ClusterView]:
    by_cluster: dict[str, list[HostView]] = {}
    for host in site.hosts:
        by_cluster.setdefault(host.cluster_id, []).append(host)
    kept: list[tuple[float, ClusterView]] = []
    tag_sets = (*(h.tags for h in site.hosts), *site.cloud_tags)
    if demand.host_tags and not any(demand.host_tags <= tags for tags in tag_sets):
        raise NoSuitableHost("No suitable host found.", {"cloud": "no host carries the offering's tags"})
    for cluster in site.clusters.values():
        hosts = by_cluster.get(cluster.id, [])
        cpu, memory = _share(hosts, cluster, demand)
        why = None
        if not any(h.cores * h.mhz * cluster.cpu_ratio - h.used_mhz >= demand.mhz for h in hosts) or not any(
            h.memory_bytes * cluster.memory_ratio - h.used_memory_bytes >= demand.memory_bytes for h in hosts
        ):
            why = "no host of the cluster has enough capacity"
        elif (site.threshold_enabled or not demand.is_start) and (
            cpu > cluster.cpu_disable_threshold or memory > cluster.memory_disable_threshold
        ):
            why = (
                f"Cannot allocate cluster list [{cluster.id}] for VM creation since their allocated percentage crosses "
                "the disable capacity threshold"
            )
        elif demand.host_tags and not any(demand.host_tags <= h.tags for h in hosts):
            why = "no host of the cluster carries the offering's tags"
        elif cluster.hypervisor != demand.hypervisor:
            why = f"cluster runs {cluster.hypervisor}"
        if why is not None:
            reasons[cluster.id] = why
            continue
        order = {"CPU": cpu, "RAM": memory}.get(site.order_by, (cpu + memory) / 2)
        kept.append((order, cluster))
    # Equally used clusters come in no order.
    rng.shuffle(kept)
    kept.sort(key=lambda pair: pair[0])
    return [cluster for _, cluster in kept]


def _hosts(
    site: Site, cluster: ClusterView, demand: Demand, avoid: set[str], reasons: dict[str, str]
) -> list[HostView]:
    fit = []
    for host in site.hosts:
        if host.cluster_id != cluster.id or host.id in avoid:
            continue
        if not host.up:
            reasons[host.id] = "host is not Up"
        elif not host.enabled:
            reasons[host.id] = "host is not Enabled"
        elif not demand.host_tags <= host.tags:
            reasons[host.id] = "host lacks the offering's tags"
        else:
            fit.append(host)
    return fit
