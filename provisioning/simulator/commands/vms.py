"""Listing VMs and deploying new ones."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Generator
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, denied, invalid
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.networking import default_networks
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.routers import hypervisor_of
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, matching, may_use, owned, tagged, target_account
from provisioning.simulator.views_compute import vm_metrics_view, vm_view
from provisioning.simulator.vm_life import add_nic, next_instance, start

HOST_NAME = re.compile(r"^[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")
BAD_NAME = (
    "Invalid name. Vm name can contain ASCII letters 'a' through 'z', the digits '0' through '9', and the hyphen "
    "('-'), must be "
    "between 1 and 63 characters long, and can't start or end with \"-\" and can't start with digit"
)
GIB = 2**30
REFS: dict[str, str | tuple[str, ...]] = {"id": "vm", "groupid": "instancegroup"}


def found_vms(ctx: Ctx, p: Params) -> list[Obj]:
    """VMs that a list call asks for."""
    fields = {
        name: obj.uuid
        for name in ("zoneid", "hostid", "serviceofferingid", "userid", "groupid", "templateid", "isoid")
        if (obj := p.obj(name)) is not None
    }
    state = p.text("state")
    if state and state.lower() not in ("present", "stopped", "running"):
        fields["state"] = next((s for s in STATES if s.lower() == state.lower()), state)
    elif state.lower() in ("stopped", "running"):
        fields["state"] = state.capitalize()
    rows = owned(ctx, p, "vm", **fields)
    if state.lower() == "present":
        rows = [vm for vm in rows if vm["state"] not in ("Destroyed", "Expunging")]
    if not ctx.is_admin and ctx.sim.setting("allow.user.view.destroyed.vm") != "true":
        rows = [vm for vm in rows if vm["state"] not in ("Destroyed", "Expunging")]
    if not ctx.is_admin:
        rows = [vm for vm in rows if vm.get("displayvm", True)]
    for name, kind in (("podid", "podid"), ("clusterid", "clusterid")):
        place = p.obj(name)
        if place is not None and ctx.is_admin:
            hosts = {h.uuid for h in ctx.state.table("host").where(**{kind: place.uuid})}
            rows = [vm for vm in rows if vm.get("hostid") in hosts]
    network = p.obj("networkid")
    if network is not None:
        inside = {n["vmid"] for n in ctx.state.table("nic").where(networkid=network.uuid)}
        rows = [vm for vm in rows if vm.uuid in inside]
    pool = p.obj("storageid")
    if pool is not None:
        inside = {v.get("virtualmachineid") for v in ctx.state.table("volume").where(storageid=pool.uuid)}
        rows = [vm for vm in rows if vm.uuid in inside]
    group = p.obj("affinitygroupid")
    if group is not None:
        rows = [vm for vm in rows if group.uuid in (vm.get("affinitygroupids") or ())]
    if p.has("hypervisor"):
        rows = [vm for vm in rows if vm["hypervisor"].lower() == p.text("hypervisor").lower()]
    if p.has("haenable"):
        rows = [vm for vm in rows if bool(vm.get("haenable")) == p.flag("haenable")]
    return tagged(ctx, p, matching(p, rows, keys=("name", "displayname", "instancename", "state")))


STATES = (
    "Starting",
    "Running",
    "Stopping",
    "Stopped",
    "Destroyed",
    "Expunging",
    "Migrating",
    "Error",
    "Unknown",
    "Shutdown",
)


@command("listVirtualMachines", refs=REFS)
def list_vms(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("virtualmachine", found_vms(ctx, p), vm_view)


@command("listVirtualMachinesMetrics", refs=REFS)
def list_vm_metrics(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("virtualmachine", found_vms(ctx, p), vm_metrics_view)


@command(
    "deployVirtualMachine",
    refs={
        "affinitygroupids": "affinitygroup",
        "networkids": "network",
        "securitygroupids": "securitygroup",
        "diskofferingid": "diskoffering",
    },
)
def deploy(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    zone, offering = p.the("zoneid"), p.the("serviceofferingid")
    if zone.removed_at is not None:
        raise invalid(f"Unable to find zone by id={zone.uuid}")
    if zone.get("allocationstate") == "Disabled" and not ctx.is_admin:
        raise denied(f"Cannot perform this operation, Zone is currently disabled: {zone['name']}")
    if offering.removed_at is not None or offering.get("state", "Active") != "Active" or offering.get("issystem"):
        raise invalid(f"Unable to find service offering: {offering.uuid}")
    template = p.obj("templateid")
    if template is None or template.removed_at is not None:
        raise invalid("Unable to use template " + p.text("templateid"))
    if template.get("templatetype") == "SYSTEM":
        raise invalid(f"Unable to use system template {template.uuid} to deploy a user vm")
    size = _sizes(p, offering)
    networks = _networks(ctx, p, account, zone)
    name = p.str("name")
    if name is not None and not HOST_NAME.match(name):
        raise invalid(BAD_NAME)
    _unique_host_name(ctx, name, networks)
    groups = p.objs("affinitygroupids", "affinitygroup", ctx.state) or _named_groups(ctx, p, account)
    check_owner(ctx, *groups)
    keypairs = p.list("keypairs") or p.list("keypair")
    for key in keypairs:
        if ctx.state.table("sshkeypair").find(accountid=account.uuid, name=key) is None:
            raise invalid("A key pair with name '" + key + "' was not found.")
    _check_user_data(p)
    disk = p.obj("diskofferingid")
    root_bytes = (
        (p.int("rootdisksize") or 0) * GIB
        or int(offering.get("rootdisksize") or 0) * GIB
        or int(template.get("size") or 2 * GIB)
    )
    data_bytes = 0
    if disk is not None:
        data_bytes = (p.int("size") if disk.get("iscustomized") else disk.get("disksize")) or 0
        data_bytes *= GIB
    limits.check(
        ctx,
        account,
        user_vm=1,
        cpu=size["cpunumber"],
        memory=size["memory"],
        volume=2 if disk is not None else 1,
        primary_storage=root_bytes + data_bytes,
    )
    vm = _make(ctx, p, account, zone, template, offering, networks, groups, keypairs, size, root_bytes)
    if disk is not None:
        ctx.state.add(
            "volume",
            name=f"DATA-{vm['instancename'].split('-')[-2]}",
            accountid=account.uuid,
            zoneid=zone.uuid,
            type="DATADISK",
            size=data_bytes,
            state="Allocated",
            diskofferingid=disk.uuid,
            virtualmachineid=vm.uuid,
            deviceid=1,
            attached=ctx.now,
        )
    starting = p.text("startvm", "true").lower() != "false"
    host = p.obj("hostid") if ctx.is_admin else None

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        if starting:
            yield from start(ctx, vm, deploying=True, host_id=host.uuid if host is not None else None)
        else:
            yield 0.5
        return {"virtualmachine": with_job(clean(vm_view(vm, ctx)), job)}

    return run(
        ctx,
        steps,
        event="VM.CREATE",
        doing=f"deploying Vm. Instance ID: {vm.uuid}",
        scheduled=f"Starting Instance with ID: {vm.uuid}",
        resource=("VirtualMachine", vm.uuid, vm["name"]),
        instance=("VirtualMachine", vm.uuid),
        entity=vm.uuid,
        account=account,
    )


def _sizes(p: Params, offering: Obj) -> dict[str, int]:
    """Cores, MHz and MiB: the offering's, or the call's where the offering leaves them open."""
    details = p.merged("details")
    out = {}
    for field, key in (("cpunumber", "cpuNumber"), ("cpuspeed", "cpuSpeed"), ("memory", "memory")):
        value = offering.get(field)
        given = details.get(key) or details.get(key.lower())
        if value is None or (offering.get("iscustomized") and not value):
            if not given or not given.isdigit():
                raise invalid(
                    "Invalid CPU cores value, specify a value between 1 and 2147483647"
                    if field == "cpunumber"
                    else f"Invalid {field} value for a custom compute offering"
                )
            value = int(given)
        out[field] = int(value)
    return out


def _networks(ctx: Ctx, p: Params, account: Obj, zone: Obj) -> list[tuple[Obj, str | None]]:
    asked: list[tuple[Obj, str | None]] = []
    for entry in p.maps("iptonetworklist"):
        network = ctx.state.get("network", entry.get("networkid"))
        if network is None:
            raise invalid(f"Unable to find network by id {entry.get('networkid')}")
        asked.append((network, entry.get("ip")))
    if not asked:
        asked = [(network, None) for network in p.objs("networkids", "network", ctx.state)]
        if asked and p.has("ipaddress"):
            asked[0] = (asked[0][0], p.str("ipaddress"))
    if not asked:
        asked = [(network, p.str("ipaddress")) for network in default_networks(ctx, account, zone)]
    for network, _ in asked:
        if network.removed_at is not None:
            raise invalid(f"Unable to find network by id {network.uuid}")
        if network["zoneid"] != zone.uuid:
            raise invalid(f"Network id={network.uuid} doesn't belong to zone {zone.uuid}")
        if network.get("acltype") != "Domain" and not may_use(ctx, network["accountid"]):
            raise denied("Caller does not have permission to operate with provided resource.")
    return asked


def _unique_host_name(ctx: Ctx, name: str | None, networks: list[tuple[Obj, str | None]]) -> None:
    if name is None:
        return
    for network, _ in networks:
        for nic in ctx.state.table("nic").where(networkid=network.uuid):
            vm = ctx.state.get("vm", nic["vmid"])
            if (
                vm is not None
                and vm.removed_at is None
                and vm["name"].lower() == name.lower()
                and vm["state"] not in ("Error", "Expunging")
            ):
                raise invalid(
                    f"The vm with hostName {name} already exists in the network domain: "
                    f"{network.get('networkdomain')}; "
                    f'network=Network {{"name":"{network["name"]}","uuid":"{network.uuid}"}}'
                )


def _named_groups(ctx: Ctx, p: Params, account: Obj) -> list[Obj]:
    out = []
    for name in p.list("affinitygroupnames"):
        group = ctx.state.table("affinitygroup").find(accountid=account.uuid, name=name)
        if group is None:
            raise invalid(f"Unable to find affinity group by name {name}")
        out.append(group)
    return out


def _check_user_data(p: Params) -> None:
    text = p.str("userdata")
    if text is None:
        return
    try:
        base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("User data is not base64 encoded.") from None


def _make(
    ctx: Ctx,
    p: Params,
    account: Obj,
    zone: Obj,
    template: Obj,
    offering: Obj,
    networks: list[tuple[Obj, str | None]],
    groups: list[Obj],
    keypairs: list[str],
    size: dict[str, int],
    root_bytes: int,
) -> Obj:
    """The stopped VM with its NICs and root disk, and the events of their making."""
    sim, state = ctx.sim, ctx.state
    number = next_instance(sim)
    hypervisor = template.get("hypervisor")
    available = hypervisor_of(sim, zone)
    if hypervisor is None or hypervisor in ("Any", "None"):
        hypervisor = available
    uuid = state.new_uuid("vm", number)
    custom = {k: v for k, v in size.items() if offering.get(k) != v}
    fields: dict[str, Any] = {
        "name": p.str("name") or f"VM-{uuid}",
        "displayname": p.str("displayname") or p.str("name") or f"VM-{uuid}",
        "accountid": account.uuid,
        "userid": ctx.user.uuid,
        "zoneid": zone.uuid,
        "templateid": template.uuid,
        "serviceofferingid": offering.uuid,
        "hypervisor": hypervisor,
        "instancename": f"i-{account.dbid}-{number}-VM",
        "state": "Stopped",
        "hostid": None,
        "haenable": bool(offering.get("offerha")),
        "updated": ctx.now,
        "ostypeid": template.get("ostypeid"),
        **custom,
    }
    if groups:
        fields["affinitygroupids"] = [group.uuid for group in groups]
    if keypairs:
        fields["keypairs"] = keypairs
    security = [group.uuid for group in p.objs("securitygroupids", "securitygroup", state)]
    if zone.get("securitygroupsenabled"):
        own = state.table("securitygroup").find(accountid=account.uuid, name="default")
        fields["securitygroupids"] = security or ([own.uuid] if own is not None else [])
    if p.has("userdata"):
        fields["userdata"] = p.str("userdata")
    if p.obj("userdataid") is not None:
        fields["userdataid"] = p.the("userdataid").uuid
    if p.has("group"):
        fields["groupid"] = _group(ctx, p.text("group"), account).uuid
    if p.has("displayvm"):
        fields["displayvm"] = p.flag("displayvm")
    vm = state.add("vm", **fields)
    try:
        for position, (network, ip) in enumerate(networks):
            add_nic(sim, vm, network, ip=ip, default=position == 0)
    except ApiError:
        for nic in state.table("nic").where(vmid=vm.uuid):
            state.remove(nic)
        state.remove(vm)
        raise
    root = state.add(
        "volume",
        name=f"ROOT-{number}",
        accountid=account.uuid,
        zoneid=zone.uuid,
        type="ROOT",
        size=root_bytes,
        state="Allocated",
        templateid=template.uuid,
        serviceofferingid=offering.uuid,
        virtualmachineid=vm.uuid,
        deviceid=0,
    )
    ctx.event(
        "VOLUME.CREATE",
        "Successfully created entity for creating ROOT volume. Volume Type: ROOTVolume ID: "
        f"{root.uuid} Instance ID: {vm.uuid}",
        state="Created",
        account=account,
        resource=("Volume", root.uuid, root["name"]),
    )
    return vm


def _group(ctx: Ctx, name: str, account: Obj) -> Obj:
    found = ctx.state.table("instancegroup").find(accountid=account.uuid, name=name)
    return found or ctx.state.add("instancegroup", name=name, accountid=account.uuid)
