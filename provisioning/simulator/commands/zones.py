"""Zones and pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.simulator import net
from provisioning.simulator.errors import invalid, runtime_error
from provisioning.simulator.registry import command
from provisioning.simulator.views import pod_view, zone_view

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj, State

ZONE_FIELDS = (
    "dns1", "dns2", "ip6dns1", "ip6dns2", "internaldns1", "internaldns2", "guestcidraddress", "description",
)  # fmt: skip


def contains(rows: list[Obj], p: Params, *fields: str) -> list[Obj]:
    """Filter by ``keyword`` in one of the fields, without regard to case."""
    keyword = p.str("keyword")
    if keyword is None:
        return rows
    low = keyword.lower()
    return [obj for obj in rows if any(low in str(obj.get(field) or "").lower() for field in fields)]


def exactly(rows: list[Obj], p: Params, *names: str, ignore_case: bool = True) -> list[Obj]:
    """Filter by each of the named parameters that was sent, compared with the field of the same name."""
    for name in names:
        value = p.str(name)
        if value is not None:
            rows = [
                obj
                for obj in rows
                if str(obj.get(name) or "") == value
                or (ignore_case and str(obj.get(name) or "").lower() == value.lower())
            ]
    return rows


def enabled_or_not(p: Params) -> str | None:
    value = p.str("allocationstate")
    if value is None:
        return None
    if value not in ("Enabled", "Disabled"):
        raise invalid(f"Unable to resolve Allocation State '{value}' to a supported state")
    return value


@command("createZone")
def create_zone(ctx: Ctx, p: Params) -> Result:
    """A zone, Disabled until it is enabled."""
    name, kind = p.text("name"), p.text("networktype").capitalize()
    with ctx.recorded("ZONE.CREATE", "creating zone", f". Zone Name: {name}") as said:
        if kind not in ("Basic", "Advanced"):
            raise invalid("Invalid zone type; only Advanced and Basic values are supported")
        if ctx.state.table("zone").find(name=name) is not None:
            raise invalid("A zone with that name already exists. Please specify a unique zone name.")
        for field in ("dns1", "dns2", "internaldns1", "internaldns2"):
            if p.has(field):
                net.good_ip(p.str(field), f"IP address for {field}")
        cidr = p.str("guestcidraddress") or (
            "10.1.1.0/24" if kind == "Advanced" and not p.flag("securitygroupenabled") else None
        )
        zone = ctx.state.add(
            "zone",
            name=name,
            networktype=kind,
            allocationstate=p.text("allocationstate", "Disabled"),
            securitygroupsenabled=p.flag("securitygroupenabled") or kind == "Basic",
            localstorageenabled=p.flag("localstorageenabled"),
            isedge=p.flag("isedge"),
            networkdomain=p.str("domain"),
            zonetoken=net.name_uuid(f"{name}{int(ctx.now * 1000)}"),
            **{**{field: p.str(field) for field in ZONE_FIELDS}, "guestcidraddress": cidr},
        )
        said.resource = ("Zone", zone.uuid, name)
    return {"zone": zone_view(zone, ctx)}


@command("updateZone", refs={"id": "zone"})
def update_zone(ctx: Ctx, p: Params) -> Result:
    """Change a zone; enabling it the first time copies the management network for storage and starts its system VMs
    later.
    """
    zone = p.the("id")
    with ctx.recorded("ZONE.EDIT", "editing zone", f". Zone ID: {zone.uuid}") as said:
        said.resource = ("Zone", zone.uuid, zone["name"])
        changed = {field: p.str(field) for field in ZONE_FIELDS if p.has(field)}
        if p.has("name") and p.str("name") != zone["name"]:
            if ctx.state.table("zone").find(name=p.str("name")) is not None:
                raise invalid("A zone with that name already exists. Please specify a unique zone name.")
            changed["name"] = p.str("name")
        state = enabled_or_not(p)
        if state == "Enabled" and zone["allocationstate"] != "Enabled":
            said.parent = ready_to_enable(ctx, zone)
            changed["allocationstate"] = state
            if not zone.get("_enabled_at"):
                zone.set(_enabled_at=ctx.now)
        elif state is not None:
            changed["allocationstate"] = state
        if p.has("localstorageenabled"):
            zone.set(localstorageenabled=p.flag("localstorageenabled"))
        zone.set(**changed)
    return {"zone": zone_view(zone, ctx)}


def ready_to_enable(ctx: Ctx, zone: Obj) -> Obj | None:
    """Refuse a zone without the traffic it needs; add Storage traffic beside Management.  The event of that, if any."""
    state = ctx.state
    physical = state.table("physicalnetwork").where(zoneid=zone.uuid)
    kinds: dict[str, Obj] = {}
    for network in physical:
        for traffic in state.table("traffictype").where(physicalnetworkid=network.uuid):
            kinds.setdefault(traffic["traffictype"], traffic)
    needed = ["Management"]
    if zone["networktype"] == "Advanced" and not zone["securitygroupsenabled"]:
        needed.append("Public")
    for kind in needed:
        if kind not in kinds:
            raise invalid(
                f"Cannot enable this Zone since: Unable to find physical network in zone that supports {kind} "
                "traffic type"
            )
    if "Storage" in kinds:
        return None
    from provisioning.simulator.commands.physical import add_traffic

    management = kinds["Management"]
    network = state.table("physicalnetwork").need(management["physicalnetworkid"])
    add_traffic(ctx.sim, network, "Storage", dict(management.get("labels") or {}))
    return ctx.event(
        "TRAFFIC.TYPE.CREATE",
        f"Successfully created entity for Creating Physical Network TrafficType. Zone ID: {zone.uuid}",
        state="Created",
        resource=("TrafficType", "", ""),
    )


@command("deleteZone", refs={"id": "zone"})
def delete_zone(ctx: Ctx, p: Params) -> Result:
    """Remove an empty zone."""
    zone = p.the("id")
    state = ctx.state
    with ctx.recorded("ZONE.DELETE", "deleting zone", f". Zone ID: {zone.uuid}") as said:
        said.resource = ("Zone", zone.uuid, zone["name"])
        for kind, text in (
            ("pod", "there are pods in this zone."),
            ("host", "there are servers in this zone."),
            ("vm", "there are virtual machines in this zone."),
            ("volume", "there are storage volumes in this zone."),
            ("physicalnetwork", "there are physical networks in this zone."),
            ("imagestore", "there are Secondary storages in this zone"),
        ):
            if state.table(kind).where(zoneid=zone.uuid):
                raise runtime_error(f"The zone cannot be deleted because {text}")
        if any(ip["state"] != "Free" for ip in state.table("ip").where(zoneid=zone.uuid)):
            raise runtime_error("The zone cannot be deleted because there are IP addresses allocated in this zone.")
        for ip in state.table("ip").where(zoneid=zone.uuid):
            state.remove(ip)
        state.remove(zone)
    return {"success": True}


@command("listZones", refs={"id": "zone"})
def list_zones(ctx: Ctx, p: Params) -> Result:
    """Zones; users see enabled ones that are not dedicated to somebody else."""
    zone = p.obj("id")
    rows = [zone] if zone is not None else list(ctx.state.all("zone"))
    rows = [each for each in rows if each.removed_at is None]
    if p.has("ids"):
        rows = [each for each in rows if each.uuid in p.list("ids")]
    if not ctx.is_admin:
        rows = [each for each in rows if each["allocationstate"] == "Enabled" and may_use(ctx.state, each, ctx.account)]
    if p.has("available") and not p.flag("available"):
        rows = [each for each in rows if may_use(ctx.state, each, ctx.account)]
    rows = contains(exactly(rows, p, "name", "networktype"), p, "name", "description")
    return ctx.listing("zone", rows, zone_view, cacheable=False)


def may_use(state: State, place: Obj, account: Obj) -> bool:
    """Whether a zone, pod, cluster or host is open to an account: not dedicated, or dedicated to it or its domain."""
    dedicated = state.table("dedicatedresource").find(resourceid=place.uuid)
    if dedicated is None:
        return True
    if dedicated.get("accountid"):
        return bool(dedicated["accountid"] == account.uuid)
    owner, mine = state.get("domain", dedicated["domainid"]), state.get("domain", account["domainid"])
    return owner is not None and mine is not None and str(mine["_path"]).startswith(owner["_path"])


# -- pods -----------------------------------------------------------------------------------------------------------
def zone_text(zone: Obj) -> str:
    """A zone as the texts of refusals name it."""
    return f'Zone {{"id": "{zone.dbid}", "name": "{zone["name"]}", "uuid": "{zone.uuid}"}}'


def check_pod_range(ctx: Ctx, zone: Obj, gateway: str, netmask: str, start: str, end: str, pod: Obj | None) -> None:
    """The range must lie in its subnet, leave the gateway out and be no other pod's."""
    net.good_ip(gateway, "IP address for the gateway")
    net.good_netmask(netmask)
    low, high = net.good_ip(start, "start IP address"), net.good_ip(end, "end IP address")
    if not net.in_subnet(start, gateway, netmask):
        raise invalid("The start address of the IP range is not in the CIDR subnet.")
    if not net.in_subnet(end, gateway, netmask):
        raise invalid("The end address of the IP range is not in the CIDR subnet.")
    if low > high:
        raise invalid("The start IP address must have a lower value than the end IP address.")
    if low <= net.ip(gateway) <= high:
        raise invalid("The gateway shouldn't overlap start/end IP addresses")
    for other in ctx.state.table("pod").where(zoneid=zone.uuid):
        if other is pod:
            continue
        for taken in other["ipranges"]:
            if net.overlap((low, high), (net.ip(taken["startip"]), net.ip(taken["endip"]))):
                raise invalid(
                    f"The subnet of the pod you are adding conflicts with the subnet of the Pod: {other['name']}"
                )


@command("createPod")
def create_pod(ctx: Ctx, p: Params) -> Result:
    """A pod with its range of private addresses for system VMs."""
    zone, name = p.the("zoneid"), p.text("name")
    with ctx.recorded("POD.CREATE", "creating pod") as said:
        said.resource = ("Pod", "", "")
        gateway, netmask = p.need("gateway"), p.need("netmask")
        start, end = p.need("startip"), p.text("endip") or p.need("startip")
        if ctx.state.table("pod").find(zoneid=zone.uuid, name=name) is not None:
            raise invalid(
                f"A pod with name: {name} already exists in zone {zone_text(zone)}. Please specify a "
                "different pod name. "
            )
        check_pod_range(ctx, zone, gateway, netmask, start, end, None)
        pod = ctx.state.add(
            "pod",
            name=name,
            zoneid=zone.uuid,
            gateway=gateway,
            netmask=netmask,
            ipranges=[{"startip": start, "endip": end, "forsystemvms": "0", "vlanid": "vlan://untagged"}],
            allocationstate=enabled_or_not(p) or "Enabled",
        )
        said.resource = ("Pod", pod.uuid, name)
    return {"pod": pod_view(pod, ctx)}


@command("updatePod", refs={"id": "pod"})
def update_pod(ctx: Ctx, p: Params) -> Result:
    """Change a pod's name, subnet, range or state."""
    pod = p.the("id")
    zone = ctx.state.table("zone").need(pod["zoneid"])
    with ctx.recorded("POD.EDIT", "updating pod") as said:
        said.resource = ("Pod", pod.uuid, pod["name"])
        changed: dict[str, object] = {}
        name = p.str("name")
        if name is not None and name != pod["name"]:
            if ctx.state.table("pod").find(zoneid=zone.uuid, name=name) is not None:
                raise invalid(
                    f"A pod with name: {name} already exists in zone {zone_text(zone)}. Please specify a "
                    "different pod name. "
                )
            changed["name"] = name
        if any(p.has(field) for field in ("gateway", "netmask", "startip", "endip")):
            first = pod["ipranges"][0]
            gateway, netmask = p.text("gateway", pod["gateway"]), p.text("netmask", pod["netmask"])
            start, end = p.text("startip", first["startip"]), p.text("endip", first["endip"])
            check_pod_range(ctx, zone, gateway, netmask, start, end, pod)
            changed |= {"gateway": gateway, "netmask": netmask}
            changed["ipranges"] = [{**first, "startip": start, "endip": end}, *pod["ipranges"][1:]]
        state = enabled_or_not(p)
        if state is not None:
            changed["allocationstate"] = state
        pod.set(**changed)
    return {"pod": pod_view(pod, ctx)}


@command("deletePod", refs={"id": "pod"})
def delete_pod(ctx: Ctx, p: Params) -> Result:
    """Remove an empty pod."""
    pod = p.the("id")
    state = ctx.state
    with ctx.recorded("POD.DELETE", "deleting pod") as said:
        said.resource = ("Pod", pod.uuid, pod["name"])
        if any(vm.get("_privateip") or vm.get("privateip") for vm in state.all("sysvm") if vm.get("podid") == pod.uuid):
            raise runtime_error(
                "The pod cannot be deleted because there are private IP addresses allocated in this pod."
            )
        if any(volume.get("podid") == pod.uuid for volume in state.table("volume").where(zoneid=pod["zoneid"])):
            raise runtime_error("The pod cannot be deleted because there are storage volumes in this pod.")
        if any(host.uuid for host in state.table("host").where(podid=pod.uuid)):
            raise runtime_error("The pod cannot be deleted because there are servers in this pod.")
        if state.table("cluster").where(podid=pod.uuid):
            raise runtime_error("The pod cannot be deleted because there are clusters in this pod.")
        state.remove(pod)
    return {"success": True}


@command("listPods", refs={"id": "pod"})
def list_pods(ctx: Ctx, p: Params) -> Result:
    """Pods of all zones or of one."""
    pod, zone = p.obj("id"), p.obj("zoneid")
    rows = (
        [pod] if pod is not None and pod.removed_at is None else [] if pod is not None else list(ctx.state.all("pod"))
    )
    if zone is not None:
        rows = [each for each in rows if each["zoneid"] == zone.uuid]
    return ctx.listing("pod", contains(exactly(rows, p, "name", "allocationstate"), p, "name"), pod_view)
