"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, matching, owned, owner, tagged, target_account
from provisioning.simulator.views_compute import tags_of

GROUP: dict[str, str | tuple[str, ...]] = {"id": "securitygroup", "securitygroupid": "securitygroup"}


def default_group(ctx: Ctx, account: Obj) -> Obj:
    """Every account has one, made when it is first asked for."""
    found = ctx.state.table("securitygroup").find(accountid=account.uuid, name="default")
    return found or ctx.state.add(
        "securitygroup", name="default", description="Default Security Group", accountid=account.uuid, rules=[]
    )


def group_view(group: Obj, ctx: Ctx) -> dict[str, Any]:
    members = [
        vm.uuid
        for vm in ctx.state.table("vm").where(accountid=group["accountid"])
        if group.uuid in (vm.get("securitygroupids") or ()) and vm["state"] not in ("Destroyed", "Expunging")
    ]
    rules = group.get("rules") or []
    return {
        "id": group.uuid,
        "name": group["name"],
        "description": group.get("description"),
        **owner(ctx.state, group["accountid"]),
        "ingressrule": [_rule(r) for r in rules if r["direction"] == "ingress"],
        "egressrule": [_rule(r) for r in rules if r["direction"] == "egress"],
        "tags": tags_of(ctx.state, group),
        "virtualmachinecount": len(members),
        "virtualmachineids": members,
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in rule.items() if name != "direction"}
    return clean({**shown, "tags": []})


@command("listSecurityGroups", refs=GROUP)
def list_groups(ctx: Ctx, p: Params) -> Result:
    default_group(ctx, ctx.account)
    rows = owned(ctx, p, "securitygroup")
    if p.has("securitygroupname"):
        rows = [g for g in rows if g["name"] == p.str("securitygroupname")]
    vm = p.obj("virtualmachineid")
    if vm is not None:
        rows = [g for g in rows if g.uuid in (vm.get("securitygroupids") or ())]
    return ctx.listing("securitygroup", tagged(ctx, p, matching(p, rows)), group_view, cacheable=False)


@command("createSecurityGroup")
def create_group(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    name = p.need("name")
    if ctx.state.table("securitygroup").find(accountid=account.uuid, name=name) is not None:
        raise invalid(f"Unable to create security group, a group with name {name} already exists.")
    group = ctx.state.add(
        "securitygroup", name=name, description=p.str("description"), accountid=account.uuid, rules=[]
    )
    return {"securitygroup": clean(group_view(group, ctx))}


@command("deleteSecurityGroup", refs=GROUP)
def delete_group(ctx: Ctx, p: Params) -> Result:
    group = p.obj("id")
    if group is None:
        group = ctx.state.table("securitygroup").find(accountid=target_account(ctx, p).uuid, name=p.need("name"))
    if group is None:
        raise invalid("Unable to find security group")
    check_owner(ctx, group)
    if group["name"] == "default":
        raise invalid("The network group default is reserved")
    if group_view(group, ctx)["virtualmachinecount"]:
        raise invalid("Cannot delete group when it's in use by virtual machines")
    ctx.state.remove(group)
    return {"success": "true"}


def _authorize(ctx: Ctx, p: Params, direction: str) -> Result:
    group = p.obj("securitygroupid")
    if group is None:
        group = ctx.state.table("securitygroup").find(
            accountid=target_account(ctx, p).uuid, name=p.need("securitygroupname")
        )
    if group is None:
        raise invalid("Unable to find security group")
    check_owner(ctx, group)
    found: Obj = group
    protocol = p.text("protocol", "all").lower()
    base: dict[str, Any] = {"direction": direction, "protocol": protocol}
    if protocol in ("tcp", "udp"):
        start, end = p.int("startport"), p.int("endport")
        if start is None or end is None or start > end:
            raise invalid(f"Invalid port range specified: {start}-{end}")
        base.update(startport=start, endport=end)
    elif protocol == "icmp":
        base.update(icmptype=p.int("icmptype", -1), icmpcode=p.int("icmpcode", -1))
    cidrs = p.list("cidrlist")
    others = p.maps("usersecuritygrouplist")
    if not cidrs and not others:
        raise invalid("At least one cidr or at least one security group needs to be specified")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.4
        rules = list(found.get("rules") or [])
        for source in [{"cidr": c} for c in cidrs] + [
            {"account": o.get("account"), "securitygroupname": o.get("group")} for o in others
        ]:
            number = int(found.get("_rules", 0)) + len(rules) + 1
            rules.append({"ruleid": ctx.state.new_uuid(f"sgrule:{found.uuid}", number), **base, **source})
        found.set(rules=rules)
        for vm in ctx.state.table("vm").where(accountid=found["accountid"]):
            vm.prepared = None
        return {"securitygroup": clean(group_view(found, ctx))}

    event = f"SG.AUTH.{direction.upper()}"
    return run(
        ctx,
        steps,
        event=event,
        doing=f"Adding {direction.capitalize()} Rule",
        scheduled=f"authorizing {direction} to group: {found['name']}",
        resource=("SecurityGroup", found.uuid, found["name"]),
        instance=("SecurityGroup", found.uuid),
    )


@command("authorizeSecurityGroupIngress", refs=GROUP)
def authorize_ingress(ctx: Ctx, p: Params) -> Result:
    return _authorize(ctx, p, "ingress")


@command("authorizeSecurityGroupEgress", refs=GROUP)
def authorize_egress(ctx: Ctx, p: Params) -> Result:
    return _authorize(ctx, p, "egress")


def _revoke(ctx: Ctx, p: Params, direction: str) -> Result:
    wanted = p.need("id")
    group = next(
        (g for g in ctx.state.all("securitygroup") if any(r["ruleid"] == wanted for r in g.get("rules") or ())), None
    )
    if group is None:
        raise invalid(f"Unable to find security rule with id {wanted}")
    check_owner(ctx, group)
    found: Obj = group

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        found.set(rules=[r for r in found["rules"] if r["ruleid"] != wanted], _rules=int(found.get("_rules", 0)) + 1)
        return {"success": True}

    return run(
        ctx,
        steps,
        event=f"SG.REVOKE.{direction.upper()}",
        doing=f"Revoking {direction.capitalize()} Rule",
        scheduled=f"revoking {direction} rule id: {wanted}",
        resource=("SecurityGroup", found.uuid, found["name"]),
    )


@command("revokeSecurityGroupIngress", refs={"id": ()})
def revoke_ingress(ctx: Ctx, p: Params) -> Result:
    return _revoke(ctx, p, "ingress")


@command("revokeSecurityGroupEgress", refs={"id": ()})
def revoke_egress(ctx: Ctx, p: Params) -> Result:
    return _revoke(ctx, p, "egress")
