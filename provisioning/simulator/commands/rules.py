"""Port forwarding, firewall, egress and load balancer rules."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.fabric import network_number
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, View, clean
from provisioning.simulator.routers import need_running, needs_router
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, json_text, owned, tagged
from provisioning.simulator.views_network import firewall_view, forwarding_view

RULE: dict[str, str | tuple[str, ...]] = {"id": "rule", "publicipid": "ip", "ipaddressid": "ip"}


def good_port(value: int | None, name: str) -> int | None:
    if value is not None and not 0 < value <= 65535:
        raise invalid(f"{name} is an invalid value: {value}")
    return value


def check_conflict(ctx: Ctx, ip: Obj, purpose: str, protocol: str, start: int | None, end: int | None) -> None:
    """Refuse a range that another rule of the same purpose on the same address covers."""
    for rule in ctx.state.table("rule").where(ipaddressid=ip.uuid):
        same = rule["purpose"] == purpose or {rule["purpose"], purpose} == {"PortForwarding", "LoadBalancing"}
        if not same or rule["protocol"] != protocol:
            continue
        if start is None or rule.get("startport") is None or end is None:
            overlap = start is None and rule.get("startport") is None
        else:
            overlap = start <= int(rule["endport"]) and int(rule["startport"]) <= end
        if overlap:
            network = ctx.state.table("network").need(rule["networkid"])
            text = json_text(
                {
                    "id": rule.dbid,
                    "networkId": network_number(network),
                    "purpose": rule["purpose"],
                    "state": rule["state"],
                    "uuid": rule.uuid,
                }
            )
            raise ApiError(
                537,
                4360,
                f"The range specified, {start}-{end}, conflicts with rule FirewallRule {text} which has "
                f"{rule.get('startport')}-{rule.get('endport')}",
            )


def address_of(ctx: Ctx, p: Params, name: str = "ipaddressid") -> tuple[Obj, Obj]:
    """The address and the network it serves."""
    ip = p.the(name)
    if not ip.get("accountid"):
        raise invalid(f"Unable to create rule; ip id={ip.uuid} is not associated with any account")
    check_owner(ctx, ip)
    network = ctx.state.get("network", ip.get("associatednetworkid")) or p.obj("networkid")
    if network is None:
        raise invalid("Unable to create rule for the ip which is not associated with any network")
    return ip, network


def apply_to(ctx: Ctx, network: Obj) -> None:
    """Rules reach a running router; on a network without one they wait."""
    if network["state"] == "Implemented" and needs_router(ctx.sim, network):
        for router in ctx.state.table("router").where(networkid=network.uuid):
            need_running(router)


def new_rule(ctx: Ctx, ip: Obj | None, network: Obj, purpose: str, **fields: Any) -> Obj:
    return ctx.state.add(
        "rule",
        purpose=purpose,
        ipaddressid=ip.uuid if ip is not None else None,
        networkid=network.uuid,
        accountid=(ip or network)["accountid"],
        state="Staged",
        **fields,
    )


def create_rule(
    ctx: Ctx,
    rule: Obj,
    network: Obj,
    name: str,
    view: View,
    event: str,
    doing: str,
    scheduled: str,
    created: str,
    companions: tuple[Obj, ...] = (),
) -> Result:
    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        try:
            yield 0.5
            apply_to(ctx, network)
        except (ApiError, GeneratorExit):
            for each in (rule, *companions):
                ctx.state.remove(each)
            raise
        for each in (rule, *companions):
            each.set(state="Active")
        return {name: clean(view(rule, ctx))}

    return run(
        ctx,
        steps,
        event=event,
        doing=f"{doing}. Rule ID: {rule.uuid}",
        scheduled=scheduled,
        created=f"{created}. Rule ID: {rule.uuid}",
        resource=("FirewallRule", rule.uuid, ""),
        instance=("FirewallRule", rule.uuid),
        entity=rule.uuid,
    )


def delete_rule(ctx: Ctx, rule: Obj, event: str, doing: str) -> Result:
    check_owner(ctx, rule)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.4
        ctx.state.remove(rule)
        for other in ctx.state.table("rule").where(ipaddressid=rule.get("ipaddressid"), _of=rule.uuid):
            ctx.state.remove(other)
        return {"success": True}

    return run(
        ctx,
        steps,
        event=event,
        doing=f"{doing}. Rule ID: {rule.uuid}",
        scheduled=f"{doing[:1].upper()}{doing[1:]} id={rule.uuid}",
        resource=("FirewallRule", rule.uuid, ""),
        instance=("FirewallRule", rule.uuid),
    )


def listed(ctx: Ctx, p: Params, purpose: str, **more: Any) -> list[Obj]:
    fields: dict[str, Any] = {"purpose": purpose, **more}
    for param in ("ipaddressid", "publicipid"):
        if p.obj(param) is not None:
            fields["ipaddressid"] = p.the(param).uuid
    if p.obj("networkid") is not None:
        fields["networkid"] = p.the("networkid").uuid
    return tagged(ctx, p, owned(ctx, p, "rule", **fields))


# -- port forwarding -------------------------------------------------------------------------------------------------
@command("createPortForwardingRule", refs=RULE)
def create_forwarding(ctx: Ctx, p: Params) -> Result:
    ip, network = address_of(ctx, p)
    vm = p.the("virtualmachineid")
    check_owner(ctx, vm)
    if vm.removed_at is not None or vm["state"] in ("Destroyed", "Expunging"):
        raise invalid(f"Unable to create port forwarding rule on address {ip['ipaddress']}, the vm is destroyed")
    nic = next((n for n in ctx.state.table("nic").where(vmid=vm.uuid) if n["networkid"] == network.uuid), None)
    if nic is None:
        raise invalid(f"Unable to create port forwarding rule as vm {vm.uuid} is not a part of network {network.uuid}")
    if ip.get("isstaticnat"):
        raise invalid("Unable to create port forwarding rule; the address has static nat enabled")
    protocol = p.need("protocol").lower()
    if protocol not in ("tcp", "udp"):
        raise invalid(f"Protocol {p.need('protocol')} is not supported in zone")
    start = good_port(p.int("publicport"), "publicPort")
    end = good_port(p.int("publicendport", start), "publicEndPort")
    low = good_port(p.int("privateport"), "privatePort")
    high = good_port(p.int("privateendport", low), "privateEndPort")
    if start is None or end is None or low is None or high is None or start > end or end - start != high - low:
        raise invalid("Source port and destination port ranges should be of equal sizes.")
    check_conflict(ctx, ip, "PortForwarding", protocol, start, end)
    companions: tuple[Obj, ...] = ()
    opens = p.bool("openfirewall", True)
    if opens:
        check_conflict(ctx, ip, "Firewall", protocol, start, end)
        cidrs = p.text("cidrlist", "0.0.0.0/0")
        wall = new_rule(ctx, ip, network, "Firewall", protocol=protocol, startport=start, endport=end, cidrlist=cidrs)
        ctx.event(
            "FIREWALL.OPEN",
            f"Successfully created entity for creating firewall rule. Rule ID: {wall.uuid}",
            state="Created",
            resource=("FirewallRule", wall.uuid, ""),
        )
        companions = (wall,)
    rule = new_rule(
        ctx,
        ip,
        network,
        "PortForwarding",
        protocol=protocol,
        startport=start,
        endport=end,
        privateport=low,
        privateendport=high,
        virtualmachineid=vm.uuid,
        vmguestip=p.text("vmguestip") or nic["ipaddress"],
        cidrlist="",
    )
    for wall in companions:
        wall.set(_of=rule.uuid)
    number = str(vm["instancename"]).rsplit("-", 2)[1]
    return create_rule(
        ctx,
        rule,
        network,
        "portforwardingrule",
        forwarding_view,
        "NET.RULEADD",
        "applying port forwarding rule",
        f"Applying port forwarding  rule for Ip: {ip['ipaddress']} with  Instance:{number}",
        "creating forwarding rule",
        companions,
    )


@command("listPortForwardingRules", refs=RULE)
def list_forwarding(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("portforwardingrule", listed(ctx, p, "PortForwarding"), forwarding_view, cacheable=False)


@command("deletePortForwardingRule", refs=RULE)
def delete_forwarding(ctx: Ctx, p: Params) -> Result:
    return delete_rule(ctx, p.the("id"), "NET.RULEDELETE", "revoking forwarding rule")


# -- firewall ----------------------------------------------------------------------------------------------------------
def _wall_fields(p: Params) -> dict[str, Any]:
    protocol = p.need("protocol").lower()
    start = good_port(p.int("startport"), "startPort")
    end = good_port(p.int("endport", start), "endPort")
    if start is not None and end is not None and start > end:
        raise invalid("Start port can't be bigger than end port")
    fields: dict[str, Any] = {
        "protocol": protocol,
        "startport": start,
        "endport": end,
        "cidrlist": p.text("cidrlist", "0.0.0.0/0"),
    }
    if protocol == "icmp":
        fields.update(startport=None, endport=None, icmptype=p.int("icmptype", -1), icmpcode=p.int("icmpcode", -1))
    elif protocol not in ("tcp", "udp", "all"):
        raise invalid(f"Protocol {p.need('protocol')} is not supported")
    return fields


@command("createFirewallRule", refs=RULE)
def create_firewall(ctx: Ctx, p: Params) -> Result:
    ip, network = address_of(ctx, p)
    fields = _wall_fields(p)
    try:
        check_conflict(ctx, ip, "Firewall", fields["protocol"], fields["startport"], fields["endport"])
    except ApiError:
        ctx.event(
            "FIREWALL.OPEN",
            "Error while creating entity for creating firewall rule",
            level="ERROR",
            state="Created",
            resource=("FirewallRule", "", ""),
        )
        raise
    rule = new_rule(ctx, ip, network, "Firewall", **fields)
    return create_rule(
        ctx,
        rule,
        network,
        "firewallrule",
        firewall_view,
        "FIREWALL.OPEN",
        "applying firewall rule",
        f"Applying firewall rule for Ip: {ip['ipaddress']}",
        "creating firewall rule",
    )


@command("listFirewallRules", refs=RULE)
def list_firewall(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("firewallrule", listed(ctx, p, "Firewall"), firewall_view, cacheable=False)


@command("deleteFirewallRule", refs=RULE)
def delete_firewall(ctx: Ctx, p: Params) -> Result:
    return delete_rule(ctx, p.the("id"), "FIREWALL.CLOSE", "revoking firewall rule")


@command("createEgressFirewallRule")
def create_egress(ctx: Ctx, p: Params) -> Result:
    network = p.the("networkid")
    check_owner(ctx, network)
    fields = _wall_fields(p)
    fields["cidrlist"] = p.text("cidrlist") or str(network.get("cidr") or "")
    for rule in ctx.state.table("rule").where(networkid=network.uuid):
        if rule["purpose"] == "Egress" and all(
            rule.get(k) == fields[k] for k in ("protocol", "startport", "endport", "cidrlist")
        ):
            raise ApiError(537, 4360, "New rule conflicts with existing rule id=" + str(rule.dbid))
    rule = new_rule(ctx, None, network, "Egress", traffictype="Egress", destcidrlist=p.text("destcidrlist"), **fields)
    return create_rule(
        ctx,
        rule,
        network,
        "firewallrule",
        firewall_view,
        "FIREWALL.EGRESS.OPEN",
        "creating egress firewall rule for network",
        f"Creating firewall rule for network: {network.uuid}",
        "creating egress firewall rule for network",
    )


@command("listEgressFirewallRules", refs=RULE)
def list_egress(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("firewallrule", listed(ctx, p, "Egress"), firewall_view, cacheable=False)


@command("deleteEgressFirewallRule", refs=RULE)
def delete_egress(ctx: Ctx, p: Params) -> Result:
    return delete_rule(ctx, p.the("id"), "FIREWALL.EGRESS.CLOSE", "revoking egress firewall rule")
