"""Snapshots of volumes and of VMs."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, matching, owned, tagged
from provisioning.simulator.views_compute import snapshot_view, vm_snapshot_view


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y%m%d%H%M%S")


@command("createSnapshot")
def create_snapshot(ctx: Ctx, p: Params) -> Result:
    volume = p.the("volumeid")
    check_owner(ctx, volume)
    if volume.removed_at is not None:
        raise invalid("Creating snapshot failed due to volume:" + volume.uuid + " doesn't exist")
    if volume["state"] != "Ready":
        raise invalid(f"Volume: {volume.uuid} is not in Ready state but {volume['state']}. Cannot take snapshot.")
    account = ctx.state.table("account").need(volume["accountid"])
    limits.check(ctx, account, snapshot=1, secondary_storage=int(volume["size"]))
    vm = ctx.state.get("vm", volume.get("virtualmachineid"))
    name = p.str("name") or f"{vm['name'] if vm is not None else 'detached'}_{volume['name']}_{_stamp(ctx.now)}"
    snapshot = ctx.state.add(
        "snapshot",
        name=name,
        accountid=account.uuid,
        volumeid=volume.uuid,
        zoneid=volume["zoneid"],
        state="Allocated",
        physicalsize=0,
        virtualsize=int(volume["size"]),
    )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        try:
            volume.set(state="Snapshotting")
            snapshot.set(state="CreatedOnPrimary")
            yield 0.4
            snapshot.set(state="BackingUp")
            yield 0.5
        except GeneratorExit:
            snapshot.set(state="Error")
            raise
        finally:
            volume.set(state="Ready")
        snapshot.set(state="BackedUp")
        # The result shows the snapshot as it was when the job was made.
        shown = {**snapshot_view(snapshot, ctx), "state": "Allocated", "physicalsize": snapshot["virtualsize"]}
        fields: dict[str, Any] = {}
        for key, value in shown.items():
            if key == "volumeid":
                fields["snapshottype"] = "MANUAL"
            fields[key] = value
        return {"snapshot": fields}

    return run(
        ctx,
        steps,
        event="SNAPSHOT.CREATE",
        doing="taking snapshot",
        scheduled=f"Creating Snapshot for volume: {volume.uuid}",
        created="allocating snapshot",
        resource=("Snapshot", snapshot.uuid, name),
        instance=("Snapshot", snapshot.uuid),
        entity=snapshot.uuid,
        account=account,
    )


@command("listSnapshots", refs={"id": "snapshot"})
def list_snapshots(ctx: Ctx, p: Params) -> Result:
    fields = {name: obj.uuid for name in ("volumeid", "zoneid") if (obj := p.obj(name)) is not None}
    return ctx.listing(
        "snapshot", tagged(ctx, p, matching(p, owned(ctx, p, "snapshot", **fields))), snapshot_view, cacheable=False
    )


@command("deleteSnapshot", refs={"id": "snapshot"})
def delete_snapshot(ctx: Ctx, p: Params) -> Result:
    snapshot = p.the("id")
    check_owner(ctx, snapshot)
    if snapshot.removed_at is not None:
        raise invalid(f"unable to find a snapshot with id {snapshot.uuid}")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        snapshot.set(state="Destroyed")
        ctx.state.remove(snapshot)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="SNAPSHOT.DELETE",
        doing="deleting snapshot",
        scheduled=f"deleting Snapshot: {snapshot.uuid}",
        resource=("Snapshot", snapshot.uuid, snapshot["name"]),
        instance=("Snapshot", snapshot.uuid),
    )


@command("revertSnapshot", refs={"id": "snapshot"})
def revert_snapshot(ctx: Ctx, p: Params) -> Result:
    snapshot = p.the("id")
    check_owner(ctx, snapshot)
    volume = ctx.state.table("volume").need(snapshot["volumeid"])
    vm = ctx.state.get("vm", volume.get("virtualmachineid"))
    if vm is not None and vm["state"] not in ("Stopped", "Shutdown"):
        raise invalid("The VM the specified disk is attached to is not in the shutdown state.")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        volume.set(state="RevertSnapshotting")
        try:
            yield 1.0
        finally:
            volume.set(state="Ready")
        return {"snapshot": snapshot_view(snapshot, ctx)}

    return run(
        ctx,
        steps,
        event="SNAPSHOT.REVERT",
        doing="reverting a snapshot",
        scheduled=f"Reverting Snapshot: {snapshot.uuid}",
        resource=("Snapshot", snapshot.uuid, snapshot["name"]),
        instance=("Snapshot", snapshot.uuid),
    )


# -- VM snapshots ------------------------------------------------------------------------------------------------------
@command("createVMSnapshot")
def create_vm_snapshot(ctx: Ctx, p: Params) -> Result:
    vm = p.the("virtualmachineid")
    check_owner(ctx, vm)
    if vm["state"] not in ("Running", "Stopped"):
        raise invalid(f"Creating vm snapshot failed due to VM:{vm.uuid} is not in the running or Stopped state")
    memory = p.flag("snapshotmemory")
    name = f"{vm['instancename']}_VS_{_stamp(ctx.now)}"
    parent = next((s for s in ctx.state.table("vmsnapshot").where(virtualmachineid=vm.uuid) if s.get("current")), None)
    snapshot = ctx.state.add(
        "vmsnapshot",
        name=name,
        displayname=p.str("name") or name,
        description=p.str("description"),
        accountid=vm["accountid"],
        virtualmachineid=vm.uuid,
        zoneid=vm["zoneid"],
        state="Allocated",
        current=False,
        type="DiskAndMemory" if memory else "Disk",
        parent=parent.uuid if parent is not None else None,
    )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        snapshot.set(state="Creating")
        done = False
        try:
            yield 1.0
            done = True
        finally:
            if not done:
                snapshot.set(state="Error")
        if parent is not None:
            parent.set(current=False)
        snapshot.set(state="Ready", current=True)
        return {"vmsnapshot": clean(vm_snapshot_view(snapshot, ctx))}

    return run(
        ctx,
        steps,
        event="VMSNAPSHOT.CREATE",
        doing=f"Creating Instance Snapshot. Instance ID: {vm.uuid}",
        scheduled=f"Creating Snapshot for Instance: {vm.uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
        instance=("VmSnapshot", None),
        entity=snapshot.uuid,
        account=ctx.state.table("account").need(vm["accountid"]),
    )


@command("listVMSnapshot", refs={"vmsnapshotid": "vmsnapshot", "virtualmachineid": "vm"})
def list_vm_snapshots(ctx: Ctx, p: Params) -> Result:
    vm, one = p.obj("virtualmachineid"), p.obj("vmsnapshotid")
    rows = owned(ctx, p, "vmsnapshot", virtualmachineid=vm.uuid if vm is not None else None)
    if one is not None:
        check_owner(ctx, one)
        rows = [one] if one.removed_at is None else []
    if p.has("state"):
        rows = [s for s in rows if s["state"].lower() == p.text("state").lower()]
    return ctx.listing("vmSnapshot", tagged(ctx, p, matching(p, rows)), vm_snapshot_view, cacheable=False)


@command("deleteVMSnapshot")
def delete_vm_snapshot(ctx: Ctx, p: Params) -> Result:
    snapshot = p.the("vmsnapshotid")
    check_owner(ctx, snapshot)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        snapshot.set(state="Expunging")
        yield 0.6
        ctx.state.remove(snapshot)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="VMSNAPSHOT.DELETE",
        doing="delete vm snapshots",
        scheduled=f"Deleting Instance Snapshot: {snapshot.uuid}",
        resource=("VirtualMachine", snapshot["virtualmachineid"], snapshot["name"]),
        instance=("VmSnapshot", None),
    )


@command("revertToVMSnapshot")
def revert_vm_snapshot(ctx: Ctx, p: Params) -> Result:
    from provisioning.simulator.commands.vms_power import power

    snapshot = p.the("vmsnapshotid")
    check_owner(ctx, snapshot)
    vm = ctx.state.table("vm").need(snapshot["virtualmachineid"])

    def work() -> Generator[float, None, None]:
        if snapshot["state"] != "Ready":
            yield 0.1
            raise ApiError(530, None, "VM Snapshot is not in Ready state, can't be reverted")
        snapshot.set(state="Reverting")
        try:
            yield 1.0
        finally:
            snapshot.set(state="Ready")
        for other in ctx.state.table("vmsnapshot").where(virtualmachineid=vm.uuid):
            other.set(current=other is snapshot)

    return power(
        ctx,
        vm,
        work,
        "VMSNAPSHOT.REVERTTO",
        "reverting to VM snapshot",
        f"Revert Instance: {vm.uuid} to Instance Snapshot: {snapshot.uuid}",
    )
