"""What hosts and pools promise to the VMs on them.

VMs, virtual routers and system VMs count on the host they run on; a VM that was stopped less than
``capacity.skipcounting.hours``
(seconds, despite the name) ago keeps its share reserved on its last host.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioning.simulator.limits import vm_size

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

MIB = 2**20
ON_HOST = frozenset({"Starting", "Running", "Stopping", "Migrating", "Unknown"})


@dataclass(slots=True)
class HostUsage:
    """Sums over one host: CPU in MHz, memory in bytes, cores, VMs of users."""

    used_mhz: int = 0
    used_memory_bytes: int = 0
    used_cores: int = 0
    reserved_mhz: int = 0
    reserved_memory_bytes: int = 0
    reserved_cores: int = 0
    vm_count: int = 0


class Ledger:
    """The sums of every host, kept until a VM's place, state or size changes."""

    def __init__(self) -> None:
        self._users: dict[str, HostUsage] | None = None
        self._at = 0.0

    def forget(self) -> None:
        self._users = None

    def hosts(self, sim: Simulator) -> dict[str, HostUsage]:
        """Usage by host uuid, routers and system VMs included.  A host without anything on it is absent."""
        found = dict(self.users(sim))
        copied: set[str] = set()
        for kind in ("router", "sysvm"):
            for vm in sim.state.all(kind):
                host = vm.get("hostid")
                if host and vm["state"] in ON_HOST:
                    if host not in copied:
                        copied.add(host)
                        found[host] = replace(found.get(host, HostUsage()))
                    _add(found[host], sim, vm)
        return found

    def users(self, sim: Simulator) -> dict[str, HostUsage]:
        """The sums of user VMs alone.  Not to be changed."""
        now = sim.scheduler.now()
        # Reservations run out with time, so sums older than a minute are made again.
        if self._users is None or now - self._at > 60:
            self._users = self._count_users(sim)
            self._at = now
        return self._users

    @staticmethod
    def _count_users(sim: Simulator) -> dict[str, HostUsage]:
        found: dict[str, HostUsage] = {}
        table = sim.state.table("vm")
        kept = float(sim.setting("capacity.skipcounting.hours") or 3600)
        now = sim.scheduler.now()
        for host in sim.state.all("host"):
            here = table.where(hostid=host.uuid)
            if here:
                usage = found[host.uuid] = HostUsage()
                for vm in here:
                    if vm["state"] in ON_HOST:
                        _add(usage, sim, vm)
                        usage.vm_count += 1
        for vm in _stopped(table.where(state="Stopped")):
            if now - float(vm.get("updated") or 0) < kept:
                cores, mhz, memory = vm_size(sim, vm)
                usage = found.setdefault(vm["lasthostid"], HostUsage())
                usage.reserved_mhz += cores * mhz
                usage.reserved_memory_bytes += memory * MIB
                usage.reserved_cores += cores
        return found


def _stopped(vms: Iterable[Obj]) -> Iterable[Obj]:
    return (vm for vm in vms if vm.get("lasthostid"))


def _add(usage: HostUsage, sim: Simulator, vm: Obj) -> None:
    cores, mhz, memory = vm_size(sim, vm)
    usage.used_mhz += cores * mhz
    usage.used_memory_bytes += memory * MIB
    usage.used_cores += cores


def ledger(sim: Simulator) -> Ledger:
    """The simulator's one ledger."""
    kept = sim.__dict__.get("_ledger")
    if not isinstance(kept, Ledger):
        kept = sim.__dict__["_ledger"] = Ledger()
    return kept


def host_usage(sim: Simulator, host_uuid: str) -> HostUsage:
    """One host's sums."""
    users = ledger(sim).users(sim).get(host_uuid)
    usage = replace(users) if users is not None else HostUsage()
    for kind in ("router", "sysvm"):
        for vm in sim.state.table(kind).where(hostid=host_uuid):
            if vm["state"] in ON_HOST:
                _add(usage, sim, vm)
    return usage


def pool_allocated(sim: Simulator, pool_uuid: str) -> int:
    """Bytes that a pool's volumes may grow to."""
    table = sim.state.table("volume")
    kept: tuple[int, dict[str, int]] | None = sim.__dict__.get("_pool_sums")
    if kept is None or kept[0] != table.version:
        sums: dict[str, int] = {}
        for volume in table.live():
            pool = volume.f.get("storageid")
            if pool is not None and volume.f["state"] not in ("Expunged", "Allocated"):
                sums[pool] = sums.get(pool, 0) + int(volume.f["size"])
        kept = sim.__dict__["_pool_sums"] = (table.version, sums)
    return kept[1].get(pool_uuid, 0)
