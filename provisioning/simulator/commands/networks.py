"""Guest networks."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.cleanup import remove_network
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, denied, invalid
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.networking import make_network, must_be_unused
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.routers import implement, make_router, needs_router, start_router, stop_router
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import below, check_owner, matching, owned, tagged, target_account
from provisioning.simulator.views_network import network_view

NET: dict[str, str | tuple[str, ...]] = {"id": "network"}


def _shared_with(ctx: Ctx, network: Obj) -> bool:
    """A domain-wide network is everybody's in its domain, and below it when it says so."""
    if network.get("acltype") != "Domain":
        return False
    domain = ctx.state.get("domain", network.get("aclownerid"))
    if domain is None:
        return False
    if network.get("subdomainaccess", True):
        return below(ctx.domain, domain)
    return ctx.domain is domain


@command("listNetworks", refs=NET)
def list_networks(ctx: Ctx, p: Params) -> Result:
    one = p.obj("id")
    if one is not None and not ctx.is_admin and _shared_with(ctx, one):
        rows = [one]
    else:
        fields = {
            name: obj.uuid
            for name in ("zoneid", "physicalnetworkid", "networkofferingid", "vpcid")
            if (obj := p.obj(name)) is not None
        }
        rows = owned(ctx, p, "network", **fields)
        if one is None and not p.has("account") and not p.has("projectid"):
            seen = {n.uuid for n in rows}
            rows += [
                n
                for n in ctx.state.table("network").where(acltype="Domain", **fields)
                if n.uuid not in seen and _shared_with(ctx, n)
            ]
    if p.has("type"):
        rows = [n for n in rows if n["type"].lower() == p.text("type").lower()]
    if p.has("state"):
        rows = [n for n in rows if n["state"].lower() == p.text("state").lower()]
    if p.has("acltype"):
        rows = [n for n in rows if n.get("acltype", "Account").lower() == p.text("acltype").lower()]
    if p.has("issystem") and p.flag("issystem"):
        rows = []
    if p.has("traffictype") and p.text("traffictype").lower() != "guest":
        rows = []
    if p.has("specifyvlan"):
        offerings = ctx.state.table("networkoffering")
        rows = [
            n for n in rows if bool(offerings.need(n["networkofferingid"]).get("specifyvlan")) == p.flag("specifyvlan")
        ]
    return ctx.listing("network", tagged(ctx, p, matching(p, rows, keys=("name", "displaytext"))), network_view)


@command("createNetwork")
def create_network(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    zone, offering = p.the("zoneid"), p.the("networkofferingid")
    if zone.get("allocationstate") == "Disabled" and not ctx.is_admin:
        raise denied(f"Cannot perform this operation, Zone is currently disabled: {zone['name']}")
    if offering.removed_at is not None or offering.get("state") != "Enabled":
        raise invalid(f"Can't use specified network offering id as its state is not Enabled: {offering.uuid}")
    if offering.get("forvpc"):
        raise invalid("Unable to create network with VPC offering outside of a VPC")
    if offering["guestiptype"] == "Shared" and not ctx.is_admin:
        raise denied("Only admin can create shared networks with this offering")
    if (
        offering["guestiptype"] == "Isolated"
        and zone["networktype"] == "Advanced"
        and zone.get("securitygroupsenabled")
    ):
        raise invalid("Only shared networks can be created in a security group enabled zone")
    name = p.need("name")
    doing = "creating network"
    try:
        limits.check(ctx, account, network=1)
        network = make_network(ctx, account, zone, offering, name, p)
    except ApiError:
        ctx.event("NETWORK.CREATE", f"Error while {doing}", level="ERROR", resource=("Network", "", ""))
        raise
    ctx.event(
        "NETWORK.CREATE",
        f"Successfully completed {doing}. Network ID: {network.uuid}",
        account=account,
        resource=("Network", network.uuid, network["name"]),
    )
    return {"network": clean(network_view(network, ctx))}


def _the_network(ctx: Ctx, p: Params) -> Obj:
    network = p.the("id")
    check_owner(ctx, network)
    if network.removed_at is not None:
        raise invalid(f"Unable to find network with id: {network.uuid}")
    return network


@command("updateNetwork", refs=NET)
def update_network(ctx: Ctx, p: Params) -> Result:
    network = _the_network(ctx, p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        changes: dict[str, Any] = {
            name: p.str(name) for name in ("name", "displaytext", "networkdomain", "dns1", "dns2") if p.has(name)
        }
        offering = p.obj("networkofferingid")
        if offering is not None:
            changes["networkofferingid"] = offering.uuid
        network.set(**changes)
        _forget_answers(ctx, network)
        return {"network": with_job(clean(network_view(network, ctx)), job)}

    return run(
        ctx,
        steps,
        event="NETWORK.UPDATE",
        doing=f"updating network. Network ID: {network.uuid}",
        scheduled=f"Updating network: {network.uuid}",
        resource=("Network", network.uuid, network["name"]),
        instance=("Network", network.uuid),
    )


def _forget_answers(ctx: Ctx, network: Obj) -> None:
    for nic in ctx.state.table("nic").where(networkid=network.uuid):
        vm = ctx.state.get("vm", nic["vmid"])
        if vm is not None:
            vm.prepared = None


@command("restartNetwork", refs=NET)
def restart_network(ctx: Ctx, p: Params) -> Result:
    network = _the_network(ctx, p)
    clean_up = p.flag("cleanup")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        if network["state"] not in ("Implemented", "Setup"):
            yield 0.1
            raise ApiError(
                530, None, "Network is not in the right state to be restarted. Correct states are: [Implemented, Setup]"
            )
        if clean_up:
            for router in ctx.state.table("router").where(networkid=network.uuid):
                stop_router(ctx.sim, router)
                ctx.state.remove(router)
        yield 0.7
        ready = True
        if needs_router(ctx.sim, network):
            own = next(iter(ctx.state.table("router").where(networkid=network.uuid)), None) or make_router(ctx, network)
            ready = own is not None
            if own is not None and own["state"] != "Running":
                ready = yield from start_router(ctx.sim, own)
        else:
            ready = yield from implement(ctx, network)
        if not ready:
            raise ApiError(530, None, "Failed to restart network")
        network.set(restartrequired=False)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="NETWORK.RESTART",
        doing=f"restarting network. Network ID: {network.uuid}",
        scheduled=f"Restarting network: {network.uuid}",
        resource=("Network", network.uuid, network["name"]),
        instance=("Network", network.uuid),
    )


@command("deleteNetwork", refs=NET)
def delete_network(ctx: Ctx, p: Params) -> Result:
    network = _the_network(ctx, p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.6
        must_be_unused(ctx, network)
        for vlan in ctx.state.table("vlan").where(networkid=network.uuid):
            ctx.state.remove(vlan)
        remove_network(ctx.sim, network)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="NETWORK.DELETE",
        doing=f"deleting network. Network ID: {network.uuid}",
        scheduled=f"Deleting network: {network.uuid}",
        resource=("Network", network.uuid, network["name"]),
        instance=("Network", network.uuid),
    )
