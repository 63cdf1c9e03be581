"""Metrics of zones, clusters, hosts and pools: the plain answers with shares, texts and thresholds beside them."""

from __future__ import annotations

import statistics
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from provisioning.simulator.commands import clusters as cluster_commands
from provisioning.simulator.commands import storage as storage_commands
from provisioning.simulator.commands.physical import only
from provisioning.simulator.registry import command
from provisioning.simulator.usage import ON_HOST, HostUsage, ledger, pool_allocated
from provisioning.simulator.views import cluster_view, host_view, pool_view, zone_view

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj

GIB = 2**30


def two(value: float) -> str:
    """Two digits, halves rounded up as Java's formatter does."""
    return str(Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def ghz(mhz: float) -> str:
    return f"{two(mhz / 1000)} Ghz"


def gb(size: float) -> str:
    return f"{two(size / GIB)} GB"


def share(part: float, whole: float) -> str:
    return f"{two(100 * part / whole if whole else 0.0)}%"


def thresholds(ctx: Ctx, place: Obj, cpu: float, memory: float) -> dict[str, bool]:
    """Whether notify and disable thresholds are passed; figures measured on idle machines never are."""
    limit = {
        (kind, what): float(ctx.sim.setting(f"cluster.{kind}.allocated.capacity.{what}threshold", place) or 1)
        for kind in ("cpu", "memory")
        for what in ("notification", "disable")
    }
    return {
        "cputhreshold": False,
        "cpudisablethreshold": False,
        "cpuallocatedthreshold": cpu > limit["cpu", "notification"],
        "cpuallocateddisablethreshold": cpu > limit["cpu", "disable"],
        "memorythreshold": False,
        "memorydisablethreshold": False,
        "memoryallocatedthreshold": memory > limit["memory", "notification"],
        "memoryallocateddisablethreshold": memory > limit["memory", "disable"],
    }


class Sums:
    """Totals and promises of some hosts."""

    def __init__(self, ctx: Ctx, hosts: list[Obj]) -> None:
        usage = ctx.once("usage", lambda: ledger(ctx.sim).hosts(ctx.sim))
        table = ctx.state.table("cluster")
        self.mhz = self.memory = self.used_mhz = self.used_memory = 0.0
        self.shares: list[float] = []
        for host in hosts:
            cluster = table.need(host["clusterid"])
            use = usage.get(host.uuid, HostUsage())
            memory = host["memorytotal"] * float(cluster["memoryovercommitratio"])
            self.mhz += host["cpunumber"] * host["cpuspeed"] * float(cluster["cpuovercommitratio"])
            self.memory += memory
            self.used_mhz += use.used_mhz
            self.used_memory += use.used_memory_bytes
            self.shares.append(use.used_memory_bytes / memory)

    @property
    def imbalance(self) -> float:
        """Spread of the hosts' memory shares: standard deviation over mean."""
        mean = statistics.fmean(self.shares) if self.shares else 0.0
        return statistics.pstdev(self.shares) / mean if mean else 0.0

    def view(self) -> dict[str, Any]:
        return {
            "cputotal": ghz(self.mhz),
            "cpuallocated": share(self.used_mhz, self.mhz),
            "memorytotal": gb(self.memory),
            "memoryallocated": share(self.used_memory, self.memory),
        }

    def passed(self, ctx: Ctx, place: Obj) -> dict[str, bool]:
        cpu = self.used_mhz / self.mhz if self.mhz else 0.0
        return thresholds(ctx, place, cpu, self.used_memory / self.memory if self.memory else 0.0)


def routing(ctx: Ctx, **where: str) -> list[Obj]:
    return [host for host in ctx.state.table("host").where(**where) if host["type"] == "Routing"]


@command("listZonesMetrics", refs={"id": "zone"})
def zones_metrics(ctx: Ctx, p: Params) -> Result:
    """Zones with their clusters and sums."""
    rows = []
    for zone in only(p, ctx, "zone"):
        sums = Sums(ctx, routing(ctx, zoneid=zone.uuid))
        here = ctx.state.table("cluster").where(zoneid=zone.uuid)
        enabled = sum(1 for cluster in here if cluster["allocationstate"] == "Enabled")
        rows.append(
            {
                "state": zone["allocationstate"],
                "clusters": f"{enabled} / {len(here)}",
                **sums.view(),
                **sums.passed(ctx, zone),
                **zone_view(zone, ctx),
            }
        )
    return ctx.listing("zone", rows)


@command("listClustersMetrics", refs={"id": "cluster"})
def clusters_metrics(ctx: Ctx, p: Params) -> Result:
    """Clusters with their hosts and sums."""
    rows = []
    for cluster in cluster_commands.find_clusters(ctx, p):
        hosts = routing(ctx, clusterid=cluster.uuid)
        sums = Sums(ctx, hosts)
        up = sum(1 for host in hosts if host["state"] == "Up")
        rows.append(
            {
                "state": cluster["allocationstate"],
                "hosts": f"{up} / {len(hosts)}",
                **sums.view(),
                **sums.passed(ctx, cluster),
                "drsimbalance": f"{two(100 * sums.imbalance)}%",
                **cluster_view(cluster, ctx),
            }
        )
    return ctx.listing("cluster", rows)


@command("listHostsMetrics", refs={"id": "host"})
def hosts_metrics(ctx: Ctx, p: Params) -> Result:
    """Hypervisor hosts with texts beside the figures."""
    found = [host for host in cluster_commands.find_hosts(ctx, p) if host["type"] == "Routing"]
    listing = ctx.listing("host", found)
    usage = ctx.once("usage", lambda: ledger(ctx.sim).hosts(ctx.sim))
    listing.rows = [host_row(ctx, host, usage.get(host.uuid, HostUsage())) for host in listing.rows]
    return listing


def counted(ctx: Ctx, kinds: tuple[str, ...], host: Obj) -> str:
    """``running / all`` of the VMs on a host."""
    here = [vm for kind in kinds for vm in ctx.state.table(kind).where(hostid=host.uuid) if vm["state"] in ON_HOST]
    return f"{sum(1 for vm in here if vm['state'] == 'Running')} / {len(here)}"


def host_row(ctx: Ctx, host: Obj, use: HostUsage) -> dict[str, Any]:
    cluster = ctx.state.table("cluster").need(host["clusterid"])
    cpu_ratio, memory_ratio = float(cluster["cpuovercommitratio"]), float(cluster["memoryovercommitratio"])
    mhz = host["cpunumber"] * host["cpuspeed"]
    shown = host_view(host, ctx)
    factor = f" (x{cpu_ratio})" if cpu_ratio != 1 else ""
    memory_factor = f" (x{memory_ratio})" if memory_ratio != 1 else ""
    measured = host.get("_measured")
    return {
        "powerstate": "Disabled",
        "instances": counted(ctx, ("vm",), host),
        "systeminstances": counted(ctx, ("router", "sysvm"), host),
        "cputotalghz": ghz(mhz) + factor,
        "cpuusedghz": "0.00 Ghz" if measured else None,
        "cpuallocatedghz": ghz(use.used_mhz),
        "memorytotalgb": gb(host["memorytotal"]) + memory_factor,
        "memoryusedgb": "0.00 GB" if measured else None,
        "memoryallocatedgb": gb(use.used_memory_bytes),
        "networkread": gb(32768 * 1024) if measured else None,
        "networkwrite": gb(16384 * 1024) if measured else None,
        **thresholds(
            ctx, cluster, use.used_mhz / (mhz * cpu_ratio), use.used_memory_bytes / (host["memorytotal"] * memory_ratio)
        ),
        **shown,
    }


@command("listStoragePoolsMetrics", refs={"id": "pool"})
def pools_metrics(ctx: Ctx, p: Params) -> Result:
    """Pools with texts and thresholds."""
    return ctx.listing("storagepool", [pool_row(ctx, pool) for pool in storage_commands.find_pools(ctx, p)])


def pool_row(ctx: Ctx, pool: Obj) -> dict[str, Any]:
    factor = float(ctx.sim.setting("storage.overprovisioning.factor", pool) or 1)
    total, used = pool["capacitybytes"], int(pool.get("_used_bytes", 0))
    allocated = pool_allocated(ctx.sim, pool.uuid) + int(pool.get("_template_bytes", 0))

    def limit(name: str) -> float:
        return float(ctx.sim.setting(name, pool) or 1)

    return {
        "disksizeusedgb": gb(used),
        "disksizetotalgb": f"{gb(total)} (x{factor})",
        "disksizeallocatedgb": gb(allocated),
        "disksizeunallocatedgb": gb(total * factor - allocated),
        "storageusagethreshold": used / total > limit("cluster.storage.capacity.notificationthreshold"),
        "storageusagedisablethreshold": used / total > limit("pool.storage.capacity.disablethreshold"),
        "storageallocatedthreshold": allocated / (total * factor)
        > limit("cluster.storage.allocated.capacity.notificationthreshold"),
        "storageallocateddisablethreshold": allocated / (total * factor)
        > limit("pool.storage.allocated.capacity.disablethreshold"),
        **pool_view(pool, ctx),
    }
