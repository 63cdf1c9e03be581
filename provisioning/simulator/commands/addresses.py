"""Public addresses and static NAT."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid, server_error
from provisioning.simulator.fabric import free_public_address, network_number, take_public_address
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.routers import implement
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, may_use, owned, scope, tagged, target_account
from provisioning.simulator.views_network import address_view


def _none_with_id(rows: list[Obj], p: Params) -> list[Obj]:
    return [ip for ip in rows if ip["state"] != "Free"]


@command(
    "listPublicIpAddresses",
    refs={"id": "ip", "associatednetworkid": "network", "networkid": "network", "vlanid": "vlan"},
)
def list_addresses(ctx: Ctx, p: Params) -> Result:
    fields = {
        name: obj.uuid
        for name in ("zoneid", "physicalnetworkid", "associatednetworkid", "vlanid")
        if (obj := p.obj(name)) is not None
    }
    everything = ctx.is_admin and (p.bool("allocatedonly") is False or p.text("state").lower() in ("free", "reserved"))
    if everything and p.obj("id") is None:
        reach = scope(ctx, p)
        rows = [
            ip
            for ip in ctx.state.table("ip").where(**fields)
            if reach is None or ip["state"] == "Free" or ip.get("accountid") in reach
        ]
    elif p.obj("id") is not None:
        one = p.the("id")
        rows = [one] if (one.get("accountid") and may_use(ctx, one["accountid"])) or ctx.is_admin else []
    else:
        rows = _none_with_id(owned(ctx, p, "ip", **fields), p)
    if p.has("state"):
        rows = [ip for ip in rows if ip["state"].lower() == p.text("state").lower()]
    if p.has("forvirtualnetwork"):
        rows = [ip for ip in rows if bool(ip.get("forvirtualnetwork", True)) == p.flag("forvirtualnetwork")]
    if p.has("issourcenat"):
        rows = [ip for ip in rows if bool(ip.get("issourcenat")) == p.flag("issourcenat")]
    if p.has("isstaticnat"):
        rows = [ip for ip in rows if bool(ip.get("isstaticnat")) == p.flag("isstaticnat")]
    if p.has("ipaddress"):
        rows = [ip for ip in rows if ip["ipaddress"] == p.str("ipaddress")]
    if p.has("keyword"):
        rows = [ip for ip in rows if p.text("keyword") in ip["ipaddress"]]
    return ctx.listing("publicipaddress", tagged(ctx, p, rows), address_view, cacheable=False)


@command("associateIpAddress")
def associate(ctx: Ctx, p: Params) -> Result:
    network = p.obj("networkid")
    account = target_account(ctx, p)
    if network is not None:
        check_owner(ctx, network)
        account = ctx.state.table("account").need(network["accountid"])
    zone = p.obj("zoneid") or (ctx.state.get("zone", network["zoneid"]) if network is not None else None)
    if zone is None:
        raise invalid(
            "Unable to figure out zone to assign ip to. Please specify either zoneId, or networkId, or vpcId in "
            "the call"
        )
    if network is None:
        own = [
            n
            for n in ctx.state.table("network").where(accountid=account.uuid, zoneid=zone.uuid)
            if n["type"] == "Isolated"
        ]
        if len(own) > 1:
            raise invalid(
                f"Account {account['name']} has more than one Isolated network in the zone; please specify networkId"
            )
        if not own:
            raise invalid(f"Unable to find the isolated network of account {account['name']} in the zone")
        network = own[0]
    limits.check(ctx, account, public_ip=1)
    the_network: Obj = network
    ctx.event(
        "FIREWALL.OPEN",
        "Successfully created entity for creating firewall rule",
        state="Created",
        account=account,
        resource=("FirewallRule", "", ""),
    )
    wanted = p.str("ipaddress")
    if wanted is not None:
        ip = next(
            (i for i in ctx.state.table("ip").where(zoneid=zone.uuid, state="Free") if i["ipaddress"] == wanted), None
        )
        if ip is None:
            raise invalid(f"Cannot associate IP address {wanted}: it is not free")
        ip.set(state="Allocating", accountid=account.uuid, allocated=ctx.now, associatednetworkid=the_network.uuid)
    else:
        ip = take_public_address(ctx.sim, zone, account, the_network)
        ip.set(state="Allocating")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        try:
            yield 0.4
            if the_network["state"] == "Allocated" and not (yield from implement(ctx, the_network)):
                raise ApiError(534, None, "Failed to assign ip to the network: its router can't be started")
        except ApiError:
            free_public_address(ctx.sim, ip)
            raise
        # CloudStack answers with what the address was before the job's own end.
        shown = clean(address_view(ip, ctx))
        ip.set(state="Allocated")
        return {"ipaddress": shown}

    zone_number, number = zone.dbid, network_number(the_network)
    return run(
        ctx,
        steps,
        event="NET.IPASSIGN",
        doing=f"associating Ip. IP address ID: {ip.uuid}",
        scheduled=f"associating IP to network ID: {number} in zone {zone_number}",
        created=f"allocating Ip. IP address ID: {ip.uuid}",
        resource=("IpAddress", ip.uuid, ip["ipaddress"]),
        instance=("IpAddress", ip.uuid),
        entity=ip.uuid,
        account=account,
    )


def _the_ip(ctx: Ctx, p: Params, name: str = "id") -> Obj:
    ip = p.the(name)
    if not ip.get("accountid"):
        raise invalid(f"Ip Address is not in the right state: {ip['state']}")
    check_owner(ctx, ip)
    return ip


@command("disassociateIpAddress", refs={"id": "ip"})
def disassociate(ctx: Ctx, p: Params) -> Result:
    ip = _the_ip(ctx, p)
    if ip.get("issourcenat") and ctx.state.get("network", ip.get("associatednetworkid")) is not None:
        raise invalid(f"Can't release source nat IP {ip['ipaddress']} of a network that is in use")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        free_public_address(ctx.sim, ip)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="NET.IPRELEASE",
        doing=f"disassociating Ip. IP address ID: {ip.uuid}",
        scheduled=f"Disassociating IP address with ID={ip.uuid}",
        resource=("IpAddress", ip.uuid, ip["ipaddress"]),
        instance=("IpAddress", ip.uuid),
    )


@command("enableStaticNat")
def enable_static_nat(ctx: Ctx, p: Params) -> Result:
    ip = _the_ip(ctx, p, "ipaddressid")
    vm = p.the("virtualmachineid")
    check_owner(ctx, vm)
    if ip.get("issourcenat"):
        raise invalid("Can't enable static, ip address is a sourceNat ip address")
    if ctx.state.table("rule").where(ipaddressid=ip.uuid):
        raise server_error(
            f"Failed to enable static nat for ip address {ip['ipaddress']} as it already has rules assigned", 430
        )
    network = p.obj("networkid")
    nics = [
        n
        for n in ctx.state.table("nic").where(vmid=vm.uuid)
        if n["networkid"] == (network.uuid if network is not None else ip.get("associatednetworkid"))
    ]
    if not nics:
        raise invalid("VM doesn't belong to the network of the address")
    ip.set(isstaticnat=True, virtualmachineid=vm.uuid, vmnicid=nics[0].uuid)
    vm.set(publicipid=ip.uuid)
    ctx.event(
        "STATICNAT.ENABLE",
        "Successfully completed enabling static nat",
        resource=("IpAddress", ip.uuid, ip["ipaddress"]),
    )
    return {"success": "true"}


@command("disableStaticNat")
def disable_static_nat(ctx: Ctx, p: Params) -> Result:
    ip = _the_ip(ctx, p, "ipaddressid")
    if not ip.get("isstaticnat"):
        raise invalid("Specified IP address id is not associated with any vm Id")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.4
        vm = ctx.state.get("vm", ip.get("virtualmachineid"))
        if vm is not None:
            vm.set(publicipid=None)
        ip.set(isstaticnat=False, virtualmachineid=None, vmnicid=None)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="STATICNAT.DISABLE",
        doing="disabling static nat",
        scheduled=f"Disabling static nat for ip id={ip.uuid}",
        resource=("IpAddress", ip.uuid, ip["ipaddress"]),
        instance=("IpAddress", ip.uuid),
    )
