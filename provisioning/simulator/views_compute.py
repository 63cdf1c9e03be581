"""How VMs, volumes, snapshots and routers look in answers, field by field in CloudStack's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator.clock import iso
from provisioning.simulator.limits import vm_size
from provisioning.simulator.tenancy import owner

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.state import Obj, State

READ_ONLY_DETAILS = (
    "dataDiskController, rootDiskController, backupValidationCommandTimeout, backupValidationScreenshotWait, "
    "backupValidationBootTimeout"
)
STATISTICS = (
    "networkkbsread",
    "networkkbswrite",
    "diskkbsread",
    "diskkbswrite",
    "memorykbs",
    "memoryintfreekbs",
    "memorytargetkbs",
    "diskioread",
    "diskiowrite",
)


def tags_of(state: State, obj: Obj) -> list[dict[str, Any]]:
    """An object's tags as they are shown inside it."""
    return [tag_view(state, tag, path=False) for tag in state.table("tag").where(resourceid=obj.uuid)]


def tag_view(state: State, tag: Obj, *, path: bool = True) -> dict[str, Any]:
    return {
        "key": tag["key"],
        "value": tag["value"],
        "resourcetype": tag["resourcetype"],
        "resourceid": tag["resourceid"],
        **owner(state, tag["accountid"], path=path),
    }


def host_control_state(state: State, host_id: str | None) -> str | None:
    """What an operator can do with VMs of the host: Enabled, Disabled, Maintenance, Offline."""
    host = state.get("host", host_id)
    if host is None:
        return None
    if host["state"] != "Up":
        return "Offline"
    resource = str(host.get("resourcestate") or "Enabled")
    if resource in ("PrepareForMaintenance", "Maintenance", "ErrorInMaintenance", "ErrorInPrepareForMaintenance"):
        return "Maintenance"
    if resource == "Disabled":
        return "Disabled"
    for kind, field in (("cluster", "clusterid"), ("pod", "podid"), ("zone", "zoneid")):
        place = state.get(kind, host.get(field))
        if place is not None and place.get("allocationstate") == "Disabled":
            return "Disabled"
    return "Enabled"


def nic_view(state: State, nic: Obj) -> dict[str, Any]:
    network = state.table("network").need(nic["networkid"])
    fields: dict[str, Any] = {
        "id": nic.uuid,
        "networkid": network.uuid,
        "networkname": network["name"],
        "netmask": network.get("netmask"),
        "gateway": network.get("gateway"),
        "ipaddress": nic.get("ipaddress"),
    }
    uri = nic.get("uri")
    if uri:
        fields.update(isolationuri=uri, broadcasturi=uri)
    fields.update(
        traffictype="Guest", type=network["type"], isdefault=bool(nic.get("isdefault")), macaddress=nic["macaddress"]
    )
    if nic.get("publicip"):
        fields["publicip"] = nic["publicip"]
    fields.update(
        secondaryip=[{"id": extra["id"], "ipaddress": extra["ipaddress"]} for extra in nic.get("secondaryip") or ()],
        extradhcpoption=[],
        deviceid=str(nic.get("deviceid", 0)),
        enabled=True,
    )
    return {name: value for name, value in fields.items() if value is not None}


def vm_view(vm: Obj, ctx: Ctx) -> dict[str, Any]:
    """A user VM.  Root admins see host, instance name, details and architecture, users the read-only details."""
    state = ctx.state
    admin = ctx.role_kind == "Admin"
    template = state.get("template", vm.get("templateid")) or state.get("iso", vm.get("templateid"))
    offering = state.table("serviceoffering").need(vm["serviceofferingid"])
    user = state.get("user", vm.get("userid"))
    host = state.get("host", vm.get("hostid"))
    cores, mhz, memory = vm_size(ctx.sim, vm)
    nics = state.table("nic").where(vmid=vm.uuid)
    on_host = host is not None
    first = next((n for n in nics if n.get("isdefault")), nics[0] if nics else None)
    root = next((v for v in state.table("volume").where(virtualmachineid=vm.uuid) if v["type"] == "ROOT"), None)
    pool = state.get("pool", root.get("storageid")) if root is not None else None
    os_type = state.get("ostype", vm.get("ostypeid") or (template.get("ostypeid") if template is not None else None))
    group = state.get("instancegroup", vm.get("groupid"))
    fields: dict[str, Any] = {
        "id": vm.uuid,
        "name": vm["name"],
        "displayname": vm.get("displayname") or vm["name"],
    }
    who = owner(state, vm["accountid"])
    fields.update({k: who[k] for k in ("account", "projectid", "project") if k in who})
    if user is not None:
        fields.update(userid=user.uuid, username=user["username"])
    fields.update(domainid=who["domainid"], domain=who["domain"], domainpath=who["domainpath"])
    fields.update(
        created=iso(vm["created"]),
        lastupdated=iso(vm.get("updated") or vm["created"]),
        state=vm["state"],
        haenable=bool(vm.get("haenable")),
    )
    if group is not None:
        fields.update(groupid=group.uuid, group=group["name"])
    fields.update(zoneid=vm["zoneid"], zonename=state.name_of("zone", vm["zoneid"]))
    if on_host:
        assert host is not None
        if admin:
            fields.update(hostid=host.uuid, hostname=host["name"])
        fields["hostcontrolstate"] = host_control_state(state, host.uuid)
    if template is not None:
        fields.update(
            templateid=template.uuid,
            templatename=template["name"],
            templatetype=template.get("templatetype"),
            templateformat=template.get("format"),
            templatedisplaytext=template.get("displaytext"),
            passwordenabled=bool(template.get("passwordenabled")),
        )
    isos = []
    iso_file = state.get("iso", vm.get("isoid"))
    if iso_file is not None:
        fields.update(isoid=iso_file.uuid, isoname=iso_file["name"], isodisplaytext=iso_file.get("displaytext"))
        isos.append({"id": iso_file.uuid, "name": iso_file["name"], "displaytext": iso_file.get("displaytext")})
    fields.update(isos=isos, isomaxcount=1, serviceofferingid=offering.uuid, serviceofferingname=offering["name"])
    if vm.get("diskofferingid"):
        fields.update(
            diskofferingid=vm["diskofferingid"], diskofferingname=state.name_of("diskoffering", vm["diskofferingid"])
        )
    fields.update(cpunumber=cores, cpuspeed=mhz, memory=memory)
    if vm.get("_stats") and on_host:
        fields.update(
            cpuused=f"{vm['_stats']}%",
            networkkbsread=32768,
            networkkbswrite=16384,
            diskkbsread=0,
            diskkbswrite=0,
            memorykbs=0,
            memoryintfreekbs=0,
            memorytargetkbs=0,
            diskioread=0,
            diskiowrite=0,
        )
    if os_type is not None:
        fields["guestosid"] = os_type.uuid
    fields.update(
        rootdeviceid=0,
        rootdevicetype="ROOT",
        securitygroup=_groups(state, vm),
        nic=[nic_view(state, nic) for nic in nics],
        hypervisor=vm["hypervisor"],
    )
    if vm.get("publicipid"):
        fields.update(publicipid=vm["publicipid"], publicip=state.table("ip").need(vm["publicipid"])["ipaddress"])
    fields["ipaddress"] = first.get("ipaddress") if first is not None else None
    if admin:
        fields.update(instancename=vm["instancename"], details=vm.get("details") or {})
    else:
        fields.update(details=vm.get("userdetails") or {}, readonlydetails=READ_ONLY_DETAILS)
    if vm.get("keypairs"):
        fields["keypairs"] = ",".join(vm["keypairs"])
    fields["affinitygroup"] = _affinity(state, vm)
    if admin:
        fields["displayvm"] = bool(vm.get("displayvm", True))
    fields.update(
        isdynamicallyscalable=bool(vm.get("isdynamicallyscalable")), deleteprotection=bool(vm.get("deleteprotection"))
    )
    if os_type is not None:
        fields.update(ostypeid=os_type.uuid, osdisplayname=os_type["description"])
    if vm.get("_firstboot"):
        fields.update(bootmode="legacy", boottype="Bios")
    if pool is not None:
        fields["pooltype"] = pool.get("type") or "NetworkFilesystem"
    fields.update(receivedbytes=0, sentbytes=0)
    if admin:
        fields["arch"] = (template.get("arch") if template is not None else None) or "x86_64"
    if vm.get("userdataid"):
        fields.update(userdataid=vm["userdataid"], userdataname=state.name_of("userdata", vm["userdataid"]))
    fields.update(tags=tags_of(state, vm), hasannotations=False)
    return fields


def _groups(state: State, vm: Obj) -> list[dict[str, Any]]:
    out = []
    for uuid in vm.get("securitygroupids") or ():
        group = state.get("securitygroup", uuid)
        if group is not None:
            out.append(
                {
                    "id": group.uuid,
                    "name": group["name"],
                    "description": group.get("description"),
                    "ingressrule": [],
                    "egressrule": [],
                    "tags": [],
                    "virtualmachineids": [],
                }
            )
    return out


def _affinity(state: State, vm: Obj) -> list[dict[str, Any]]:
    out = []
    for uuid in vm.get("affinitygroupids") or ():
        group = state.get("affinitygroup", uuid)
        if group is not None and group.removed_at is None:
            out.append(
                {
                    "id": group.uuid,
                    "name": group["name"],
                    "description": group.get("description"),
                    **owner(state, group["accountid"]),
                    "type": group["type"],
                }
            )
    return [{k: v for k, v in entry.items() if v is not None} for entry in out]


def vm_metrics_view(vm: Obj, ctx: Ctx) -> dict[str, Any]:
    """``listVirtualMachinesMetrics``: the VM with its figures made readable in front."""
    cores, mhz, memory = vm_size(ctx.sim, vm)
    front: dict[str, Any] = {}
    if vm["state"] == "Running" or vm.get("_stats"):
        front = {"ipaddress": None}
    front = {"cputotal": f"{cores * mhz / 1000:.1f} Ghz", "memorytotal": f"{memory / 1024:.2f} GiB"}
    if vm.get("_stats") and vm.get("hostid"):
        front.update(
            networkread="32.00 MiB",
            networkwrite="16.00 MiB",
            diskread="0.00 MiB",
            diskwrite="0.00 MiB",
            diskiopstotal=0,
        )
    fields = vm_view(vm, ctx)
    fields.pop("domainpath", None)
    return {**front, **fields}


def volume_view(volume: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    admin = ctx.role_kind == "Admin"
    vm = state.get("vm", volume.get("virtualmachineid"))
    template = state.get("template", volume.get("templateid"))
    disk = state.get("diskoffering", volume.get("diskofferingid"))
    service = state.get("serviceoffering", volume.get("serviceofferingid"))
    pool = state.get("pool", volume.get("storageid"))
    fields: dict[str, Any] = {
        "id": volume.uuid,
        "name": volume["name"],
        "zoneid": volume["zoneid"],
        "zonename": state.name_of("zone", volume["zoneid"]),
        "type": volume["type"],
    }
    if vm is not None:
        fields.update(deviceid=volume.get("deviceid", 0), virtualmachineid=vm.uuid)
    if template is not None:
        fields.update(
            templateid=template.uuid, templatename=template["name"], templatedisplaytext=template.get("displaytext")
        )
    if vm is not None:
        fields.update(
            vmname=vm["name"], vmdisplayname=vm.get("displayname") or vm["name"], vmstate=vm["state"], vmtype="User"
        )
    fields.update(provisioningtype="thin", size=volume["size"], created=iso(volume["created"]), state=volume["state"])
    fields.update(owner(state, volume["accountid"]))
    if admin and pool is not None:
        fields.update(storagetype="shared" if pool.get("scope") != "HOST" else "local")
    if admin and pool is not None:
        fields.update(hypervisor=pool.get("hypervisor") or "Any")
    if vm is not None:
        fields.update(diskkbsread=0, diskkbswrite=0, diskioread=0, diskiowrite=0)
    if disk is not None:
        fields.update(
            diskofferingid=disk.uuid, diskofferingname=disk["name"], diskofferingdisplaytext=disk.get("displaytext")
        )
    if admin and pool is not None:
        fields.update(storage=pool["name"], storageid=pool.uuid)
    if volume.get("attached") and vm is not None and volume["type"] != "ROOT":
        fields["attached"] = iso(volume["attached"])
    fields["destroyed"] = volume["state"] == "Destroy"
    if service is not None:
        fields.update(
            serviceofferingid=str(service.dbid),
            serviceofferingname=service["name"],
            serviceofferingdisplaytext=service.get("displaytext"),
        )
    if admin and volume.get("path"):
        fields["path"] = volume["path"]
    fields.update(
        isextractable=volume["type"] != "ROOT", quiescevm=False, supportsstoragesnapshot=False, deleteprotection=False
    )
    if admin and volume.get("storageid"):
        cluster = state.get("cluster", pool.get("clusterid")) if pool is not None else None
        if cluster is not None:
            fields.update(
                clusterid=cluster.uuid,
                clustername=cluster["name"],
                podid=cluster["podid"],
                podname=state.name_of("pod", cluster["podid"]),
            )
    fields.update(tags=tags_of(state, volume), hasannotations=False)
    return fields


def snapshot_view(snapshot: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    volume = state.table("volume").need(snapshot["volumeid"])
    return {
        "id": snapshot.uuid,
        **owner(state, snapshot["accountid"]),
        "volumeid": volume.uuid,
        "volumename": volume["name"],
        "volumetype": volume["type"],
        "volumestate": volume["state"],
        "created": iso(snapshot["created"]),
        "name": snapshot["name"],
        "intervaltype": "MANUAL",
        "state": snapshot["state"],
        "physicalsize": snapshot["physicalsize"],
        "zoneid": snapshot["zoneid"],
        "zonename": state.name_of("zone", snapshot["zoneid"]),
        "revertable": False,
        "virtualsize": snapshot["virtualsize"],
        "tags": tags_of(state, snapshot),
        "hasannotations": False,
    }


def vm_snapshot_view(snapshot: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    vm = state.table("vm").need(snapshot["virtualmachineid"])
    return {
        "id": snapshot.uuid,
        "name": snapshot["name"],
        "state": snapshot["state"],
        "description": snapshot.get("description"),
        "displayname": snapshot.get("displayname") or snapshot["name"],
        "zoneid": snapshot["zoneid"],
        "zonename": state.name_of("zone", snapshot["zoneid"]),
        "virtualmachineid": vm.uuid,
        "virtualmachinename": vm.get("displayname") or vm["name"],
        "parent": snapshot.get("parent"),
        "parentName": state.name_of("vmsnapshot", snapshot.get("parent")),
        "current": bool(snapshot.get("current")),
        "type": snapshot.get("type", "Disk"),
        "created": iso(snapshot["created"]),
        **owner(state, snapshot["accountid"]),
        "hypervisor": vm["hypervisor"],
        "tags": tags_of(state, snapshot),
        "hasannotations": False,
    }
