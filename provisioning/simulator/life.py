"""Slow drift of a cloud that people use: VMs start and stop, now and then a host loses its agent for a while."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from provisioning.simulator.placement import Refused
from provisioning.simulator.vm_life import change, stop_quietly

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

# Of a hundred things that happen so many are about VMs, the rest are hosts that are away for a minute.
ABOUT_VMS = 94
# Tenants keep about this share of their VMs switched off.
STOPPED_SHARE = 0.08


def begin(sim: Simulator, events_per_minute: float) -> None:
    """Let that many things happen in a simulated minute from now on; 0 ends it."""
    before = sim.__dict__.get("_life")
    generation = (before[0] if before else 0) + 1
    sim.__dict__["_life"] = (generation, events_per_minute)
    if events_per_minute > 0:
        dice = random.Random(f"life:{sim.config.seed}:{generation}")  # noqa: S311

        def tick() -> None:
            if sim.__dict__["_life"][0] != generation:
                return
            happen(sim, dice)
            sim.scheduler.after(dice.expovariate(events_per_minute / 60), tick)

        sim.scheduler.after(dice.expovariate(events_per_minute / 60), tick)


def happen(sim: Simulator, dice: random.Random) -> None:
    """One thing happens."""
    what = dice.randrange(100)
    table = sim.state.table("vm")
    stopped, running = table.count(state="Stopped"), table.count(state="Running")
    few = stopped < STOPPED_SHARE * (stopped + running)
    if what < ABOUT_VMS and (few or dice.random() < 0.2):
        vm = _pick(sim, dice, "Running")
        if vm is not None:
            stop_quietly(sim, vm)
            _tell(sim, vm, "VM.STOP", "stopping")
    elif what < ABOUT_VMS:
        vm = _pick(sim, dice, "Stopped")
        if vm is not None and _start(sim, vm):
            _tell(sim, vm, "VM.START", "starting")
    else:
        hosts = [h for h in sim.state.table("host").where(state="Up") if h["type"] == "Routing"]
        if hosts:
            from provisioning.simulator.commands.hosts_operate import lose_host

            lose_host(sim, hosts[dice.randrange(len(hosts))], "Disconnected", back_after=dice.uniform(20, 120))


def _pick(sim: Simulator, dice: random.Random, state: str) -> Obj | None:
    vms = sim.state.table("vm").where(state=state)
    return vms[dice.randrange(len(vms))] if vms else None


def _start(sim: Simulator, vm: Obj) -> bool:
    from provisioning.simulator.place import demand, place_vm

    if not vm.get("_starts"):
        return False
    try:
        placement = place_vm(sim, vm, demand(sim, vm, is_start=True))
    except Refused:
        return False
    change(sim, vm, state="Running", hostid=placement.host_id, lasthostid=placement.host_id)
    return True


def _tell(sim: Simulator, vm: Obj, type_: str, verb: str) -> None:
    sim.journal.event(
        type_,
        f"Successfully completed {verb} Vm. Instance ID: {vm.uuid}",
        user=sim.state.get("user", vm.get("userid")),
        account=sim.state.table("account").need(vm["accountid"]),
        resource=("VirtualMachine", vm.uuid, vm["name"]),
    )
