"""VMs that leave a host: asked for by an operator, or because the host goes into maintenance or fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.simulator.place import demand, place_vm, site
from provisioning.simulator.placement import HostView, Refused
from provisioning.simulator.planner import migration_targets
from provisioning.simulator.routers import router_place
from provisioning.simulator.vm_life import move, stop_quietly

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


def targets(sim: Simulator, vm: Obj) -> list[tuple[HostView, str | None]]:
    """Hosts the VM could move to, with the reason why not where it can't."""
    zone = sim.state.table("zone").need(vm["zoneid"])
    return migration_targets(site(sim, zone), demand(sim, vm, keep_last=False), vm["hostid"])


def leave(sim: Simulator, vm: Obj, host: Obj) -> bool:
    """Find a VM, router or system VM another host and move it there at once; False when none takes it."""
    state = sim.state
    if vm.kind == "vm":
        wish = demand(sim, vm, avoid=frozenset({host.uuid}), keep_last=False)
        try:
            placement = place_vm(sim, vm, wish)
        except Refused:
            return False
        move(sim, vm, state.table("host").need(placement.host_id))
        return True
    offering = state.table("serviceoffering").need(vm["serviceofferingid"])
    zone = state.table("zone").need(vm["zoneid"])
    new = router_place(sim, zone, offering, vm["hypervisor"], vm.uuid, host.uuid)
    if new is None or new == host.uuid:
        return False
    vm.set(hostid=new, podid=state.table("host").need(new)["podid"])
    return True


def on_host(sim: Simulator, host: Obj) -> list[Obj]:
    """Everything that runs on a host."""
    return [vm for kind in ("vm", "router", "sysvm") for vm in sim.state.table(kind).where(hostid=host.uuid)]


def host_lost(sim: Simulator, host: Obj) -> tuple[int, int]:
    """A host is Down: VMs with high availability start elsewhere, others stop.  How many of each."""
    restarted = stopped = 0
    for vm in on_host(sim, host):
        if vm.kind == "vm" and not vm.get("haenable"):
            stop_quietly(sim, vm)
            stopped += 1
        elif leave(sim, vm, host):
            restarted += 1
        elif vm.kind == "vm":
            stop_quietly(sim, vm)
            stopped += 1
        else:
            vm.set(state="Stopped", hostid=None)
            stopped += 1
    return restarted, stopped
