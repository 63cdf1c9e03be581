"""From the cloud's objects to the planner's snapshot, and from a VM to what it demands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.simulator import mocks
from provisioning.simulator.fabric import dice
from provisioning.simulator.limits import vm_size
from provisioning.simulator.placement import (
    ClusterView,
    Demand,
    HostView,
    NoDestination,
    Placement,
    PoolView,
    Site,
    VolumeDemand,
)
from provisioning.simulator.planner import plan
from provisioning.simulator.usage import MIB, HostUsage, ledger, pool_allocated

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


def words(text: object) -> frozenset[str]:
    """A comma list of tags as a set."""
    return frozenset(part.strip() for part in str(text or "").split(",") if part.strip())


def number(sim: Simulator, name: str, scope: Obj | None, fallback: float) -> float:
    value = sim.setting(name, scope)
    try:
        return float(value) if value not in (None, "") else fallback
    except ValueError:
        return fallback


def ratio(sim: Simulator, cluster: Obj, which: str) -> float:
    """A cluster's own over-commit ratio (``cpu`` or ``memory``), kept from when it was added."""
    own = cluster.get(f"{which}overcommitratio")
    if own not in (None, ""):
        return float(own)
    return number(sim, "cpu.overprovisioning.factor" if which == "cpu" else "mem.overprovisioning.factor", cluster, 1.0)


def dedications(sim: Simulator) -> dict[str, str]:
    """Dedicated zone, pod, cluster or host → the account or domain that it is kept for."""
    return {str(d["resourceid"]): str(d.get("accountid") or d["domainid"]) for d in sim.state.all("dedicatedresource")}


def cluster_view(sim: Simulator, cluster: Obj, owners: dict[str, str]) -> ClusterView:
    return ClusterView(
        id=cluster.uuid,
        pod_id=cluster["podid"],
        hypervisor=str(cluster.get("hypervisortype") or cluster.get("hypervisor")),
        enabled=cluster.get("allocationstate", "Enabled") == "Enabled"
        and cluster.get("managedstate", "Managed") == "Managed",
        arch=str(cluster.get("arch") or "x86_64"),
        cpu_ratio=ratio(sim, cluster, "cpu"),
        memory_ratio=ratio(sim, cluster, "memory"),
        cpu_disable_threshold=number(sim, "cluster.cpu.allocated.capacity.disablethreshold", cluster, 0.85),
        memory_disable_threshold=number(sim, "cluster.memory.allocated.capacity.disablethreshold", cluster, 0.85),
        dedicated_to=owners.get(cluster.uuid),
    )


def host_view(host: Obj, usage: HostUsage, owners: dict[str, str]) -> HostView:
    return HostView(
        id=host.uuid,
        name=host["name"],
        cluster_id=host["clusterid"],
        pod_id=host["podid"],
        up=host["state"] == "Up",
        enabled=host.get("resourcestate", "Enabled") == "Enabled",
        cores=int(host["cpunumber"]),
        mhz=int(host["cpuspeed"]),
        memory_bytes=int(host["memorytotal"]),
        used_mhz=usage.used_mhz,
        used_memory_bytes=usage.used_memory_bytes,
        reserved_mhz=usage.reserved_mhz,
        reserved_memory_bytes=usage.reserved_memory_bytes,
        used_cores=usage.used_cores,
        tags=words(host.get("hosttags")),
        dedicated_to=owners.get(host.uuid),
        vm_count=usage.vm_count,
    )


def pool_view(sim: Simulator, pool: Obj) -> PoolView:
    return PoolView(
        id=pool.uuid,
        scope=str(pool.get("scope") or "CLUSTER"),
        state=pool["state"],
        capacity_bytes=int(pool.get("capacitybytes") or 0),
        used_bytes=int(pool.get("_used_bytes") or 0),
        allocated_bytes=pool_allocated(sim, pool.uuid) + int(pool.get("_template_bytes") or 0),
        cluster_id=pool.get("clusterid"),
        host_id=pool.get("hostid"),
        hypervisor=None if pool.get("scope") != "ZONE" else pool.get("hypervisor"),
        tags=words(pool.get("tags")),
        factor=number(sim, "storage.overprovisioning.factor", pool, 2.0),
        used_disable_threshold=number(sim, "pool.storage.capacity.disablethreshold", pool, 0.85),
        allocated_disable_threshold=number(sim, "pool.storage.allocated.capacity.disablethreshold", pool, 0.85),
    )


def site(sim: Simulator, zone: Obj) -> Site:
    """The planner's view of one zone."""
    state = sim.state
    owners = dedications(sim)
    usage = ledger(sim).hosts(sim)
    hosts = [
        host_view(host, usage.get(host.uuid, HostUsage()), owners)
        for host in state.table("host").where(zoneid=zone.uuid)
        if host.get("type", "Routing") == "Routing"
    ]
    pods = state.table("pod").where(zoneid=zone.uuid)
    return Site(
        enabled=zone.get("allocationstate") == "Enabled",
        enabled_pods=frozenset(p.uuid for p in pods if p.get("allocationstate", "Enabled") == "Enabled"),
        clusters={c.uuid: cluster_view(sim, c, owners) for c in state.table("cluster").where(zoneid=zone.uuid)},
        hosts=hosts,
        pools=[pool_view(sim, pool) for pool in state.table("pool").where(zoneid=zone.uuid)],
        zone_dedicated_to=owners.get(zone.uuid),
        dedicated_pods={p.uuid: owners[p.uuid] for p in pods if p.uuid in owners},
        threshold_enabled=sim.setting("cluster.threshold.enabled") != "false",
        order_by=sim.setting("host.capacityType.to.order.clusters") or "CPU",
        host_order=sim.setting("vm.allocation.algorithm") or "random",
        cloud_tags=[
            words(h.get("hosttags")) for h in state.all("host") if h.get("zoneid") != zone.uuid and h.get("hosttags")
        ],
    )


def volume_demand(sim: Simulator, volume: Obj) -> VolumeDemand:
    offering = sim.state.get("diskoffering", volume.get("diskofferingid"))
    service = sim.state.get("serviceoffering", volume.get("serviceofferingid"))
    source = offering or service
    return VolumeDemand(
        size_bytes=int(volume["size"]),
        tags=words((source.get("tags") or source.get("storagetags")) if source is not None else None),
        local=bool(source is not None and source.get("storagetype") == "local"),
        pool_id=volume.get("storageid"),
    )


def affinity(sim: Simulator, vm: Obj) -> tuple[frozenset[str], frozenset[str] | None, bool]:
    """Hosts to keep away from, hosts to join (None: no such group), whether it is in a dedication group."""
    anti: set[str] = set()
    join: set[str] | None = None
    explicit = False
    for uuid in vm.get("affinitygroupids") or ():
        group = sim.state.get("affinitygroup", uuid)
        if group is None or group.removed_at is not None:
            continue
        others = {
            str(other.get("hostid") or other.get("lasthostid"))
            for other in sim.state.table("vm").where(accountid=vm["accountid"])
            if other is not vm
            and uuid in (other.get("affinitygroupids") or ())
            and (other.get("hostid") or other.get("lasthostid"))
        }
        if group["type"] == "host anti-affinity":
            anti |= others
        elif group["type"] == "host affinity":
            join = others if join is None else join & others
        elif group["type"] == "ExplicitDedication":
            explicit = True
    return frozenset(anti), None if join is None else frozenset(join), explicit


def demand(
    sim: Simulator,
    vm: Obj,
    *,
    host_id: str | None = None,
    is_start: bool = False,
    avoid: frozenset[str] = frozenset(),
    keep_last: bool = True,
) -> Demand:
    """What a VM needs of its place."""
    state = sim.state
    cores, mhz, memory = vm_size(sim, vm)
    offering = state.table("serviceoffering").need(vm["serviceofferingid"])
    template = state.get("template", vm.get("templateid"))
    account = state.table("account").need(vm["accountid"])
    owners = {account.uuid}
    domain = state.get("domain", account["domainid"])
    while domain is not None:
        owners.add(domain.uuid)
        domain = state.get("domain", domain.get("parentid"))
    anti, join, explicit = affinity(sim, vm)
    tags = words(offering.get("hosttags"))
    if template is not None:
        tags |= words(template.get("templatetag"))
    volumes = tuple(volume_demand(sim, volume) for volume in state.table("volume").where(virtualmachineid=vm.uuid))
    return Demand(
        cores=cores,
        mhz_per_core=mhz,
        memory_bytes=memory * MIB,
        hypervisor=vm["hypervisor"],
        volumes=volumes,
        host_tags=tags,
        arch=str((template.get("arch") if template is not None else None) or "x86_64"),
        account_ids=frozenset(owners),
        explicit=explicit,
        anti_hosts=anti,
        affinity_hosts=join,
        avoid_hosts=avoid,
        host_id=host_id,
        last_host_id=vm.get("lasthostid") if keep_last else None,
        is_start=is_start,
    )


def place_vm(sim: Simulator, vm: Obj, wanted: Demand) -> Placement:
    """Where it goes now; raises what the planner raises."""
    zone = sim.state.table("zone").need(vm["zoneid"])
    seen = site(sim, zone)
    if mocks.failing(sim, "PrepareForMigrationCommand", zone_id=zone.uuid) and wanted.is_start:
        raise NoDestination("the hypervisor refuses", {})
    return plan(seen, wanted, dice(sim, "place", vm.kind, vm.uuid, vm.get("_starts", 0), sorted(wanted.avoid_hosts)))


def place_volume(sim: Simulator, volume: Obj, host: Obj | None) -> str | None:
    """A pool for a volume that is attached to a VM on this host (None: anywhere in the zone)."""
    from provisioning.simulator.planner import pool_refusal

    zone = sim.state.table("zone").need(volume["zoneid"])
    seen = site(sim, zone)
    wish = volume_demand(sim, volume)
    hosts = [h for h in seen.hosts if host is None or h.id == host.uuid]
    for scope in ("HOST", "CLUSTER", "ZONE"):
        for candidate in hosts:
            fits = [p for p in seen.pools if p.scope == scope and pool_refusal(p, candidate, wish) is None]
            if fits:
                return dice(sim, "pool", volume.uuid).choice(fits).id
    return None
