"""Starting, stopping, destroying VMs, and what the cloud does to them by itself."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, denied, invalid
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.params import Params
from provisioning.simulator.registry import background, command, on_restart
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.routers import shut_down
from provisioning.simulator.sim import Simulator
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner
from provisioning.simulator.usage import ON_HOST
from provisioning.simulator.views_compute import vm_view
from provisioning.simulator.vm_life import change, cpu_share, expunge, fail, start, stop, stop_quietly

VM = {"id": "vm"}
# What remains to be said of a VM that is gone.
NOTHING_LEFT: dict[str, Any] = {
    "securitygroup": [],
    "nic": [],
    "affinitygroup": [],
    "deleteprotection": False,
    "tags": [],
}


def the_vm(ctx: Ctx, p: Params, name: str = "id") -> Obj:
    """The VM a call names; refuses foreign and expunged ones."""
    vm = p.the(name)
    check_owner(ctx, vm)
    if vm.removed_at is not None:
        raise invalid(f"Unable to find a virtual machine with id {vm.uuid}")
    return vm


def power(ctx: Ctx, vm: Obj, work: Any, event: str, doing: str, scheduled: str) -> Result:
    """A job about one VM that ends with showing it."""

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield from work()
        return {"virtualmachine": with_job(clean(vm_view(vm, ctx)), job)}

    return run(
        ctx,
        steps,
        event=event,
        doing=doing,
        scheduled=scheduled,
        resource=("VirtualMachine", vm.uuid, vm["name"]),
        instance=("VirtualMachine", vm.uuid),
        account=ctx.state.table("account").need(vm["accountid"]),
    )


@command("startVirtualMachine", refs=VM)
def start_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    host = p.obj("hostid") if ctx.is_admin else None

    def work() -> Generator[float, None, None]:
        if vm["state"] == "Running":
            yield 0.1
            return
        yield from start(ctx, vm, deploying=False, host_id=host.uuid if host is not None else None)

    return power(
        ctx, vm, work, "VM.START", f"starting Vm. Instance ID: {vm.uuid}", f"Starting User Instance with ID: {vm.uuid}"
    )


@command("stopVirtualMachine", refs=VM)
def stop_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    forced = p.flag("forced")
    return power(
        ctx,
        vm,
        lambda: stop(ctx, vm, forced=forced),
        "VM.STOP",
        f"stopping Vm. Instance ID: {vm.uuid}",
        f"Stopping User Instance with ID: {vm.uuid}",
    )


@command("rebootVirtualMachine", refs=VM)
def reboot_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)

    def work() -> Generator[float, None, None]:
        yield 0.7
        host = ctx.state.get("host", vm.get("hostid"))
        if vm["state"] != "Running" or host is None or host["state"] != "Up":
            raise ApiError(530, None, "Failed to reboot vm instance")

    return power(
        ctx,
        vm,
        work,
        "VM.REBOOT",
        f"rebooting Vm. Instance ID: {vm.uuid}",
        f"Rebooting User Instance with ID: {vm.uuid}",
    )


@command("destroyVirtualMachine", refs=VM)
def destroy_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    wanted = p.flag("expunge")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        if wanted and not ctx.is_admin and ctx.sim.setting("allow.user.expunge.recover.vm") != "true":
            yield 0.1
            raise ApiError(530, None, "Account does not have permission for expunging.")
        if vm.get("deleteprotection"):
            yield 0.1
            raise ApiError(
                530,
                None,
                f"Instance [id = {vm.uuid}, name = {vm['name']}] has delete protection enabled and cannot be deleted.",
            )
        if vm["state"] in ON_HOST:
            yield from stop(ctx, vm, forced=p.flag("forced"))
        if vm["state"] not in ("Destroyed", "Expunging"):
            change(ctx.sim, vm, state="Destroyed", _stats=None, _firstboot=None)
        for volume in p.objs("volumeids", "volume", ctx.state):
            ctx.state.remove(volume)
        yield 0.8
        if wanted:
            expunge(ctx.sim, vm)
            return {"virtualmachine": dict(NOTHING_LEFT)}
        return {"virtualmachine": with_job(clean(vm_view(vm, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VM.DESTROY",
        doing=f"destroying Vm. Instance ID: {vm.uuid}",
        scheduled=f"Destroying Instance with ID: {vm.uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
        instance=("VirtualMachine", vm.uuid),
        account=ctx.state.table("account").need(vm["accountid"]),
    )


@command("expungeVirtualMachine", refs=VM)
def expunge_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    if not ctx.is_admin and ctx.sim.setting("allow.user.expunge.recover.vm") != "true":
        raise denied(
            "Expunging a vm can only be done by an Admin. Or when the allow.user.expunge.recover.vm key is set."
        )
    if vm["state"] not in ("Destroyed", "Expunging", "Error"):
        raise invalid(f"Please destroy vm with specified vmId before expunge: {vm.uuid}")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        expunge(ctx.sim, vm)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="VM.EXPUNGE",
        doing=f"expunging Vm. Instance ID: {vm.uuid}",
        scheduled=f"Expunging Instance with ID: {vm.uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
        instance=("VirtualMachine", vm.uuid),
    )


@command("recoverVirtualMachine", refs=VM)
def recover_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    if not ctx.is_admin and ctx.sim.setting("allow.user.expunge.recover.vm") != "true":
        raise denied(
            "Recovering a vm can only be done by an Admin. Or when the allow.user.expunge.recover.vm key is set."
        )
    if vm["state"] != "Destroyed":
        raise invalid(f"Vm with id {vm.uuid} is not in the right state")
    change(ctx.sim, vm, state="Stopped")
    ctx.event(
        "VM.RECOVER",
        f"Successfully completed recovering VM. Instance ID: {vm.uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
    )
    return {"virtualmachine": clean(vm_view(vm, ctx))}


@command("restoreVirtualMachine", refs={"virtualmachineid": "vm"})
def restore_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p, "virtualmachineid")
    template = p.obj("templateid")

    def work() -> Generator[float, None, None]:
        running = vm["state"] == "Running"
        if running:
            yield from stop(ctx, vm)
        if template is not None:
            vm.set(templateid=template.uuid)
        for volume in ctx.state.table("volume").where(virtualmachineid=vm.uuid, type="ROOT"):
            volume.set(
                path=ctx.state.new_uuid("volumepath", volume.dbid + 1),
                **({"templateid": template.uuid} if template else {}),
            )
        yield 0.5
        if running:
            yield from start(ctx, vm, deploying=False)

    return power(
        ctx,
        vm,
        work,
        "VM.RESTORE",
        f"restoring Vm. Instance ID: {vm.uuid}",
        f"Restore a VM to original Template or new Template Instance ID: {vm.uuid}",
    )


@background(20)
def expunge_destroyed(sim: Simulator) -> None:
    """VMs that were destroyed, or never could be created, go after ``expunge.delay`` and the thread's next round."""
    delay = float(sim.setting("expunge.delay") or 86400) + float(sim.setting("expunge.interval") or 86400)
    now = sim.scheduler.now()
    for vm in [*sim.state.table("vm").where(state="Destroyed"), *sim.state.table("vm").where(state="Error")]:
        if now - float(vm.get("updated") or now) >= delay:
            expunge(sim, vm)


@background(8)
def collect_statistics(sim: Simulator) -> None:
    """VMs that run for a while have figures."""
    now = sim.scheduler.now()
    for vm in sim.state.table("vm").where(state="Running"):
        if vm.get("_stats") is None and now - float(vm.get("updated") or 0) >= 5:
            vm.set(_stats=cpu_share(sim, vm))


@background(30)
def collect_networks(sim: Simulator) -> None:
    """Isolated networks that nobody has used for ``network.gc.wait`` go back to Allocated."""
    wait = float(sim.setting("network.gc.wait") or 600)
    now = sim.scheduler.now()
    vms = sim.state.table("vm")
    for network in sim.state.table("network").where(state="Implemented"):
        if network["type"] != "Isolated" or network.get("vpcid"):
            continue
        used = any(
            vm is not None and vm["state"] in ON_HOST
            for vm in (vms.get(nic["vmid"]) for nic in sim.state.table("nic").where(networkid=network.uuid))
        )
        since = network.get("_idle_since")
        if used:
            if since is not None:
                network.set(_idle_since=None)
        elif since is None:
            network.set(_idle_since=now)
        elif now - since >= wait:
            shut_down(sim, network)
            network.set(_idle_since=None)


@on_restart
def repair(sim: Simulator) -> None:
    """A killed server leaves VMs between two states: the next power report of their hosts decides."""
    for vm in list(sim.state.table("vm").where(state="Starting")):
        fail(sim, vm, deploying=not vm.get("_starts"))
    for vm in list(sim.state.table("vm").where(state="Stopped")):
        if not vm.get("_starts") and vm.get("hostid"):
            fail(sim, vm, deploying=True)
    for vm in list(sim.state.table("vm").where(state="Stopping")):
        stop_quietly(sim, vm)
    for vm in list(sim.state.table("vm").where(state="Migrating")):
        change(sim, vm, state="Running")
    for network in list(sim.state.table("network").where(state="Implementing")):
        shut_down(sim, network)
    for router in sim.state.all("router"):
        if router["state"] in ("Starting", "Stopping"):
            router.set(state="Stopped", hostid=None)
    for volume in sim.state.all("volume"):
        if volume["state"] in ("Creating", "Attaching", "Snapshotting", "Resizing", "Migrating"):
            volume.set(state="Ready" if volume.get("storageid") else "Allocated")
