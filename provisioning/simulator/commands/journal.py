"""Events and alerts as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator.clock import iso
from provisioning.simulator.errors import invalid
from provisioning.simulator.registry import background, command, on_fresh, on_restart
from provisioning.simulator.tenancy import scope

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

DAY = 86400.0


def event_view(event: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    account = state.table("account").need(event["accountid"])
    domain = state.table("domain").need(event["domainid"])
    named = event["resourceid"] and event["resourcetype"]
    return {
        "id": event.uuid,
        "username": event["username"],
        "type": event["type"],
        "level": event["level"],
        "description": event["description"],
        "account": account["name"],
        "domainid": domain.uuid,
        "domain": domain["name"],
        "domainpath": domain["path"],
        "resourceid": event["resourceid"] or None,
        "resourcetype": event["resourcetype"],
        "resourcename": event["resourcename"] if named else None,
        "created": iso(event["created"]),
        "state": event["state"],
        "parentid": event["parentid"],
    }


@command("listEvents")
def list_events(ctx: Ctx, p: Params) -> Result:
    """Events: the newest of them make the first page, and each page is in order of time."""
    accounts = scope(ctx, p)
    archived = p.flag("archived")
    rows = [
        e
        for e in ctx.state.all("event")
        if e["archived"] == archived and (accounts is None or e["accountid"] in accounts)
    ]
    for name in ("type", "level", "state"):
        wanted = p.str(name)
        if wanted is not None:
            rows = [event for event in rows if str(event[name]).lower() == wanted.lower()]
    if p.has("id"):
        rows = [event for event in rows if event.uuid == p.str("id")]
    if p.has("startid"):
        rows = [event for event in rows if p.str("startid") in (event["parentid"], event.uuid)]
    if p.has("resourceid"):
        rows = [event for event in rows if event["resourceid"] == p.str("resourceid")]
    if p.has("resourcetype"):
        rows = [event for event in rows if str(event["resourcetype"]).lower() == p.text("resourcetype").lower()]
    rows = between(rows, p)
    keyword = p.str("keyword")
    if keyword is not None:
        low = keyword.lower()
        rows = [e for e in rows if any(low in str(e[field]).lower() for field in ("type", "description", "level"))]
    rows.reverse()
    listing = ctx.listing("event", rows, event_view)
    listing.rows = list(reversed(listing.rows))
    return listing


def between(rows: list[Obj], p: Params) -> list[Obj]:
    """Cut to ``startdate``/``enddate``; a date without a time means its whole day."""
    start, end = p.date("startdate"), p.date("enddate")
    if start is not None and end is not None and start > end:
        raise invalid("startdate must be before enddate")
    if start is not None:
        rows = [obj for obj in rows if obj["created"] >= start]
    if end is not None:
        last = end + (DAY if len(p.text("enddate")) <= 10 else 0)
        rows = [obj for obj in rows if obj["created"] <= last]
    return rows


def chosen(ctx: Ctx, p: Params, kind: str) -> list[Obj]:
    """What archive and delete commands mean: by ids, type and dates; something must be given."""
    if not any(p.has(name) for name in ("ids", "type", "startdate", "enddate")):
        raise invalid("either ids, type, startdate or enddate must be specified")
    rows = list(ctx.state.all(kind)) if not p.has("ids") else p.objs("ids", kind, ctx.state)
    if kind == "event":
        rows = [row for row in rows if ctx.may_see(row)]
    if p.has("type"):
        rows = [row for row in rows if p.str("type") in (str(row["type"]), row.get("name"))]
    return between(rows, p)


@command("archiveEvents")
def archive_events(ctx: Ctx, p: Params) -> Result:
    """Take events out of the usual list."""
    for event in chosen(ctx, p, "event"):
        event.set(archived=True)
    return {"success": True}


@command("deleteEvents")
def delete_events(ctx: Ctx, p: Params) -> Result:
    """Forget events."""
    for event in chosen(ctx, p, "event"):
        ctx.state.forget(event)
    return {"success": True}


@command("listAlerts")
def list_alerts(ctx: Ctx, p: Params) -> Result:
    """Alerts, the newest first."""
    rows = [alert for alert in ctx.state.all("alert") if not alert["archived"]]
    rows.reverse()
    if p.has("id"):
        rows = [alert for alert in rows if alert.uuid == p.str("id")]
    if p.has("type"):
        rows = [alert for alert in rows if str(alert["type"]) == p.str("type")]
    if p.has("name"):
        rows = [alert for alert in rows if alert["name"] == p.str("name")]
    keyword = p.str("keyword")
    if keyword is not None:
        rows = [alert for alert in rows if keyword.lower() in alert["description"].lower()]
    journal = ctx.sim.journal
    return ctx.listing("alert", rows, lambda alert, _: journal.alert_view(alert), cacheable=False)


@command("archiveAlerts")
def archive_alerts(ctx: Ctx, p: Params) -> Result:
    """Take alerts out of the list."""
    for alert in chosen(ctx, p, "alert"):
        alert.set(archived=True)
    return {"success": True}


@command("deleteAlerts")
def delete_alerts(ctx: Ctx, p: Params) -> Result:
    """Forget alerts."""
    for alert in chosen(ctx, p, "alert"):
        ctx.state.forget(alert)
    return {"success": True}


@command("generateAlert")
def generate_alert(ctx: Ctx, p: Params) -> Result:
    """An alert made by hand."""
    from provisioning.simulator import catalog_data

    row = next((row for row in catalog_data.rows("alert_types") if str(row["id"]) == p.text("type")), None)
    name = p.text("name") or (row["name"] if row else "")
    if not any(each["name"] == name for each in catalog_data.rows("alert_types")):
        raise invalid(f"Invalid alert type: {p.text('type')}")
    ctx.alert(name, p.text("description"), zone=p.obj("zoneid"), pod=p.obj("podid"))
    return {"success": True}


@on_fresh(40)
def first_alerts(sim: Simulator) -> None:
    """What a management server tells when it starts for the first time."""
    cidr = sim.setting("management.network.cidr")
    sim.journal.alert(
        "ALERT.MANAGEMENT", f"Management network CIDR is not configured originally. Set it default to {cidr}"
    )
    sim.journal.alert("ALERT.MANAGEMENT", "Management server node 127.0.0.1 is up")


@on_restart
def server_is_up(sim: Simulator) -> None:
    """Good news is an alert too."""
    sim.management_server().set(lastserverstart=sim.scheduler.now())
    sim.journal.alert("ALERT.MANAGEMENT", "Management server node 127.0.0.1 is up")


@background(3600.0)
def purge(sim: Simulator) -> None:
    """Forget events and ended jobs that are older than the settings say; alerts stay for ever unless told otherwise."""
    now = sim.scheduler.now()
    days = float(sim.setting("event.purge.delay") or 15)
    if days > 0:
        for event in [event for event in sim.state.all("event") if event["created"] < now - days * DAY]:
            sim.state.forget(event)
    alert_days = float(sim.setting("alert.purge.delay") or 0)
    if alert_days > 0:
        for alert in [alert for alert in sim.state.all("alert") if alert["created"] < now - alert_days * DAY]:
            sim.state.forget(alert)
    sim.jobs.expire(now - 60 * float(sim.setting("job.expire.minutes") or 1440))
