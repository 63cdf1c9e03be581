"""Templates of tenants: registered from a URL, made from a volume, changed, removed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

from provisioning.simulator import limits
from provisioning.simulator.commands.templates import view
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, target_account

TEMPLATE: dict[str, str | tuple[str, ...]] = {"id": "template"}


def _shown(ctx: Ctx, template: Obj, zone: Obj) -> dict[str, Any] | None:
    store = next(iter(ctx.state.table("imagestore").where(zoneid=zone.uuid)), None)
    return None if store is None else clean(view(ctx, template, zone, store))


def _new(ctx: Ctx, p: Params, account: Obj, zone: Obj | None, **fields: Any) -> Obj:
    os_type = p.obj("ostypeid") or next(iter(ctx.state.all("ostype")))
    limits.check(ctx, account, template=1)
    return ctx.state.add(
        "template",
        name=p.need("name"),
        displaytext=p.text("displaytext") or p.need("name"),
        ispublic=p.flag("ispublic"),
        isfeatured=p.flag("isfeatured") and ctx.is_admin,
        passwordenabled=p.flag("passwordenabled"),
        sshkeyenabled=p.flag("sshkeyenabled"),
        isdynamicallyscalable=p.flag("isdynamicallyscalable"),
        isextractable=p.flag("isextractable"),
        requireshvm=p.bool("requireshvm", True),
        directdownload=p.flag("directdownload"),
        crossZones=zone is None,
        zoneid=zone.uuid if zone is not None else None,
        templatetype="USER",
        arch=p.text("arch", "x86_64"),
        bits=p.int("bits", 64),
        deployasis=False,
        forcks=p.flag("forcks"),
        ostypeid=os_type.uuid,
        ostypename=os_type["description"],
        accountid=account.uuid,
        **fields,
    )


@command("registerTemplate")
def register_template(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    url = p.need("url")
    if urlsplit(url).scheme not in ("http", "https", "ftp"):
        raise invalid(f"Unsupported scheme for url: {url}")
    zone = p.obj("zoneid")
    zones = [zone] if zone is not None else list(ctx.state.all("zone"))
    template = _new(
        ctx,
        p,
        account,
        zone,
        url=url,
        hypervisor=p.text("hypervisor", "KVM"),
        format=p.text("format", "QCOW2").upper(),
        size=8 * 2**30,
    )
    ctx.event(
        "TEMPLATE.CREATE",
        f"Successfully completed creating template. Template ID: {template.uuid}",
        account=account,
        resource=("Template", template.uuid, template["name"]),
    )
    rows = [row for row in (_shown(ctx, template, place) for place in zones) if row is not None]
    return ctx.listing("template", rows)


@command("createTemplate", refs={"volumeid": "volume", "snapshotid": "snapshot"})
def create_template(ctx: Ctx, p: Params) -> Result:
    snapshot, volume = p.obj("snapshotid"), p.obj("volumeid")
    if snapshot is not None:
        volume = ctx.state.table("volume").need(snapshot["volumeid"])
    if volume is None:
        raise invalid("Either volumeId or snapshotId must be specified")
    check_owner(ctx, volume)
    vm = ctx.state.get("vm", volume.get("virtualmachineid"))
    if snapshot is None and vm is not None and vm["state"] != "Stopped":
        raise invalid("Unable to create a template from volume; the VM must be stopped")
    account = ctx.state.table("account").need(volume["accountid"])
    zone = ctx.state.table("zone").need(volume["zoneid"])
    source = ctx.state.get("template", volume.get("templateid"))
    template = _new(
        ctx,
        p,
        account,
        zone,
        hypervisor=source["hypervisor"] if source is not None else "KVM",
        format=source["format"] if source is not None else "QCOW2",
        size=int(volume["size"]),
    )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 2.0
        return {"template": _shown(ctx, template, zone)}

    return run(
        ctx,
        steps,
        event="TEMPLATE.CREATE",
        doing=f"creating template. Template ID: {template.uuid}",
        scheduled=f"creating Template: {template['name']}",
        created=f"creating template. Template ID: {template.uuid}",
        resource=("Template", template.uuid, template["name"]),
        instance=("Template", template.uuid),
        entity=template.uuid,
        account=account,
    )


@command("updateTemplate", refs=TEMPLATE)
def update_template(ctx: Ctx, p: Params) -> Result:
    template = p.the("id")
    check_owner(ctx, template)
    changes: dict[str, Any] = {name: p.str(name) for name in ("name", "displaytext") if p.has(name)}
    for name in ("passwordenabled", "sshkeyenabled", "isdynamicallyscalable", "requireshvm"):
        if p.has(name):
            changes[name] = p.flag(name)
    template.set(**changes)
    zones = [z for z in ctx.state.all("zone") if template.get("zoneid") in (None, z.uuid)]
    shown = next(
        (row for row in (_shown(ctx, template, zone) for zone in zones) if row is not None), {"id": template.uuid}
    )
    return {"template": shown}


@command("updateTemplatePermissions", refs=TEMPLATE)
def update_permissions(ctx: Ctx, p: Params) -> Result:
    template = p.the("id")
    check_owner(ctx, template)
    changes: dict[str, Any] = {}
    for name in ("ispublic", "isextractable"):
        if p.has(name):
            changes[name] = p.flag(name)
    if p.has("isfeatured") and ctx.is_admin:
        changes["isfeatured"] = p.flag("isfeatured")
    template.set(**changes)
    return {"success": "true"}


@command("deleteTemplate", refs=TEMPLATE)
def delete_template(ctx: Ctx, p: Params) -> Result:
    template = p.the("id")
    check_owner(ctx, template)
    if template.get("templatetype") == "SYSTEM":
        raise invalid("The DomR template cannot be deleted.")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.6
        ctx.state.remove(template)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="TEMPLATE.DELETE",
        doing="deleting template",
        scheduled=f"Deleting Template {template.uuid}",
        resource=("Template", template.uuid, template["name"]),
        instance=("Template", template.uuid),
    )
