"""Primary storage in operation."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.jobs import Seconds
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.views import new_pool_view
from provisioning.simulator.vm_life import stop_quietly

POOL: dict[str, str | tuple[str, ...]] = {"id": "pool", "storageid": "pool"}


def the_pool(p: Params) -> Obj:
    pool = p.the("id")
    if pool.removed_at is not None:
        raise invalid(f"Unable to find storage pool with ID: {pool.uuid}")
    return pool


@command("updateStoragePool", refs=POOL)
def update_pool(ctx: Ctx, p: Params) -> Result:
    pool = the_pool(p)
    changes: dict[str, Any] = {}
    if p.sent("tags"):
        changes["tags"] = ",".join(p.list("tags")) or None
        changes["istagarule"] = p.flag("istagarule")
    if p.has("name"):
        changes["name"] = p.str("name")
    if p.has("capacitybytes"):
        changes["capacitybytes"] = p.int("capacitybytes")
    if p.has("enabled"):
        if p.flag("enabled") and pool["state"] == "Disabled":
            changes["state"] = "Up"
        elif not p.flag("enabled"):
            if pool["state"] != "Up":
                raise invalid("Non Up storage pool cannot be disabled")
            changes["state"] = "Disabled"
    pool.set(**changes)
    ctx.event(
        "UPDATE.PS", "Successfully completed update storage pool", resource=("StoragePool", pool.uuid, pool["name"])
    )
    return {"storagepool": clean(new_pool_view(pool, ctx))}


@command("enableStorageMaintenance", refs=POOL, envelope="prepareprimarystorageformaintenanceresponse")
def enable_maintenance(ctx: Ctx, p: Params) -> Result:
    pool = the_pool(p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        if pool["state"] not in ("Up", "ErrorInMaintenance", "Disabled"):
            yield 0.1
            raise ApiError(
                431,
                None,
                f"Primary storage with id {pool.uuid} is not ready for migration, as the status is:{pool['state']}",
            )
        others = [
            o
            for o in ctx.state.table("pool").where(zoneid=pool["zoneid"])
            if o is not pool and o["state"] == "PrepareForMaintenance" and o.get("clusterid") == pool.get("clusterid")
        ]
        if others:
            raise ApiError(430, None, "There already is storage pool in PrepareForMaintenance in the cluster")
        pool.set(state="PrepareForMaintenance")
        yield 0.6
        vms = {v.get("virtualmachineid") for v in ctx.state.table("volume").where(storageid=pool.uuid)}
        for uuid in sorted(u for u in vms if u):
            vm = ctx.state.get("vm", uuid)
            if vm is not None and vm["state"] == "Running":
                stop_quietly(ctx.sim, vm)
                vm.set(_restart_after_storage=pool.uuid)
                yield Seconds(0.2)
        pool.set(state="Maintenance")
        return {"storagepool": with_job(clean(new_pool_view(pool, ctx)), job)}

    return run(
        ctx,
        steps,
        event="MAINT.PREPARE.PS",
        doing="preparing storage pool for maintenance",
        scheduled=f"Preparing storage pool: {pool.uuid} for maintenance",
        resource=("StoragePool", pool.uuid, pool["name"]),
        instance=("StoragePool", pool.uuid),
    )


@command("cancelStorageMaintenance", refs=POOL, envelope="cancelprimarystoragemaintenanceresponse")
def cancel_maintenance(ctx: Ctx, p: Params) -> Result:
    pool = the_pool(p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        if pool["state"] in ("Up", "PrepareForMaintenance"):
            yield 0.1
            raise ApiError(
                530,
                None,
                f"Primary storage with id {pool.uuid} is not ready to complete migration, as the status "
                f"is:{pool['state']}",
            )
        yield 0.4
        pool.set(state="Up")
        from provisioning.simulator.vm_life import start

        for vm in ctx.state.table("vm").where(state="Stopped"):
            if vm.get("_restart_after_storage") == pool.uuid:
                vm.set(_restart_after_storage=None)
                try:
                    yield from start(ctx, vm, deploying=False)
                except ApiError:
                    continue
        return {"storagepool": with_job(clean(new_pool_view(pool, ctx)), job)}

    return run(
        ctx,
        steps,
        event="MAINT.CANCEL.PS",
        doing="canceling maintenance for primary storage pool",
        scheduled=f"Canceling maintenance for primary storage pool: {pool.uuid}",
        resource=("StoragePool", pool.uuid, pool["name"]),
        instance=("StoragePool", pool.uuid),
    )


@command("findStoragePoolsForMigration", refs={"id": "volume"})
def find_pools(ctx: Ctx, p: Params) -> Result:
    volume = p.the("id")
    here = ctx.state.get("pool", volume.get("storageid"))
    rows = []
    for pool in ctx.state.table("pool").where(zoneid=volume["zoneid"]):
        if pool is here or pool["state"] != "Up":
            continue
        near = here is None or pool.get("clusterid") in (None, here.get("clusterid")) or here.get("clusterid") is None
        rows.append({**clean(new_pool_view(pool, ctx)), "suitableformigration": near})
    return ctx.listing("storagepool", rows)
