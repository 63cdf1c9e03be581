"""Moving VMs between hosts."""

from __future__ import annotations

from collections.abc import Generator

from provisioning.simulator import mocks
from provisioning.simulator.commands.vms_power import power, the_vm
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.moves import targets
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.views import host_view
from provisioning.simulator.vm_life import change, move


@command("findHostsForMigration")
def find_hosts(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p, "virtualmachineid")
    if vm["state"] != "Running":
        raise invalid(f"Unable to find hosts for migration of VM {vm['name']}: it is not running")
    rows = []
    keyword = p.text("keyword").lower()
    for place, why in targets(ctx.sim, vm):
        host = ctx.state.table("host").need(place.id)
        if why == "storage is out of reach" or (keyword and keyword not in host["name"].lower()):
            continue
        rows.append(
            {"requiresStorageMotion": False, **clean(host_view(host, ctx)), "suitableformigration": why is None}
        )
    rows.sort(key=lambda row: not row["suitableformigration"])
    return ctx.listing("host", rows)


@command("migrateVirtualMachine", refs={"hostid": "host", "virtualmachineid": "vm"})
def migrate(ctx: Ctx, p: Params) -> Result:
    vm, wanted = the_vm(ctx, p, "virtualmachineid"), p.obj("hostid")
    if vm["state"] != "Running":
        raise invalid(f"Unable to migrate the Instance with the specified id, it is not Running: {vm['instancename']}")
    found = {place.id: why for place, why in targets(ctx.sim, vm)}
    if wanted is None:
        fits = [uuid for uuid, why in found.items() if why is None]
        if not fits:
            raise invalid("Unable to find a suitable destination to migrate VM " + vm["name"])
        wanted = ctx.state.table("host").need(fits[0])
    if wanted.uuid == vm["hostid"]:
        raise invalid(
            "Cannot migrate VM, VM is already present on this host, please specify valid destination host to "
            "migrate the VM"
        )
    host = wanted
    if host["state"] != "Up" or host.get("resourcestate") != "Enabled":
        raise invalid(
            f"Cannot migrate VM, destination host {host['name']} is not in correct state, has status: "
            f"{host['state']}, state: "
            f"{host.get('resourcestate')}"
        )

    def work() -> Generator[float, None, None]:
        why = {place.id: reason for place, reason in targets(ctx.sim, vm)}.get(host.uuid, "storage is out of reach")
        if why is not None:
            yield 0.2
            raise ApiError(
                530,
                None,
                f"Migration was refused connection to destination: {why}"
                if "storage" in why
                else f"Destination host {host['name']} doesn't have enough capacity to host VM {vm['name']}",
            )
        source = vm["hostid"]
        change(ctx.sim, vm, state="Migrating", _target=host.uuid)
        done = False
        try:
            yield 1.5
            done = host["state"] == "Up" and not mocks.failing(
                ctx.sim, "MigrateCommand", host=ctx.state.table("host").need(source)
            )
        finally:
            if not done:
                change(ctx.sim, vm, state="Running", hostid=source)
        if not done:
            raise ApiError(530, None, f"Unable to migrate VM {vm['name']}")
        move(ctx.sim, vm, host)

    number = str(vm["instancename"]).rsplit("-", 2)[1]
    return power(
        ctx,
        vm,
        work,
        "VM.MIGRATE",
        f"migrating VM. Instance Id: {number} to host with ID: {host.uuid}",
        f"Attempting to migrate Instance Id: {vm.uuid} to host Id: {host.uuid}",
    )
