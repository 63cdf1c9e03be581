"""Lists of offerings, OS types and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator.clock import iso
from provisioning.simulator.commands.zones import contains, exactly
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj

ROUTER_OFFERING = "System Offering For Software Router"


def shown_fields(obj: Obj) -> dict[str, Any]:
    """Every field that is not the simulator's own."""
    return {name: value for name, value in obj.f.items() if not name.startswith("_") and name != "created"}


def service_view(offering: Obj, ctx: Ctx) -> dict[str, Any]:
    disk = ctx.state.get("diskoffering", offering.get("diskofferingid"))
    own = shown_fields(offering)
    return {
        "id": offering.uuid,
        **own,
        "created": iso(offering["created"]),
        "diskofferingname": disk["name"] if disk is not None else None,
        "diskofferingdisplaytext": disk["displaytext"] if disk is not None else None,
    }


def disk_view(offering: Obj, ctx: Ctx) -> dict[str, Any]:
    return {"id": offering.uuid, **shown_fields(offering), "created": iso(offering["created"])}


def network_view(offering: Obj, ctx: Ctx) -> dict[str, Any]:
    """A network offering; those with a virtual router name the router's offering."""
    own = shown_fields(offering)
    routed = own.pop("routerofferingid", None)
    if routed and "serviceofferingid" not in own:
        router = next((o for o in ctx.state.all("serviceoffering") if o["name"] == ROUTER_OFFERING), None)
        own["serviceofferingid"] = router.uuid if router is not None else None
    return {"id": offering.uuid, **own, "created": iso(offering["created"])}


def vpc_view(offering: Obj, ctx: Ctx) -> dict[str, Any]:
    return {"id": offering.uuid, **shown_fields(offering), "created": iso(offering["created"])}


def visible(ctx: Ctx, offering: Obj) -> bool:
    """Offerings of other domains are not for sale here."""
    domains = [part for part in str(offering.get("domainid") or "").split(",") if part]
    if not domains or ctx.is_admin:
        return True
    mine = str(ctx.domain["_path"])
    tops = [ctx.state.get("domain", uuid) for uuid in domains]
    return any(top is not None and mine.startswith(top["_path"]) for top in tops)


def chosen(ctx: Ctx, p: Params, kind: str) -> list[Obj]:
    wanted = p.str("id")
    rows = [o for o in ctx.state.all(kind) if visible(ctx, o)]
    if wanted is not None:
        rows = [offering for offering in rows if wanted in (offering.uuid, str(offering.dbid))]
    state = p.text("state", "Active" if kind in ("serviceoffering", "diskoffering") else "all")
    if state.lower() != "all":
        rows = [offering for offering in rows if str(offering.get("state", "Active")).lower() == state.lower()]
    zone = p.obj("zoneid")
    if zone is not None:
        rows = [o for o in rows if not o.get("zoneid") or zone.uuid in str(o["zoneid"]).split(",")]
    return contains(exactly(rows, p, "name"), p, "name", "displaytext")


@command("listServiceOfferings", refs={"id": "serviceoffering"})
def list_service_offerings(ctx: Ctx, p: Params) -> Result:
    """Compute offerings; those of system VMs only when asked for."""
    system = p.flag("issystem")
    rows = [
        offering
        for offering in chosen(ctx, p, "serviceoffering")
        if bool(offering["issystem"]) == system or p.has("id")
    ]
    if p.has("systemvmtype"):
        word = {"domainrouter": "Router", "consoleproxy": "Console", "secondarystoragevm": "Secondary"}.get(
            p.text("systemvmtype"), ""
        )
        rows = [offering for offering in rows if word in offering["name"]]
    for name, field in (("cpunumber", "cpunumber"), ("cpuspeed", "cpuspeed"), ("memory", "memory")):
        least = p.int(name)
        if least is not None:
            rows = [offering for offering in rows if int(offering.get(field) or 0) >= least]
    vm = p.obj("virtualmachineid")
    if vm is not None:
        rows = [offering for offering in rows if offering.uuid != vm.get("serviceofferingid")]
    return ctx.listing("serviceoffering", rows, service_view)


@command("listDiskOfferings", refs={"id": "diskoffering"})
def list_disk_offerings(ctx: Ctx, p: Params) -> Result:
    """Disk offerings for data disks; each compute offering's own is left out."""
    rows = [offering for offering in chosen(ctx, p, "diskoffering") if not offering.get("_ofservice") or p.has("id")]
    return ctx.listing("diskoffering", rows, disk_view)


@command("listNetworkOfferings", refs={"id": "networkoffering"})
def list_network_offerings(ctx: Ctx, p: Params) -> Result:
    """Network offerings by state, kind, services."""
    rows = exactly(chosen(ctx, p, "networkoffering"), p, "guestiptype", "traffictype", "availability")
    for flag in ("forvpc", "isdefault", "specifyvlan", "specifyipranges", "ispersistent", "conservemode"):
        if p.has(flag):
            rows = [offering for offering in rows if bool(offering.get(flag)) == p.flag(flag)]
    services = p.list("supportedservices")
    if services:
        rows = [o for o in rows if set(services) <= {service["name"] for service in o.get("service", ())}]
    zone = p.obj("zoneid")
    if zone is not None:
        rows = [offering for offering in rows if fits(offering, zone)]
    return ctx.listing("networkoffering", rows, network_view)


def fits(offering: Obj, zone: Obj) -> bool:
    """Security groups belong in security-group zones, and isolated networks with source NAT out of them."""
    services = {service["name"] for service in offering.get("service", ())}
    if zone["securitygroupsenabled"]:
        return bool(offering["guestiptype"] != "Isolated")
    return "SecurityGroup" not in services


@command("listVPCOfferings", refs={"id": "vpcoffering"})
def list_vpc_offerings(ctx: Ctx, p: Params) -> Result:
    """VPC offerings."""
    rows = chosen(ctx, p, "vpcoffering")
    if p.has("isdefault"):
        rows = [offering for offering in rows if bool(offering.get("isdefault")) == p.flag("isdefault")]
    return ctx.listing("vpcoffering", rows, vpc_view)


# -- operating systems ----------------------------------------------------------------------------------------------
def os_view(kind: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "id": kind.uuid,
        "oscategoryid": kind["oscategoryid"],
        "oscategoryname": ctx.state.name_of("oscategory", kind["oscategoryid"]),
        "name": kind["name"],
        "description": kind["description"],
        "isuserdefined": kind["isuserdefined"],
        "fordisplay": kind["fordisplay"],
    }


@command("listOsTypes", refs={"id": "ostype"})
def list_os_types(ctx: Ctx, p: Params) -> Result:
    """Guest operating systems."""
    one, category = p.obj("id"), p.obj("oscategoryid")
    rows = [one] if one is not None else list(ctx.state.all("ostype"))
    if category is not None:
        rows = [kind for kind in rows if kind["oscategoryid"] == category.uuid]
    if p.has("description"):
        rows = [kind for kind in rows if p.text("description").lower() in kind["description"].lower()]
    return ctx.listing("ostype", contains(rows, p, "description"), os_view)


@command("listOsCategories", refs={"id": "oscategory"})
def list_os_categories(ctx: Ctx, p: Params) -> Result:
    """Families of guest operating systems."""
    one = p.obj("id")
    rows = [one] if one is not None else list(ctx.state.all("oscategory"))
    rows = contains(exactly(rows, p, "name"), p, "name")
    if p.has("isfeatured"):
        rows = [row for row in rows if bool(row.get("isfeatured")) == p.flag("isfeatured")]
    return ctx.listing("oscategory", rows, lambda row, _: {"id": row.uuid, **shown_fields(row)}, cacheable=False)
