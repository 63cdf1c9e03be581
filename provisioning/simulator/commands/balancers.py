"""Load balancer rules."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator.commands.rules import (
    RULE,
    address_of,
    apply_to,
    check_conflict,
    create_rule,
    delete_rule,
    good_port,
    listed,
    new_rule,
)
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, owned
from provisioning.simulator.views_compute import vm_view
from provisioning.simulator.views_network import balancer_view


# -- load balancing ----------------------------------------------------------------------------------------------------
@command("createLoadBalancerRule", refs=RULE)
def create_balancer(ctx: Ctx, p: Params) -> Result:
    ip, network = address_of(ctx, p, "publicipid")
    start, private = good_port(p.int("publicport"), "publicPort"), good_port(p.int("privateport"), "privatePort")
    algorithm = p.need("algorithm")
    if algorithm not in ("source", "roundrobin", "leastconn"):
        raise invalid(f"Invalid algorithm: {algorithm}")
    protocol = p.text("protocol", "tcp").lower()
    check_conflict(ctx, ip, "LoadBalancing", "tcp", start, start)
    companions: tuple[Obj, ...] = ()
    if p.bool("openfirewall", True):
        check_conflict(ctx, ip, "Firewall", "tcp", start, start)
        companions = (
            new_rule(
                ctx,
                ip,
                network,
                "Firewall",
                protocol="tcp",
                startport=start,
                endport=start,
                cidrlist=p.text("cidrlist", "0.0.0.0/0"),
            ),
        )
    rule = new_rule(
        ctx,
        ip,
        network,
        "LoadBalancing",
        protocol=protocol,
        startport=start,
        endport=start,
        privateport=private,
        name=p.need("name"),
        description=p.str("description"),
        algorithm=algorithm,
        cidrlist=p.text("cidrlist"),
        vmids=[],
    )
    for wall in companions:
        wall.set(_of=rule.uuid)
    return create_rule(
        ctx,
        rule,
        network,
        "loadbalancer",
        balancer_view,
        "LB.CREATE",
        "creating load balancer",
        f"creating load balancer: {rule['name']}",
        "creating load balancer",
        companions,
    )


@command("listLoadBalancerRules", refs={**RULE, "virtualmachineid": "vm"})
def list_balancers(ctx: Ctx, p: Params) -> Result:
    rows = listed(ctx, p, "LoadBalancing")
    vm = p.obj("virtualmachineid")
    if vm is not None:
        rows = [r for r in rows if vm.uuid in r["vmids"]]
    if p.has("name"):
        rows = [r for r in rows if r["name"] == p.str("name")]
    return ctx.listing("loadbalancerrule", rows, balancer_view, cacheable=False)


@command("deleteLoadBalancerRule", refs=RULE)
def delete_balancer(ctx: Ctx, p: Params) -> Result:
    return delete_rule(ctx, p.the("id"), "LB.DELETE", "removing load balancer")


def _members(ctx: Ctx, p: Params, add: bool) -> Result:
    rule = p.the("id")
    check_owner(ctx, rule)
    vms = p.objs("virtualmachineids", "vm", ctx.state)
    check_owner(ctx, *vms)
    for vm in vms:
        inside = any(n["networkid"] == rule["networkid"] for n in ctx.state.table("nic").where(vmid=vm.uuid))
        if add and not inside:
            raise invalid(f"VM {vm.uuid} cannot be added, doesn't belong to the network of the rule")
        if add == (vm.uuid in rule["vmids"]):
            raise invalid(
                f"VM {vm.uuid} is already mapped to load balancer."
                if add
                else f"VM {vm.uuid} is not mapped to load balancer."
            )
    network = ctx.state.table("network").need(rule["networkid"])

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        apply_to(ctx, network)
        ids = [vm.uuid for vm in vms]
        rule.set(vmids=rule["vmids"] + ids if add else [v for v in rule["vmids"] if v not in ids])
        return {"success": True}

    event, doing = (
        ("LB.ASSIGN.TO.RULE", "assigning to load balancer")
        if add
        else ("LB.REMOVE.FROM.RULE", "removing from load balancer")
    )
    return run(
        ctx,
        steps,
        event=event,
        doing=f"{doing}. Rule ID: {rule.uuid}",
        scheduled=f"{doing}: {rule.uuid}",
        resource=("LoadBalancerRule", rule.uuid, rule["name"]),
        instance=("FirewallRule", rule.uuid),
    )


@command("assignToLoadBalancerRule", refs=RULE)
def assign(ctx: Ctx, p: Params) -> Result:
    return _members(ctx, p, True)


@command("removeFromLoadBalancerRule", refs=RULE)
def take_from(ctx: Ctx, p: Params) -> Result:
    return _members(ctx, p, False)


@command("listLoadBalancerRuleInstances", refs=RULE)
def balancer_instances(ctx: Ctx, p: Params) -> Result:
    rule = p.the("id")
    check_owner(ctx, rule)
    vms = [vm for vm in (ctx.state.get("vm", v) for v in rule["vmids"]) if vm is not None and vm.removed_at is None]
    if p.bool("applied", True) is False:
        vms = [
            vm
            for vm in owned(ctx, Params("", {}), "vm")
            if vm.uuid not in rule["vmids"]
            and any(n["networkid"] == rule["networkid"] for n in ctx.state.table("nic").where(vmid=vm.uuid))
        ]
    return ctx.listing("loadbalancerruleinstance", vms, vm_view, cacheable=False)
