"""Templates and ISOs as lists show them: one row for every zone that has an image store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator.clock import iso
from provisioning.simulator.commands.zones import contains, exactly
from provisioning.simulator.errors import invalid
from provisioning.simulator.registry import command
from provisioning.simulator.tenancy import may_use, owner

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj

FILTERS = ("featured", "self", "selfexecutable", "sharedexecutable", "executable", "community", "all", "shared")
# Fields that the data of a built-in template carries and lists show as they are.
PLAIN = (
    "passwordenabled", "format", "isfeatured", "crossZones", "size", "templatetype", "hypervisor",
    "isextractable", "arch", "bits",
    "sshkeyenabled", "isdynamicallyscalable", "directdownload", "deployasis", "forcks", "requireshvm",
)  # fmt: skip


def passes(ctx: Ctx, template: Obj, wanted: str) -> bool:
    """Whether a template filter lets it through for this caller."""
    mine = bool(template["accountid"] == ctx.account.uuid)
    public, featured = bool(template.get("ispublic")), bool(template.get("isfeatured"))
    if wanted == "all":
        return True
    if template.get("templatetype") == "SYSTEM":
        return False
    if wanted == "featured":
        return public and featured
    if wanted == "community":
        return public and not featured
    if wanted in ("self", "selfexecutable"):
        return mine
    if wanted in ("sharedexecutable", "shared"):
        return not mine and not public and ctx.account.uuid in template.get("_sharedwith", ())
    return public or mine or may_use(ctx, template["accountid"])


def view(ctx: Ctx, template: Obj, zone: Obj, store: Obj) -> dict[str, Any]:
    """One template in one zone; where its copies lie is for root admins."""
    state = ctx.state
    admin = ctx.is_admin
    downloads: list[dict[str, Any]] = [
        {"downloadState": "DOWNLOADED", "datastore": store["name"], "downloadPercent": "100"}
    ]
    if admin:
        downloads[0] |= {"datastoreRole": "Image", "datastoreId": store.uuid}
        pool = primary_copy(ctx, template, zone)
        if pool is not None:
            downloads.append(
                {"downloadState": "DOWNLOADED", "datastore": pool["name"], "datastoreRole": "Primary",
                 "downloadPercent": "100", "datastoreId": pool.uuid}
            )  # fmt: skip
    os_type = state.get("ostype", template.get("ostypeid"))
    shown = {
        "id": template.uuid,
        "name": template["name"],
        "displaytext": template["displaytext"],
        "ispublic": template.get("ispublic"),
        "created": iso(template["created"]),
        "isready": True,
        **{name: template.get(name) for name in PLAIN},
        "ostypeid": os_type.uuid if os_type is not None else None,
        "ostypename": os_type["description"] if os_type is not None else None,
        **owner(state, template["accountid"]),
        "zoneid": zone.uuid,
        "zonename": zone["name"],
        "status": "Download Complete" if admin or template["accountid"] == ctx.account.uuid else None,
        "physicalsize": template.get("size"),
        "checksum": template.get("checksum", ""),
        "details": template.get("details", {}),
        "downloaddetails": downloads,
        "url": template.get("url", f"http://{store['name']}.invalid/{template.uuid}") if admin else None,
        "tags": tags(ctx, template),
        "hasannotations": False,
    }
    return shown


def tags(ctx: Ctx, template: Obj) -> list[dict[str, Any]]:
    return [
        {"key": tag["key"], "value": tag["value"]} for tag in ctx.state.table("tag").where(resourceid=template.uuid)
    ]


def primary_copy(ctx: Ctx, template: Obj, zone: Obj) -> Obj | None:
    """The first pool of the zone that something was started from this template on."""
    pools = ctx.state.table("pool").where(zoneid=zone.uuid)
    if not pools:
        return None
    if template.get("templatetype") == "SYSTEM":
        running = any(
            vm.get("templateid") == template.uuid and vm.get("hostid")
            for vm in ctx.state.table("sysvm").where(zoneid=zone.uuid)
        )
        return pools[0] if running else None
    used = ctx.once(f"template pools {zone.uuid}", lambda: template_pools(ctx, zone)).get(template.uuid, set())
    return next((pool for pool in pools if pool.uuid in used), None)


def template_pools(ctx: Ctx, zone: Obj) -> dict[str, set[str]]:
    """Template → pools of the zone that volumes made from it lie on."""
    found: dict[str, set[str]] = {}
    for volume in ctx.state.table("volume").where(zoneid=zone.uuid):
        template, pool = volume.f.get("templateid"), volume.f.get("storageid")
        if template is not None and pool is not None:
            found.setdefault(template, set()).add(pool)
    return found


def rows_of(ctx: Ctx, p: Params, kind: str, wanted: str) -> list[tuple[Obj, Obj, Obj]]:
    """Template, zone and store of every row."""
    zone, one = p.obj("zoneid"), p.obj("id")
    found = [one] if one is not None else list(ctx.state.all(kind))
    found = [t for t in found if t.removed_at is None and t.kind == kind and passes(ctx, t, wanted)]
    found = contains(exactly(found, p, "name", "hypervisor", "templatetype", "arch"), p, "name", "displaytext")
    zones = [zone] if zone is not None else list(ctx.state.all("zone"))
    rows = []
    for place in zones:
        stores = ctx.state.table("imagestore").where(zoneid=place.uuid)
        if not stores or (not ctx.is_admin and place["allocationstate"] != "Enabled"):
            continue
        known = {cluster["hypervisortype"] for cluster in ctx.state.table("cluster").where(zoneid=place.uuid)}
        for template in found:
            only_zone = template.get("zoneid")
            if only_zone in (None, place.uuid) and (kind == "iso" or template.get("hypervisor") in known):
                rows.append((template, place, stores[0]))
    return rows


@command("listTemplates", refs={"id": "template"})
def list_templates(ctx: Ctx, p: Params) -> Result:
    """Templates that a filter lets through, zone by zone."""
    wanted = p.text("templatefilter").lower()
    if wanted not in FILTERS:
        raise invalid(f"Invalid template filter value: {p.text('templatefilter')}")
    if wanted == "all" and not ctx.is_admin:
        raise invalid("Filter all can be specified by root admin only")
    listing = ctx.listing("template", rows_of(ctx, p, "template", wanted))
    listing.rows = [view(ctx, *row) for row in listing.rows]
    return listing


@command("listIsos", refs={"id": "iso"})
def list_isos(ctx: Ctx, p: Params) -> Result:
    """ISOs that a filter lets through; the caller's own without one."""
    wanted = p.text("isofilter", "selfexecutable").lower()
    if wanted not in FILTERS:
        raise invalid(f"Invalid iso filter value: {p.text('isofilter')}")
    listing = ctx.listing("iso", rows_of(ctx, p, "iso", wanted))
    listing.rows = [view(ctx, *row) for row in listing.rows]
    return listing
