"""Volumes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, denied, invalid
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.params import Params
from provisioning.simulator.place import place_volume
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, matching, owned, tagged, target_account
from provisioning.simulator.views_compute import volume_view

GIB = 2**30
VOLUME: dict[str, str | tuple[str, ...]] = {"id": "volume", "virtualmachineid": "vm", "storageid": "pool"}


def _touch_vm(ctx: Ctx, vm_id: str | None) -> None:
    vm = ctx.state.get("vm", vm_id)
    if vm is not None:
        vm.prepared = None


def found_volumes(ctx: Ctx, p: Params) -> list[Obj]:
    fields = {
        name: obj.uuid
        for name in ("virtualmachineid", "zoneid", "storageid", "diskofferingid")
        if (obj := p.obj(name)) is not None
    }
    rows = owned(ctx, p, "volume", **fields)
    if p.has("type"):
        rows = [v for v in rows if v["type"].lower() == p.text("type").lower()]
    if p.has("state"):
        rows = [v for v in rows if v["state"].lower() == p.text("state").lower()]
    host = p.obj("hostid")
    if host is not None:
        here = {vm.uuid for vm in ctx.state.table("vm").where(hostid=host.uuid)}
        rows = [v for v in rows if v.get("virtualmachineid") in here]
    for name in ("podid", "clusterid"):
        place = p.obj(name)
        if place is not None:
            pools = {pool.uuid for pool in ctx.state.all("pool") if pool.get(name) == place.uuid}
            rows = [v for v in rows if v.get("storageid") in pools]
    return tagged(ctx, p, matching(p, rows))


@command("listVolumes", refs=VOLUME)
def list_volumes(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("volume", found_volumes(ctx, p), volume_view)


def volume_metrics_view(volume: Obj, ctx: Ctx) -> dict[str, Any]:
    return {"sizegb": f"{int(volume['size']) / GIB:.2f} GB", "diskiopstotal": 0, **volume_view(volume, ctx)}


@command("listVolumesMetrics", refs=VOLUME, envelope="listvolumesresponse")
def list_volumes_metrics(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("volume", found_volumes(ctx, p), volume_metrics_view)


@command("createVolume")
def create_volume(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    snapshot, disk, zone = p.obj("snapshotid"), p.obj("diskofferingid"), p.obj("zoneid")
    check_owner(ctx, snapshot)
    if snapshot is None and disk is None:
        raise invalid(
            "Missing parameter(s), either a positive volume size or a valid disk offering id must be specified."
        )
    if snapshot is not None:
        zone = zone or ctx.state.get("zone", snapshot["zoneid"])
        source = ctx.state.table("volume").need(snapshot["volumeid"])
        disk = disk or ctx.state.get("diskoffering", source.get("diskofferingid"))
        size = int(snapshot["virtualsize"])
    else:
        assert disk is not None
        if disk.get("iscustomized"):
            asked = p.int("size")
            low, high = (
                int(ctx.sim.setting(f"custom.diskoffering.size.{end}") or fallback)
                for end, fallback in (("min", 1), ("max", 1024))
            )
            if asked is None:
                raise invalid("This disk offering requires a custom size specified")
            if not low <= asked <= high:
                raise invalid(f"Volume size: {asked}GB is out of allowed range. Min: {low}. Max: {high}")
            size = asked * GIB
        else:
            size = int(disk["disksize"]) * GIB
    if zone is None:
        raise invalid("Unable to find zone for the volume; please specify zoneid")
    if zone.get("allocationstate") == "Disabled" and not ctx.is_admin:
        raise denied(f"Cannot perform this operation, Zone is currently disabled: {zone['name']}")
    limits.check(ctx, account, volume=1, primary_storage=size)
    the_zone: Obj = zone
    volume = ctx.state.add(
        "volume",
        name=p.str("name") or f"VOL-{ctx.state.table('volume').last_dbid + 1}",
        accountid=account.uuid,
        zoneid=the_zone.uuid,
        type="DATADISK",
        size=size,
        state="Allocated",
        diskofferingid=disk.uuid if disk is not None else None,
        snapshotid=snapshot.uuid if snapshot is not None else None,
    )
    vm = p.obj("virtualmachineid")
    check_owner(ctx, vm)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.4
        if snapshot is not None:
            volume.set(state="Creating")
            yield 0.6
            pool = place_volume(ctx.sim, volume, None)
            if pool is None:
                ctx.state.remove(volume)
                raise ApiError(530, None, "Failed to create a volume: no storage pool for it")
            volume.set(state="Ready", storageid=pool)
        if vm is not None:
            _attach(ctx, volume, vm, None)
        return {"volume": with_job(clean(volume_view(volume, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VOLUME.CREATE",
        doing=f"creating volume. Volume ID: {volume.uuid}",
        scheduled=f"Creating volume {volume['name']}",
        created=f"creating volume. Volume ID: {volume.uuid}",
        resource=("Volume", volume.uuid, volume["name"]),
        instance=("Volume", volume.uuid),
        entity=volume.uuid,
        account=account,
    )


def the_volume(ctx: Ctx, p: Params, name: str = "id") -> Obj:
    volume = p.the(name)
    check_owner(ctx, volume)
    if volume.removed_at is not None:
        raise invalid(f"Unable to find volume with ID: {volume.uuid}")
    return volume


def _attach(ctx: Ctx, volume: Obj, vm: Obj, device: int | None) -> None:
    """Put a volume on a VM, on storage that the VM's host reaches."""
    host = ctx.state.get("host", vm.get("hostid"))
    if volume.get("storageid") is None:
        pool = place_volume(ctx.sim, volume, host) if vm.get("_starts") else None
        if pool is not None:
            volume.set(storageid=pool, state="Ready", path=ctx.state.new_uuid("volumepath", volume.dbid))
        elif vm.get("_starts"):
            raise ApiError(
                530, None, f"Failed to attach volume {volume['name']} to VM {vm['name']}; no storage pool for it"
            )
    taken = {int(v.get("deviceid") or 0) for v in ctx.state.table("volume").where(virtualmachineid=vm.uuid)}
    if device is None:
        device = next(n for n in range(1, 256) if n not in taken and n != 3)
    volume.set(virtualmachineid=vm.uuid, deviceid=device, attached=ctx.now)
    _touch_vm(ctx, vm.uuid)


@command("attachVolume", refs=VOLUME)
def attach_volume(ctx: Ctx, p: Params) -> Result:
    volume, vm = the_volume(ctx, p), p.the("virtualmachineid")
    check_owner(ctx, vm)
    if volume.get("virtualmachineid"):
        raise invalid(f"Please specify a volume that is not attached to any VM. Volume: {volume.uuid} is attached")
    if vm.removed_at is not None or vm["state"] not in ("Running", "Stopped"):
        raise invalid("Please specify a VM that is either running or stopped.")
    if vm["zoneid"] != volume["zoneid"]:
        raise invalid("Please specify a volume and a VM that are in the same zone")
    if vm["accountid"] != volume["accountid"]:
        raise invalid("Please specify a volume and a VM of the same account")
    device = p.int("deviceid")
    if device is not None and any(
        int(v.get("deviceid") or 0) == device for v in ctx.state.table("volume").where(virtualmachineid=vm.uuid)
    ):
        raise invalid(f"deviceId {device} is used by vm {vm.uuid}")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.6
        _attach(ctx, volume, vm, device)
        return {"volume": with_job(clean(volume_view(volume, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VOLUME.ATTACH",
        doing=f"attaching volume. Volume ID: {volume.uuid} Instance ID: {vm.uuid}",
        scheduled=f"Attaching volume with ID: {volume.uuid} to Instance with ID: {vm.uuid}",
        resource=("Volume", volume.uuid, volume["name"]),
        instance=("Volume", volume.uuid),
    )


@command("detachVolume", refs=VOLUME)
def detach_volume(ctx: Ctx, p: Params) -> Result:
    volume = p.obj("id")
    if volume is None:
        vm, device = p.obj("virtualmachineid"), p.int("deviceid")
        if vm is None or device is None:
            raise invalid("Please provide either a volume id, or a tuple(device id, instance id)")
        volume = next(
            (v for v in ctx.state.table("volume").where(virtualmachineid=vm.uuid) if v.get("deviceid") == device), None
        )
        if volume is None:
            raise invalid("Unable to find volume on the VM")
    found: Obj = volume
    check_owner(ctx, found)
    if not found.get("virtualmachineid"):
        raise invalid("The specified volume is not attached to a VM.")
    if found["type"] == "ROOT":
        running = ctx.state.table("vm").need(found["virtualmachineid"])
        if running["state"] != "Stopped":
            raise invalid("Please specify a data volume, or a root volume of a stopped VM")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.6
        vm_id = found["virtualmachineid"]
        found.set(virtualmachineid=None, deviceid=None, attached=None)
        _touch_vm(ctx, vm_id)
        return {"volume": with_job(clean(volume_view(found, ctx)), job)}

    # CloudStack's own sentence; the wrong half of it is what it really says.
    text = f"Detaching volume: {found.uuid} <error:  either volume id or deviceId/vmId need to be specified>"
    return run(
        ctx,
        steps,
        event="VOLUME.DETACH",
        doing=f"detaching volume. {text}",
        scheduled=text,
        resource=("Volume", found.uuid, found["name"]),
        instance=("Volume", found.uuid),
    )


@command("resizeVolume", refs=VOLUME)
def resize_volume(ctx: Ctx, p: Params) -> Result:
    volume = the_volume(ctx, p)
    disk = p.obj("diskofferingid")
    asked = p.int("size")
    size = asked * GIB if asked is not None else (int(disk["disksize"]) * GIB if disk is not None else 0)
    if size <= 0:
        raise invalid("No size or disk offering given")
    if size < int(volume["size"]) and not p.flag("shrinkok"):
        raise invalid(
            "Going from existing size of "
            + f"{volume['size']} to size of {size} would shrink the volume.Need to sign off by supplying "
            "the shrinkok parameter with value of true."
        )
    account = ctx.state.table("account").need(volume["accountid"])
    if size > int(volume["size"]):
        limits.check(ctx, account, primary_storage=size - int(volume["size"]))

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.6
        volume.set(size=size, **({"diskofferingid": disk.uuid} if disk is not None else {}))
        return {"volume": with_job(clean(volume_view(volume, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VOLUME.RESIZE",
        doing=f"resizing volume. Volume ID: {volume.uuid}",
        scheduled=f"Volume Id: {volume.uuid} to size {size // GIB} GB",
        resource=("Volume", volume.uuid, volume["name"]),
        instance=("Volume", volume.uuid),
    )


@command("updateVolume", refs=VOLUME)
def update_volume(ctx: Ctx, p: Params) -> Result:
    volume = the_volume(ctx, p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.1
        volume.set(**{name: p.str(name) for name in ("name", "path") if p.has(name)})
        return {"volume": with_job(clean(volume_view(volume, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VOLUME.UPDATE",
        doing="updating volume",
        scheduled=f"Updating volume: {volume.uuid}",
        resource=("Volume", volume.uuid, volume["name"]),
        instance=("Volume", volume.uuid),
    )


@command("migrateVolume", refs={"volumeid": "volume"})
def migrate_volume(ctx: Ctx, p: Params) -> Result:
    volume, pool = the_volume(ctx, p, "volumeid"), p.the("storageid")
    if pool["state"] != "Up":
        raise invalid(
            f"Cannot migrate volume {volume.uuid} to the destination storage pool {pool['name']} as the storage "
            "pool is not up"
        )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        volume.set(state="Migrating")
        try:
            yield 2.0
        finally:
            volume.set(state="Ready")
        volume.set(storageid=pool.uuid)
        return {"volume": with_job(clean(volume_view(volume, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VOLUME.MIGRATE",
        doing="migrating volume",
        scheduled=f"Attempting to migrate volume Id: {volume.uuid} to storage pool Id: {pool.uuid}",
        resource=("Volume", volume.uuid, volume["name"]),
        instance=("Volume", volume.uuid),
    )


def _remove(ctx: Ctx, volume: Obj) -> None:
    if volume.get("virtualmachineid"):
        raise invalid("Please specify a volume that is not attached to any VM.")
    for tag in ctx.state.table("tag").where(resourceid=volume.uuid):
        ctx.state.remove(tag)
    volume.set(state="Expunged")
    ctx.state.remove(volume)


@command("deleteVolume", refs=VOLUME)
def delete_volume(ctx: Ctx, p: Params) -> Result:
    volume = the_volume(ctx, p)
    _remove(ctx, volume)
    ctx.event(
        "VOLUME.DELETE", "Successfully completed deleting volume", resource=("Volume", volume.uuid, volume["name"])
    )
    return {"success": "true"}


@command("destroyVolume", refs=VOLUME)
def destroy_volume(ctx: Ctx, p: Params) -> Result:
    volume = the_volume(ctx, p)
    if volume.get("virtualmachineid"):
        raise invalid("Please specify a volume that is not attached to any VM.")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        if p.flag("expunge"):
            _remove(ctx, volume)
            return {"success": True}
        volume.set(state="Destroy")
        return {"volume": with_job(clean(volume_view(volume, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VOLUME.DESTROY",
        doing="destroying volume",
        scheduled=f"destroying volume: {volume.uuid}",
        resource=("Volume", volume.uuid, volume["name"]),
        instance=("Volume", volume.uuid),
    )


@command("recoverVolume", refs=VOLUME)
def recover_volume(ctx: Ctx, p: Params) -> Result:
    volume = the_volume(ctx, p)
    if volume["state"] != "Destroy":
        raise invalid("Please specify a volume in Destroy state.")
    volume.set(state="Ready" if volume.get("storageid") else "Allocated")
    return {"volume": clean(volume_view(volume, ctx))}
