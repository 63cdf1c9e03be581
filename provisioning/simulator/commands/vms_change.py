"""Changing VMs: names, size, NICs, keys, groups, protection, console."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.commands.vms_power import power, the_vm
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.params import Params
from provisioning.simulator.place import demand
from provisioning.simulator.planner import has_room
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, vm_text
from provisioning.simulator.usage import ledger
from provisioning.simulator.views_compute import vm_view
from provisioning.simulator.vm_life import add_nic, change

VM: dict[str, str | tuple[str, ...]] = {"id": "vm", "virtualmachineid": "vm"}


@command("updateVirtualMachine", refs=VM)
def update_vm(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    changes: dict[str, Any] = {}
    if p.sent("displayname"):
        changes["displayname"] = p.text("displayname") or vm["name"]
    if p.has("name"):
        if vm["state"] != "Stopped":
            raise invalid("Instance needs to be stopped to change its name")
        changes["name"] = p.str("name")
    for name in ("haenable", "isdynamicallyscalable", "deleteprotection", "displayvm"):
        if p.has(name):
            changes[name] = p.flag(name)
    if p.obj("ostypeid") is not None:
        changes["ostypeid"] = p.the("ostypeid").uuid
    if p.has("userdata"):
        changes["userdata"] = p.str("userdata")
    if p.merged("details"):
        changes["userdetails"] = p.merged("details")
        changes["details"] = {**(vm.get("details") or {}), **p.merged("details")}
    if p.has("group"):
        group = ctx.state.table("instancegroup").find(accountid=vm["accountid"], name=p.str("group"))
        group = group or ctx.state.add("instancegroup", name=p.str("group"), accountid=vm["accountid"])
        changes["groupid"] = group.uuid
    change(ctx.sim, vm, **changes)
    # CloudStack's own text names the parameter instead of its value.
    ctx.event(
        "VM.UPDATE",
        "Successfully completed updating Vm. Instance ID: id",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
    )
    return {"virtualmachine": clean(vm_view(vm, ctx))}


def _new_size(ctx: Ctx, p: Params, vm: Obj) -> dict[str, Any]:
    """The fields of the new offering; refuses the same one, one that is gone, and what the account may not have."""
    offering = p.the("serviceofferingid")
    if offering.removed_at is not None or offering.get("issystem"):
        raise invalid(f"Unable to find service offering: {offering.uuid}")
    if offering.uuid == vm["serviceofferingid"] and not offering.get("iscustomized"):
        raise ApiError(
            431,
            4350,
            f"Not upgrading vm {vm_text(vm)} since it already has the requested service offering ({offering['name']})",
        )
    details = p.merged("details")
    fields: dict[str, Any] = {"serviceofferingid": offering.uuid, "cpunumber": None, "cpuspeed": None, "memory": None}
    for name, key in (("cpunumber", "cpuNumber"), ("cpuspeed", "cpuSpeed"), ("memory", "memory")):
        if not offering.get(name):
            given = details.get(key) or details.get(name)
            if given is None or not given.isdigit():
                raise invalid(
                    "Need to specify custom parameter values cpu, cpu speed and memory when using custom "
                    f"offering ({name})"
                )
            fields[name] = int(given)
    cores, _, memory = limits.vm_size(ctx.sim, vm)
    new_cores = int(fields["cpunumber"] or offering["cpunumber"])
    new_memory = int(fields["memory"] or offering["memory"])
    account = ctx.state.table("account").need(vm["accountid"])
    limits.check(
        ctx, account, **{k: v for k, v in {"cpu": new_cores - cores, "memory": new_memory - memory}.items() if v > 0}
    )
    return fields


@command("changeServiceForVirtualMachine", refs=VM)
def change_service(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    if vm["state"] != "Stopped":
        raise invalid(f"Unable to upgrade virtual machine {vm_text(vm)}; make sure the virtual machine is stopped")
    fields = _new_size(ctx, p, vm)
    change(ctx.sim, vm, **fields)
    ctx.event(
        "VM.UPGRADE",
        f"Successfully completed upgrading Vm. Instance ID: {vm.uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
    )
    return {"virtualmachine": clean(vm_view(vm, ctx))}


@command("scaleVirtualMachine", refs=VM)
def scale(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        fields = _new_size(ctx, p, vm)
        if vm["state"] == "Running":
            _room_for(ctx, vm, p.the("serviceofferingid"), fields)
            yield 0.5
        elif vm["state"] != "Stopped":
            raise ApiError(430, None, f"Unable to scale {vm_text(vm)} in state {vm['state']}")
        change(ctx.sim, vm, **fields)
        return {"virtualmachine": with_job(clean(vm_view(vm, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VM.DYNAMIC.SCALE",
        doing=f"scaling Vm. Instance ID: {vm.uuid}",
        scheduled=f"Upgrading Instance: {vm.uuid} to service offering: {p.the('serviceofferingid').uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
        instance=("VirtualMachine", vm.uuid),
        account=ctx.state.table("account").need(vm["accountid"]),
    )


def _room_for(ctx: Ctx, vm: Obj, offering: Obj, fields: dict[str, Any]) -> None:
    """A running VM grows only upwards, with dynamic scaling on, where its host has room."""
    from dataclasses import replace

    from provisioning.simulator.place import cluster_view, dedications, host_view

    sim = ctx.sim
    cores, mhz, memory = limits.vm_size(sim, vm)
    new_cores = int(fields["cpunumber"] or offering["cpunumber"])
    new_mhz = int(fields["cpuspeed"] or offering["cpuspeed"])
    new_memory = int(fields["memory"] or offering["memory"])
    if new_cores < cores or new_mhz < mhz or new_memory < memory:
        raise ApiError(
            431,
            None,
            "While the VM is running, only scaling up it is supported. New service offering should have CPU, speed and "
            "memory at least as the current one",
        )
    if (
        not vm.get("isdynamicallyscalable")
        or sim.setting("enable.dynamic.scale.vm", sim.state.get("zone", vm["zoneid"])) != "true"
    ):
        raise ApiError(530, None, f"Unable to scale VM {vm['name']}: dynamic scaling is not enabled for it")
    host = sim.state.table("host").need(vm["hostid"])
    cluster = sim.state.table("cluster").need(host["clusterid"])
    extra = replace(
        demand(sim, vm),
        cores=new_cores - cores or 1,
        mhz_per_core=new_mhz if new_cores > cores else new_mhz - mhz,
        memory_bytes=(new_memory - memory) * 2**20,
    )
    owners = dedications(sim)
    if (
        has_room(host_view(host, ledger(sim).hosts(sim)[host.uuid], owners), cluster_view(sim, cluster, owners), extra)
        is not None
    ):
        raise ApiError(533, None, f"Unable to scale {vm_text(vm)}: its host has not enough capacity")


# -- NICs -------------------------------------------------------------------------------------------------------------
@command("addNicToVirtualMachine", refs=VM)
def add_nic_to_vm(ctx: Ctx, p: Params) -> Result:
    vm, network = the_vm(ctx, p, "virtualmachineid"), p.the("networkid")
    if network.get("acltype") != "Domain":
        check_owner(ctx, network)
    if network["zoneid"] != vm["zoneid"]:
        raise invalid(f"Network {network.uuid} is in another zone than the VM")
    if any(n["networkid"] == network.uuid for n in ctx.state.table("nic").where(vmid=vm.uuid)):
        raise invalid(f"A NIC already exists for VM:{vm['instancename']} in network: {network.uuid}")

    def work() -> Generator[float, None, None]:
        from provisioning.simulator.routers import implement

        yield 0.4
        if vm["state"] == "Running" and not (yield from implement(ctx, network)):
            raise ApiError(530, None, "Unable to add NIC to VM: its network can't be implemented")
        add_nic(ctx.sim, vm, network, ip=p.str("ipaddress"), mac=p.str("macaddress"))

    return power(ctx, vm, work, "NIC.CREATE", "creating Nic", f"Adding network {network.uuid} to user vm: {vm.uuid}")


def _the_nic(ctx: Ctx, vm: Obj, p: Params) -> Obj:
    nic = p.the("nicid")
    if nic["vmid"] != vm.uuid or nic.removed_at is not None:
        raise invalid(f"{nic.uuid} is not a nic on {vm['instancename']}")
    return nic


@command("removeNicFromVirtualMachine", refs=VM)
def remove_nic(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p, "virtualmachineid")
    nic = _the_nic(ctx, vm, p)
    if nic.get("isdefault"):
        raise invalid(f"Unable to remove nic from {vm['instancename']} in network; NIC is the default one")

    def work() -> Generator[float, None, None]:
        yield 0.4
        ctx.state.remove(nic)
        vm.prepared = None

    return power(ctx, vm, work, "NIC.DELETE", "removing Nic", f"Removing NIC {nic.uuid} from user vm: {vm.uuid}")


@command("updateDefaultNicForVirtualMachine", refs=VM)
def update_default_nic(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p, "virtualmachineid")
    nic = _the_nic(ctx, vm, p)

    def work() -> Generator[float, None, None]:
        yield 0.2
        for other in ctx.state.table("nic").where(vmid=vm.uuid):
            other.set(isdefault=other is nic)
        vm.prepared = None

    return power(ctx, vm, work, "NIC.UPDATE", "updating Nic", f"Updating NIC {nic.uuid} on user vm: {vm.uuid}")


@command("addIpToNic", refs={"nicid": "nic"})
def add_ip_to_nic(ctx: Ctx, p: Params) -> Result:
    from provisioning.simulator.fabric import take_guest_address

    nic = p.the("nicid")
    vm = ctx.state.table("vm").need(nic["vmid"])
    check_owner(ctx, vm)
    network = ctx.state.table("network").need(nic["networkid"])
    address = take_guest_address(ctx.sim, network, p.str("ipaddress"))
    extra = {"id": ctx.state.new_uuid("secondaryip", nic.dbid * 1000 + len(nic["secondaryip"])), "ipaddress": address}

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        nic.set(secondaryip=[*nic["secondaryip"], extra])
        vm.prepared = None
        return {
            "nicsecondaryip": {
                "id": extra["id"],
                "ipaddress": address,
                "nicid": nic.uuid,
                "networkid": network.uuid,
                "virtualmachineid": vm.uuid,
            }
        }

    return run(
        ctx,
        steps,
        event="NIC.SECONDARY.IP.ASSIGN",
        doing="assigning secondary ip to nic",
        scheduled=f"associating ip to nic id={nic.uuid}",
        resource=("Nic", nic.uuid, ""),
        instance=("None", None),
        entity=str(extra["id"]),
    )


# -- secrets ----------------------------------------------------------------------------------------------------------
@command("resetPasswordForVirtualMachine", refs=VM)
def reset_password(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    template = ctx.state.get("template", vm.get("templateid"))
    if template is None or not template.get("passwordenabled"):
        raise invalid("Fail to reset password for the virtual machine, the template is not password enabled")
    if vm["state"] not in ("Stopped", "Running"):
        raise invalid("vm is not in the right state")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        fields = with_job(clean(vm_view(vm, ctx)), job)
        return {"virtualmachine": {**fields, "password": p.str("password") or secrets.token_urlsafe(9)}}

    return run(
        ctx,
        steps,
        event="VM.RESETPASSWORD",
        doing=f"resetting Vm password. Instance ID: {vm.uuid}",
        scheduled=f"Resetting password for Instance: {vm.uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
        instance=("VirtualMachine", vm.uuid),
    )


@command("resetSSHKeyForVirtualMachine", refs=VM)
def reset_key(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    names = p.list("keypairs") or p.list("keypair")
    for name in names:
        if ctx.state.table("sshkeypair").find(accountid=vm["accountid"], name=name) is None:
            raise invalid(f"A key pair with name '{name}' does not exist for account in specified domain id")
    if vm["state"] != "Stopped":
        raise invalid("vm is not in the right state: " + vm["state"])

    def work() -> Generator[float, None, None]:
        yield 0.4
        vm.set(keypairs=names)

    return power(
        ctx,
        vm,
        work,
        "VM.RESETSSHKEY",
        f"resetting Vm SSHKey. Instance ID: {vm.uuid}",
        f"Resetting SSH key for Instance: {vm.uuid}",
    )


@command("getVMPassword", refs=VM)
def get_password(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    raise invalid(f"No password for VM with id '{vm.uuid}' found.")


@command("getVirtualMachineUserData", refs=VM)
def get_user_data(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p, "virtualmachineid")
    return {"virtualmachineuserdata": clean({"virtualmachineid": vm.uuid, "userdata": vm.get("userdata")})}


@command("updateVMAffinityGroup", refs={"id": "vm", "affinitygroupids": "affinitygroup"})
def update_affinity(ctx: Ctx, p: Params) -> Result:
    vm = the_vm(ctx, p)
    if vm["state"] != "Stopped":
        raise invalid(
            f"Unable update affinity groups of the virtual machine {vm_text(vm)} in state {vm['state']}; make "
            "sure the virtual machine "
            "is stopped and not in an error state before updating."
        )
    groups = p.objs("affinitygroupids", "affinitygroup", ctx.state)
    check_owner(ctx, *groups)

    def work() -> Generator[float, None, None]:
        yield 0.2
        vm.set(affinitygroupids=[group.uuid for group in groups])

    return power(
        ctx, vm, work, "VM.AFFINITY.GROUP.UPDATE", "updating vm affinity groups", "updating affinity groups of a VM"
    )
