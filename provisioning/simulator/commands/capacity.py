"""Capacity: what every zone, pod and cluster has, what is promised and what is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data, net
from provisioning.simulator.errors import invalid
from provisioning.simulator.registry import command
from provisioning.simulator.usage import ledger, pool_allocated
from provisioning.simulator.views import gpu_count

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

MEMORY, CPU, STORAGE, ALLOCATED, PUBLIC_IP, PRIVATE_IP = 0, 1, 2, 3, 4, 5
SECONDARY, VLAN, DIRECT_IP, LOCAL, GPU, CORES = 6, 7, 8, 9, 19, 90
OVERPROVISIONED = frozenset({"NetworkFilesystem", "VMFS", "RBD", "Filesystem", "PreSetup", "DatastoreCluster"})


def sizes(value: float) -> str:
    """``12.5``, ``0``, ``4.69``: a share in percent with no needless digits."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


class Place:
    """A zone, or a pod or cluster of it; hosts and pools in it."""

    def __init__(self, sim: Simulator, zone: Obj, pod: Obj | None = None, cluster: Obj | None = None) -> None:
        self.sim, self.zone, self.pod, self.cluster = sim, zone, pod, cluster
        state = sim.state
        hosts: Iterable[Obj] = state.table("host").where(zoneid=zone.uuid)
        pools: Iterable[Obj] = state.table("pool").where(zoneid=zone.uuid)
        if pod is not None:
            hosts = [host for host in hosts if host["podid"] == pod.uuid]
            pools = [pool for pool in pools if pool.get("podid") == pod.uuid]
        if cluster is not None:
            hosts = [host for host in hosts if host.get("clusterid") == cluster.uuid]
            pools = [pool for pool in pools if pool.get("clusterid") == cluster.uuid]
        self.hosts = [host for host in hosts if host["type"] == "Routing"]
        self.pools = [
            pool for pool in pools if pool["state"] in ("Up", "PrepareForMaintenance", "Maintenance", "Disabled")
        ]

    def rows(self) -> list[dict[str, Any]]:
        """One row a capacity type, in order of their numbers."""
        found = {**self.compute(), **self.storage()}
        whole = self.pod is None and self.cluster is None
        if self.cluster is None:
            found[PRIVATE_IP] = self.private_addresses()
        if whole:
            found |= self.addresses()
            found[SECONDARY] = self.secondary()
            found[VLAN] = self.segments()
            found[GPU] = (sum(gpu_count(host) for host in self.hosts), 0, 0)
        names = {row["type"]: row["name"] for row in catalog_data.rows("capacity_types")}
        return [self.row(kind, names[kind], *found[kind]) for kind in sorted(found)]

    def row(self, kind: int, name: str, total: float, used: float, allocated: float | None) -> dict[str, Any]:
        shown: dict[str, Any] = {"type": kind, "name": name, "zoneid": self.zone.uuid, "zonename": self.zone["name"]}
        if self.pod is not None:
            shown |= {"podid": self.pod.uuid, "podname": self.pod["name"]}
        if self.cluster is not None:
            shown |= {"clusterid": self.cluster.uuid, "clustername": self.cluster["name"]}
        if allocated is not None:
            shown["capacityallocated"] = int(allocated)
        share = 100 * used / total if total else 0.0
        return shown | {"capacityused": int(used), "capacitytotal": int(total), "percentused": sizes(share)}

    def compute(self) -> dict[int, tuple[float, float, float | None]]:
        """Memory, CPU and cores of hosts that may be used; totals with the clusters' ratios, cores without."""
        usage = ledger(self.sim).hosts(self.sim)
        memory, cpu, cores = [0.0] * 3, [0.0] * 3, [0.0] * 3
        clusters = self.sim.state.table("cluster")
        for host in self.hosts:
            if host["resourcestate"] != "Enabled":
                continue
            cluster = clusters.need(host["clusterid"])
            memory[0] += host["memorytotal"] * float(cluster["memoryovercommitratio"])
            cpu[0] += host["cpunumber"] * host["cpuspeed"] * float(cluster["cpuovercommitratio"])
            cores[0] += host["cpunumber"]
            use = usage.get(host.uuid)
            if use is not None:
                for sums, used, reserved in (
                    (memory, use.used_memory_bytes, use.reserved_memory_bytes),
                    (cpu, use.used_mhz, use.reserved_mhz),
                    (cores, use.used_cores, use.reserved_cores),
                ):
                    sums[1] += used
                    sums[2] += used + reserved
        return {
            MEMORY: (memory[0], memory[1], memory[2]),
            CPU: (cpu[0], cpu[1], cpu[2]),
            CORES: (cores[0], cores[1], cores[2]),
        }

    def storage(self) -> dict[int, tuple[float, float, float | None]]:
        total = used = allocated = promised = local = local_used = 0.0
        for pool in self.pools:
            bytes_allocated = pool_allocated(self.sim, pool.uuid) + int(pool.get("_template_bytes", 0))
            if pool["scope"] == "HOST":
                local += pool["capacitybytes"]
                local_used += bytes_allocated
                continue
            factor = float(self.sim.setting("storage.overprovisioning.factor", pool) or 1)
            total += pool["capacitybytes"]
            used += int(pool.get("_used_bytes", 0))
            promised += pool["capacitybytes"] * (factor if pool["type"] in OVERPROVISIONED else 1)
            allocated += bytes_allocated
        found: dict[int, tuple[float, float, float | None]] = {
            STORAGE: (total, used, None),
            ALLOCATED: (promised, allocated, None),
        }
        if self.zone.get("localstorageenabled"):
            found[LOCAL] = (local, local_used, None)
        return found

    def private_addresses(self) -> tuple[float, float, float | None]:
        pods = [self.pod] if self.pod is not None else self.sim.state.table("pod").where(zoneid=self.zone.uuid)
        total = sum(net.ip(r["endip"]) - net.ip(r["startip"]) + 1 for pod in pods for r in pod["ipranges"])
        uuids = {pod.uuid for pod in pods}
        used = sum(1 for vm in self.sim.state.table("sysvm").where(zoneid=self.zone.uuid) if vm.get("podid") in uuids)
        return total, used, None

    def addresses(self) -> dict[int, tuple[float, float, float | None]]:
        """Public addresses, and those of shared networks where there are any; system VMs' own don't count as used."""
        table = self.sim.state.table("ip")
        system = self.sim.state.table("account").by_dbid[1].uuid
        total = table.count(zoneid=self.zone.uuid)
        taken = [ip for ip in table.where(zoneid=self.zone.uuid, state="Allocated") if ip.get("accountid") != system]
        direct = [ip for ip in table.where(zoneid=self.zone.uuid) if not ip["forvirtualnetwork"]] if total else []
        used_direct = sum(1 for ip in taken if not ip["forvirtualnetwork"])
        found: dict[int, tuple[float, float, float | None]] = {
            PUBLIC_IP: (total - len(direct), len(taken) - used_direct, None)
        }
        if direct:
            found[DIRECT_IP] = (len(direct), used_direct, None)
        return found

    def secondary(self) -> tuple[float, float, float | None]:
        """What image stores have said about their size; new ones have not."""
        stores = self.sim.state.table("imagestore").where(zoneid=self.zone.uuid)
        total = sum(store.get("disksizetotal") or 0 for store in stores)
        return float(total), float(sum(store.get("disksizeused") or 0 for store in stores)), None

    def segments(self) -> tuple[float, float, float | None]:
        total = used = 0
        for physical in self.sim.state.table("physicalnetwork").where(zoneid=self.zone.uuid):
            if physical.get("vlan"):
                ranges = net.vnet_ranges(physical["vlan"], physical.get("isolationmethods") or "VLAN")
                total += sum(high - low + 1 for low, high in ranges)
            used += sum(
                1
                for network in self.sim.state.table("network").where(physicalnetworkid=physical.uuid)
                if network.get("vlan")
            )
        return total, used, None


@command("listCapacity")
def list_capacity(ctx: Ctx, p: Params) -> Result:
    """Capacity per zone, of one zone, pod or cluster, of one type."""
    zone, pod, cluster = p.obj("zoneid"), p.obj("podid"), p.obj("clusterid")
    zones = ctx.state.table("zone")
    if cluster is not None:
        pod = pod or ctx.state.get("pod", cluster["podid"])
    if pod is not None and zone is None:
        zone = zones.need(pod["zoneid"])
    chosen = [zone] if zone is not None else list(zones.live())
    rows: list[dict[str, Any]] = []
    for each in chosen:
        rows.extend(Place(ctx.sim, each, pod, cluster).rows())
    kind = p.int("type")
    if kind is not None:
        # Asked for by its number, the GPU row is not there although the whole list has it.
        rows = [row for row in rows if row["type"] == kind and kind != GPU]
    if kind is not None or p.has("sortby"):
        for row in rows:
            row.pop("capacityallocated", None)
    sort = p.str("sortby")
    if sort is not None:
        if sort != "usage":
            raise invalid("Only value supported for sortBy parameter is : usage")
        rows.sort(key=lambda row: float(row["percentused"]), reverse=True)
    return ctx.listing("capacity", rows)
