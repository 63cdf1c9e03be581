"""Zones, pods, clusters and hosts that are kept for one domain or account."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from provisioning.simulator.errors import invalid, runtime_error
from provisioning.simulator.registry import command
from provisioning.simulator.tenancy import named_account

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj

KINDS = ("zone", "pod", "cluster", "host")
WIDER = {"pod": ("zoneid",), "cluster": ("podid", "zoneid"), "host": ("clusterid", "podid", "zoneid")}


def kind_of(command_name: str) -> str:
    """``dedicateHost``, ``listDedicatedHosts``, ``releaseDedicatedHost`` → ``host``."""
    return next(kind for kind in KINDS if kind in command_name.lower())


def view(row: Obj, ctx: Ctx) -> dict[str, Any]:
    kind = row["place"]
    return {
        "id": row.uuid,
        f"{kind}id": row["resourceid"],
        f"{kind}name": ctx.state.name_of(kind, row["resourceid"]),
        "domainid": row["domainid"],
        "accountid": row.get("accountid"),
        "affinitygroupid": row["affinitygroupid"],
    }


def dedication(ctx: Ctx, place: Obj) -> Obj | None:
    return ctx.state.table("dedicatedresource").find(resourceid=place.uuid)


@command("dedicateZone", "dedicatePod", "dedicateCluster", "dedicateHost")
def dedicate(ctx: Ctx, p: Params) -> Result:
    """Keep a place for a domain, or for one of its accounts."""
    kind = kind_of(ctx.command)
    place, domain = p.the(f"{kind}id"), p.the("domainid")
    account = named_account(ctx, p) if p.has("account") else None
    if dedication(ctx, place) is not None:
        raise runtime_error(f"{kind.capitalize()} {place['name']} is already dedicated")
    for field in WIDER.get(kind, ()):
        wider = ctx.state.get(field.removesuffix("id"), place.get(field))
        held = dedication(ctx, wider) if wider is not None else None
        if held is not None and held["domainid"] != domain.uuid:
            raise runtime_error(
                f"The {kind} {place['name']} lies in a {held['place']} that is dedicated to another domain"
            )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        group = ctx.state.add(
            "affinitygroup",
            name=f"DedicatedGrp-{account['name'] if account is not None else 'domain-' + domain['name']}",
            type="ExplicitDedication",
            description=None,
            accountid=account.uuid if account is not None else ctx.account.uuid,
            domainid=domain.uuid,
        )
        row = ctx.state.add(
            "dedicatedresource",
            place=kind,
            resourceid=place.uuid,
            domainid=domain.uuid,
            accountid=account.uuid if account is not None else None,
            affinitygroupid=group.uuid,
        )
        return {f"dedicated{kind}": [view(row, ctx)]}

    return ctx.job(steps)


@command("releaseDedicatedZone", "releaseDedicatedPod", "releaseDedicatedCluster", "releaseDedicatedHost")
def release(ctx: Ctx, p: Params) -> Result:
    """Give a place back to everybody."""
    kind = kind_of(ctx.command)
    place = p.the(f"{kind}id")
    row = dedication(ctx, place)
    if row is None:
        raise invalid(f"No dedicated {kind} available to release")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        group = ctx.state.get("affinitygroup", row["affinitygroupid"])
        if group is not None:
            ctx.state.remove(group)
        ctx.state.remove(row)
        return {"success": True}

    return ctx.job(steps)


@command("listDedicatedZones", "listDedicatedPods", "listDedicatedClusters", "listDedicatedHosts")
def list_dedicated(ctx: Ctx, p: Params) -> Result:
    """Dedicated places of one kind."""
    kind = kind_of(ctx.command)
    rows = ctx.state.table("dedicatedresource").where(place=kind)
    place, domain = p.obj(f"{kind}id"), p.obj("domainid")
    if place is not None:
        rows = [row for row in rows if row["resourceid"] == place.uuid]
    if domain is not None:
        rows = [row for row in rows if row["domainid"] == domain.uuid]
    account = named_account(ctx, p) if p.has("account") else None
    if account is not None:
        rows = [row for row in rows if row.get("accountid") == account.uuid]
    return ctx.listing(f"dedicated{kind}", rows, view, cacheable=False)
