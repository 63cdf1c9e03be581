"""Physical networks and their traffic types."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data, net
from provisioning.simulator.commands.providers import add_provider
from provisioning.simulator.commands.zones import exactly
from provisioning.simulator.errors import ApiError, invalid, runtime_error
from provisioning.simulator.jobs import JobEvent
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

Job = Generator[float, None, dict[str, Any]]
LABELS = (
    "kvmnetworklabel", "xennetworklabel", "vmwarenetworklabel", "hypervnetworklabel", "ovm3networklabel", "vlan",
)  # fmt: skip
TRAFFIC = {kind.lower(): kind for kind in ("Guest", "Management", "Public", "Storage", "Control", "Vpn")}


def view(physical: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "id": physical.uuid,
        "name": physical["name"],
        "broadcastdomainrange": physical["broadcastdomainrange"],
        "zoneid": physical["zoneid"],
        "zonename": ctx.state.name_of("zone", physical["zoneid"]),
        "state": physical["state"],
        "vlan": physical.get("vlan") or None,
        "tags": physical.get("tags") or None,
        "networkspeed": physical.get("networkspeed"),
        "isolationmethods": physical.get("isolationmethods") or None,
    }


def traffic_view(traffic: Obj, ctx: Ctx) -> dict[str, Any]:
    physical = ctx.state.table("physicalnetwork").need(traffic["physicalnetworkid"])
    return {
        "id": traffic.uuid,
        "traffictype": traffic["traffictype"],
        "physicalnetworkid": physical.uuid,
        **{label: value for label, value in (traffic.get("labels") or {}).items() if value},
        "isolationmethods": physical.get("isolationmethods") or None,
    }


@command("createPhysicalNetwork")
def create_physical_network(ctx: Ctx, p: Params) -> Result:
    """A physical network, Disabled, with every provider that the installation knows."""
    zone = p.the("zoneid")
    if zone["allocationstate"] == "Enabled":
        raise ApiError(
            531, 4365, f"Cannot create PhysicalNetwork since the Zone is currently enabled, zone Id: {zone.uuid}"
        )
    methods = p.list("isolationmethods")
    if len(methods) > 1:
        raise invalid("Only one isolationMethod can be specified for a physical network at this time")
    if p.has("vlan") and zone["networktype"] == "Basic":
        raise invalid("Can't add vnet range to the physical network in the zone that supports Basic network")
    domain_range = p.text("broadcastdomainrange", "POD" if zone["networktype"] == "Basic" else "ZONE").upper()
    if domain_range not in ("POD", "ZONE"):
        raise invalid(
            f"Unable to resolve broadcastDomainRange '{p.str('broadcastdomainrange')}' to a supported value "
            f"{{Pod or Zone}}"
        )
    if zone["networktype"] == "Basic" and ctx.state.table("physicalnetwork").where(zoneid=zone.uuid):
        raise runtime_error("Cannot add another physical network to a Basic zone")
    physical = ctx.state.add(
        "physicalnetwork",
        name=p.text("name"),
        zoneid=zone.uuid,
        broadcastdomainrange=domain_range,
        isolationmethods=methods[0] if methods else None,
        tags=p.str("tags"),
        networkspeed=p.str("networkspeed"),
        state="Disabled",
        vlan=None,
    )
    vlan = p.str("vlan")
    for row in catalog_data.rows("network_providers"):
        add_provider(ctx.sim, physical, row)

    def steps(job: Obj) -> Job:
        yield 0.5
        if vlan is not None:
            net.vnet_ranges(vlan, physical.get("isolationmethods") or "VLAN")
            physical.set(vlan=vlan)
        return {"physicalnetwork": view(physical, ctx)}

    resource = ("PhysicalNetwork", physical.uuid, physical["name"])
    event = JobEvent(
        "PHYSICAL.NETWORK.CREATE",
        "Creating Physical Network",
        f". Physical Network ID: {physical.uuid}",
        created="Successfully created entity for Creating Physical Network",
        resource=resource,
    )
    return ctx.job(steps, instance=("PhysicalNetwork", physical.uuid), entity=physical.uuid, event=event)


@command("updatePhysicalNetwork", refs={"id": "physicalnetwork"})
def update_physical_network(ctx: Ctx, p: Params) -> Result:
    """Change ranges, tags or state; wrong ranges fail the job, not the call."""
    physical = p.the("id")
    vlan, wanted, tags = p.str("vlan"), p.str("state"), p.str("tags")

    def steps(job: Obj) -> Job:
        yield 0.5
        if wanted is not None:
            if wanted not in ("Enabled", "Disabled"):
                raise invalid(f"Unable to resolve state '{wanted}' to a supported value {{Enabled or Disabled}}")
            physical.set(state=wanted)
        if vlan is not None:
            change_vnets(ctx, physical, vlan)
        if tags is not None:
            physical.set(tags=tags)
        return {"physicalnetwork": view(physical, ctx)}

    resource = ("PhysicalNetwork", physical.uuid, physical["name"])
    event = JobEvent("PHYSICAL.NETWORK.UPDATE", "updating physical network", resource=resource,
                     scheduled=f"Updating Physical Network: {physical.uuid}")  # fmt: skip
    return ctx.job(steps, event=event)


def change_vnets(ctx: Ctx, physical: Obj, vlan: str) -> None:
    """Give the network these ranges and no others; segments in use may not be taken away."""
    zone = ctx.state.table("zone").need(physical["zoneid"])
    if zone["networktype"] == "Basic":
        raise invalid("Can't add vnet range to the physical network in the zone that supports Basic network")
    ranges = net.vnet_ranges(vlan, physical.get("isolationmethods") or "VLAN")
    for network in ctx.state.table("network").where(physicalnetworkid=physical.uuid):
        segment = str(network.get("vlan") or "")
        if segment.isdigit() and not any(low <= int(segment) <= high for low, high in ranges):
            raise invalid(f"physicalnetwork {physical.uuid} has allocated vnets in the range {segment}-{segment}")
    physical.set(vlan=";".join(f"{low}-{high}" if high != low else f"{low}" for low, high in ranges).replace(";", ","))


@command("deletePhysicalNetwork", refs={"id": "physicalnetwork"})
def delete_physical_network(ctx: Ctx, p: Params) -> Result:
    """Remove a physical network that nothing uses."""
    physical = p.the("id")
    state = ctx.state

    def steps(job: Obj) -> Job:
        yield 0.5
        used = state.table("network").where(physicalnetworkid=physical.uuid)
        if used:
            raise ApiError(
                530,
                None,
                "The Physical Network is not empty, there are networks associated to this physical network: "
                f"Network {used[0]['name']}",
            )
        vlans = state.table("vlan").where(physicalnetworkid=physical.uuid)
        if vlans:
            raise ApiError(
                530,
                None,
                "The Physical Network is not empty, there are IP addresses ranges associated to this "
                f"physical network: {vlans[0].uuid}",
            )
        for kind in ("provider", "traffictype"):
            for part in state.table(kind).where(physicalnetworkid=physical.uuid):
                state.remove(part)
        state.remove(physical)
        return {"success": True}

    resource = ("PhysicalNetwork", physical.uuid, physical["name"])
    event = JobEvent("PHYSICAL.NETWORK.DELETE", "deleting physical network", resource=resource,
                     scheduled=f"Deleting Physical network: {physical.uuid}")  # fmt: skip
    return ctx.job(steps, event=event)


@command("listPhysicalNetworks", refs={"id": "physicalnetwork"})
def list_physical_networks(ctx: Ctx, p: Params) -> Result:
    """Physical networks of all zones or of one."""
    rows = only(p, ctx, "physicalnetwork")
    return ctx.listing("physicalnetwork", exactly(rows, p, "name"), view)


def only(p: Params, ctx: Ctx, kind: str, *by: str) -> list[Obj]:
    """Live objects of a kind, cut down to ``id`` and to the relations that the call names (``zoneid`` and ``by``)."""
    one = p.obj("id")
    rows = list(ctx.state.all(kind)) if one is None else [one] if one.removed_at is None else []
    for name in ("zoneid", *by):
        place = p.obj(name)
        if place is not None:
            rows = [obj for obj in rows if obj.get(name) == place.uuid]
    return rows


# -- traffic types --------------------------------------------------------------------------------------------------
def add_traffic(sim: Simulator, physical: Obj, kind: str, labels: dict[str, str | None]) -> Obj:
    return sim.state.add("traffictype", traffictype=kind, physicalnetworkid=physical.uuid, labels=labels)


@command("addTrafficType")
def add_traffic_type(ctx: Ctx, p: Params) -> Result:
    """Let a physical network carry one kind of traffic."""
    physical, kind = p.the("physicalnetworkid"), TRAFFIC.get(p.text("traffictype").lower())
    if kind is None:
        raise invalid(f"Invalid traffic type: {p.text('traffictype')}")
    state = ctx.state
    zone = state.table("zone").need(physical["zoneid"])
    if state.table("traffictype").find(physicalnetworkid=physical.uuid, traffictype=kind) is not None:
        raise runtime_error(f"This physical network already supports the traffic type: {kind}")
    if kind in ("Public", "Management", "Storage"):
        for other in state.table("physicalnetwork").where(zoneid=zone.uuid):
            if state.table("traffictype").find(physicalnetworkid=other.uuid, traffictype=kind) is not None:
                raise runtime_error(f"Zone already has a physical network with this traffic type: {kind}")
    if kind == "Public" and zone["networktype"] == "Basic":
        raise runtime_error("Public traffic is not supported in a Basic zone")
    traffic = add_traffic(ctx.sim, physical, kind, {label: p.str(label) for label in LABELS if p.has(label)})

    def steps(job: Obj) -> Job:
        yield 0.2
        return {"traffictype": traffic_view(traffic, ctx)}

    event = JobEvent(
        "TRAFFIC.TYPE.CREATE",
        "Creating Physical Network TrafficType",
        f". Traffic type ID: {traffic.uuid}",
        created="Successfully created entity for Creating Physical Network TrafficType",
        resource=("TrafficType", traffic.uuid, ""),
        created_resource=("TrafficType", "", ""),
    )
    return ctx.job(steps, instance=("TrafficType", traffic.uuid), entity=traffic.uuid, event=event)


@command("updateTrafficType", refs={"id": "traffictype"})
def update_traffic_type(ctx: Ctx, p: Params) -> Result:
    """Change the labels, bridge names for KVM."""
    traffic = p.the("id")

    def steps(job: Obj) -> Job:
        yield 0.2
        traffic.set(
            labels={**(traffic.get("labels") or {}), **{label: p.str(label) for label in LABELS if p.has(label)}}
        )
        return {"traffictype": traffic_view(traffic, ctx)}

    return ctx.job(
        steps,
        event=JobEvent("TRAFFIC.TYPE.UPDATE", "Updating Traffic Type", resource=("TrafficType", traffic.uuid, "")),
    )


@command("deleteTrafficType", refs={"id": "traffictype"})
def delete_traffic_type(ctx: Ctx, p: Params) -> Result:
    """Take a kind of traffic away from a physical network."""
    traffic = p.the("id")

    def steps(job: Obj) -> Job:
        yield 0.2
        if traffic["traffictype"] == "Guest" and ctx.state.table("network").where(
            physicalnetworkid=traffic["physicalnetworkid"]
        ):
            raise ApiError(
                530,
                None,
                "The Traffic Type is not deletable because there are existing networks with this traffic type:Guest",
            )
        ctx.state.remove(traffic)
        return {"success": True}

    return ctx.job(
        steps,
        event=JobEvent("TRAFFIC.TYPE.DELETE", "Deleting Traffic Type", resource=("TrafficType", traffic.uuid, "")),
    )


@command("listTrafficTypes")
def list_traffic_types(ctx: Ctx, p: Params) -> Result:
    """What a physical network carries."""
    rows = ctx.state.table("traffictype").where(physicalnetworkid=p.the("physicalnetworkid").uuid)
    return ctx.listing("traffictype", rows, traffic_view)
