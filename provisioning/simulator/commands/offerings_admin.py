"""Making and changing offerings."""

from __future__ import annotations

from typing import Any

from provisioning.simulator.commands.offerings import (
    disk_view,
    network_view,
    service_view,
)
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import invalid
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj

SERVICE: dict[str, str | tuple[str, ...]] = {"id": "serviceoffering"}
DISK: dict[str, str | tuple[str, ...]] = {"id": "diskoffering"}
NETWORK: dict[str, str | tuple[str, ...]] = {"id": "networkoffering"}


def _tags(p: Params, name: str) -> str | None:
    return ",".join(p.list(name)) or None


@command("createServiceOffering")
def create_service(ctx: Ctx, p: Params) -> Result:
    name, text = p.need("name"), p.text("displaytext") or p.need("name")
    cores, mhz, memory = p.int("cpunumber"), p.int("cpuspeed"), p.int("memory")
    custom = p.flag("customized") or cores is None
    if not custom:
        if cores is None or cores <= 0:
            raise invalid(
                f"Failed to create service offering {name}: specify the cpu number value between 1 and 2147483647"
            )
        if memory is None or memory < 32:
            raise invalid(
                f"Failed to create service offering {name}: specify the memory value between 32 and 2147483647 MB"
            )
        if mhz is None or mhz < 0:
            raise invalid(
                f"Failed to create service offering {name}: specify the cpu speed value between 0 and 2147483647"
            )
    storage = p.text("storagetype", "shared").lower()
    if storage not in ("local", "shared"):
        raise invalid(f"Invalid storage type {storage} specified, valid types are: 'local' and 'shared'")
    disk = ctx.state.add(
        "diskoffering",
        name=name,
        displaytext=text,
        disksize=0,
        iscustomized=False,
        storagetype=storage,
        provisioningtype="thin",
        displayoffering=False,
        disksizestrictness=False,
        encrypt=False,
        hasannotations=False,
        state="Active",
        _ofservice=True,
    )
    root = p.int("rootdisksize") or 0
    offering = ctx.state.add(
        "serviceoffering",
        name=name,
        state="Active",
        displaytext=text,
        cpunumber=cores,
        cpuspeed=mhz,
        memory=memory,
        storagetype=storage,
        provisioningtype=p.text("provisioningtype", "thin"),
        offerha=p.flag("offerha"),
        limitcpuuse=p.flag("limitcpuuse"),
        isvolatile=p.flag("isvolatile"),
        storagetags=_tags(p, "tags"),
        hosttags=_tags(p, "hosttags"),
        issystem=p.flag("issystem"),
        defaultuse=False,
        iscustomized=custom,
        rootdisksize=root,
        dynamicscalingenabled=p.bool("dynamicscalingenabled", True),
        diskofferingstrictness=p.flag("diskofferingstrictness"),
        diskofferingid=disk.uuid,
        encryptroot=p.flag("encryptroot"),
        gpudisplay=p.flag("gpudisplay"),
        hasannotations=False,
        deploymentplanner=p.str("deploymentplanner"),
        domainid=p.str("domainid"),
        zoneid=p.str("zoneid"),
    )
    ctx.event(
        "SERVICE.OFFERING.CREATE",
        f"Successfully completed creating service offering. Service offering ID: {offering.uuid}",
        resource=("ServiceOffering", offering.uuid, text),
    )
    return {"serviceoffering": clean(service_view(offering, ctx))}


def _live(p: Params, what: str) -> Obj:
    found = p.the("id")
    if found.removed_at is not None:
        raise invalid(f"unable to find {what} {found.uuid}")
    return found


def _update(p: Params, offering: Obj) -> None:
    changes: dict[str, Any] = {name: p.str(name) for name in ("name", "displaytext", "sortkey") if p.has(name)}
    if p.sent("hosttags"):
        changes["hosttags"] = _tags(p, "hosttags")
    if p.sent("storagetags"):
        changes["storagetags"] = _tags(p, "storagetags")
    if p.has("state"):
        changes["state"] = p.text("state").capitalize()
    offering.set(**changes)


@command("updateServiceOffering", refs=SERVICE)
def update_service(ctx: Ctx, p: Params) -> Result:
    offering = _live(p, "service offering")
    _update(p, offering)
    ctx.event(
        "SERVICE.OFFERING.EDIT",
        "Successfully completed updating service offering",
        resource=("ServiceOffering", offering.uuid, offering["name"]),
    )
    return {"serviceoffering": clean(service_view(offering, ctx))}


@command("deleteServiceOffering", refs=SERVICE)
def delete_service(ctx: Ctx, p: Params) -> Result:
    offering = _live(p, "service offering")
    if offering.get("defaultuse"):
        raise invalid("Default service offerings cannot be deleted")
    offering.set(state="Inactive")
    ctx.state.remove(offering)
    ctx.event(
        "SERVICE.OFFERING.DELETE",
        "Successfully completed deleting service offering",
        resource=("ServiceOffering", offering.uuid, offering["name"]),
    )
    return {"success": "true"}


@command("createDiskOffering")
def create_disk(ctx: Ctx, p: Params) -> Result:
    name = p.need("name")
    size, custom = p.int("disksize"), p.flag("customized")
    if not custom and (size is None or size < 1):
        raise invalid("Disksize is required for a non-customized disk offering")
    if custom and size:
        raise invalid("Disksize is not allowed for a customized disk offering")
    offering = ctx.state.add(
        "diskoffering",
        name=name,
        state="Active",
        displaytext=p.text("displaytext") or name,
        disksize=size or 0,
        iscustomized=custom,
        storagetype=p.text("storagetype", "shared"),
        tags=_tags(p, "tags"),
        provisioningtype=p.text("provisioningtype", "thin"),
        displayoffering=p.bool("displayoffering", True),
        disksizestrictness=p.flag("disksizestrictness"),
        encrypt=p.flag("encrypt"),
        hasannotations=False,
    )
    ctx.event(
        "DISK.OFFERING.CREATE",
        f"Successfully completed creating disk offering. Disk offering ID: {offering.uuid}",
        resource=("DiskOffering", offering.uuid, name),
    )
    return {"diskoffering": clean(disk_view(offering, ctx))}


@command("updateDiskOffering", refs=DISK)
def update_disk(ctx: Ctx, p: Params) -> Result:
    offering = _live(p, "disk offering")
    _update(p, offering)
    return {"diskoffering": clean(disk_view(offering, ctx))}


@command("deleteDiskOffering", refs=DISK)
def delete_disk(ctx: Ctx, p: Params) -> Result:
    offering = _live(p, "disk offering")
    ctx.state.remove(offering)
    return {"success": "true"}


@command("updateNetworkOffering", refs=NETWORK)
def update_network_offering(ctx: Ctx, p: Params) -> Result:
    offering = _live(p, "network offering")
    changes: dict[str, Any] = {name: p.str(name) for name in ("name", "displaytext", "availability") if p.has(name)}
    if p.has("state"):
        if p.text("state") not in ("Enabled", "Disabled"):
            raise invalid(f"Incorrect value for state: {p.text('state')}")
        changes["state"] = p.str("state")
    offering.set(**changes)
    return {"networkoffering": clean(network_view(offering, ctx))}


@command("createNetworkOffering")
def create_network_offering(ctx: Ctx, p: Params) -> Result:
    name = p.need("name")
    if any(o["name"] == name for o in ctx.state.all("networkoffering")):
        raise invalid(f"Network offering with name {name} already exists.")
    kind = p.need("guestiptype")
    if kind not in ("Isolated", "Shared", "L2"):
        raise invalid(f"Invalid guest type: {kind}")
    providers = {entry.get("service"): entry.get("provider") for entry in p.maps("serviceproviderlist")}
    services = [
        {"name": service, "provider": [{"name": providers.get(service, "VirtualRouter")}]}
        for service in p.list("supportedservices")
    ]
    offering = ctx.state.add(
        "networkoffering",
        name=name,
        displaytext=p.text("displaytext") or name,
        traffictype="Guest",
        isdefault=False,
        specifyvlan=p.flag("specifyvlan"),
        conservemode=p.bool("conservemode", True),
        specifyipranges=p.flag("specifyipranges"),
        availability=p.text("availability", "Optional"),
        networkrate=p.int("networkrate", 200),
        state="Enabled" if p.flag("enable") else "Disabled",
        guestiptype=kind,
        routerofferingid=False,
        service=services,
        forvpc=p.flag("forvpc"),
        fornsx=False,
        fortungsten=False,
        ispersistent=p.flag("ispersistent"),
        egressdefaultpolicy=p.bool("egressdefaultpolicy", False),
        supportsstrechedl2subnet=False,
        supportspublicaccess=False,
        supportsinternallb=False,
        internetprotocol="IPv4",
        specifyasnumber=False,
        hasannotations=False,
        tags=_tags(p, "tags"),
    )
    return {"networkoffering": clean(network_view(offering, ctx))}


@command("deleteNetworkOffering", refs=NETWORK)
def delete_network_offering(ctx: Ctx, p: Params) -> Result:
    offering = _live(p, "network offering")
    if offering.get("isdefault"):
        raise invalid("Default network offering can't be deleted")
    if any(n["networkofferingid"] == offering.uuid for n in ctx.state.all("network")):
        raise invalid(
            "Can't delete network offering as it is used by networks; to make the network offering unavailable, "
            "disable it"
        )
    ctx.state.remove(offering)
    return {"success": "true"}
