"""System VMs as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import sysvms
from provisioning.simulator.clock import iso
from provisioning.simulator.commands.physical import only
from provisioning.simulator.commands.zones import contains, exactly
from provisioning.simulator.registry import command, on_restart

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


@command("listSystemVms", refs={"id": "sysvm"})
def list_system_vms(ctx: Ctx, p: Params) -> Result:
    """Console proxies and secondary storage VMs, failed ones too."""
    return ctx.listing("systemvm", find(ctx, p), sysvms.sysvm_view, cacheable=False)


def find(ctx: Ctx, p: Params) -> list[Obj]:
    rows = exactly(only(p, ctx, "sysvm", "podid", "hostid"), p, "name", "state", "systemvmtype")
    return contains(rows, p, "name", "state")


@command("listSystemVmsUsageHistory", refs={"id": "sysvm"})
def usage_history(ctx: Ctx, p: Params) -> Result:
    """What running system VMs used, one entry a minute since they started, as far back as statistics are kept."""
    return ctx.listing("virtualmachine", [history(ctx, vm) for vm in find(ctx, p)])


def history(ctx: Ctx, vm: Obj) -> dict[str, Any]:
    stats = []
    if vm["state"] == "Running":
        minute = 60.0
        first = max(float(vm.get("lastupdated") or vm["created"]), ctx.now - 720 * minute)
        at = (int(first / minute) + 1) * minute
        while at <= ctx.now:
            stats.append(sample(at))
            at += minute
    return {"id": vm.uuid, "name": vm["name"], "stats": stats}


def sample(at: float) -> dict[str, Any]:
    """One minute of an idle simulated VM."""
    return {
        "timestamp": iso(at),
        "cpuused": "10%",
        "diskioread": 0,
        "diskiowrite": 0,
        "diskiopstotal": 0,
        "diskkbsread": 0,
        "diskkbswrite": 0,
        "memoryintfreekbs": -1,
        "memorykbs": 0,
        "memorytargetkbs": 0,
        "networkkbsread": 32768,
        "networkkbswrite": 16384,
        "networkread": "32.00 MiB",
        "networkwrite": "16.00 MiB",
    }


@on_restart
def unfinished(sim: Simulator) -> None:
    """A system VM that was starting when the process ended is stopped; the next scan starts it again."""
    for vm in sim.state.all("sysvm"):
        if vm["state"] == "Starting":
            vm.set(state="Stopped", hostid=None)
