"""Making guest networks and finding the one a VM gets when none is named."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from provisioning.simulator.errors import ApiError, invalid, runtime_error
from provisioning.simulator.fabric import guest_physical_network, netmask, scheme, segments

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

DEFAULT_ISOLATED = "DefaultIsolatedNetworkOfferingWithSourceNatService"


def default_networks(ctx: Ctx, account: Obj, zone: Obj) -> list[Obj]:
    """The networks of a VM for which none was named: the account's only isolated one, made if there is none."""
    state = ctx.state
    if zone.get("securitygroupsenabled"):
        shared = [n for n in state.table("network").where(zoneid=zone.uuid) if n["type"] == "Shared"]
        if not shared:
            raise invalid(f"No network with security enabled is found in zone id={zone.uuid}")
        return shared[:1]
    own = [n for n in state.table("network").where(accountid=account.uuid, zoneid=zone.uuid) if n["type"] == "Isolated"]
    if len(own) > 1:
        raise invalid(
            f"More than 1 default Isolated networks are found for account {account['name']}; please specify networkIds"
        )
    if own:
        return own
    offering = next(
        (o for o in state.all("networkoffering") if o["name"] == DEFAULT_ISOLATED and o["state"] == "Enabled"), None
    )
    if offering is None:
        raise invalid(
            "Unable to find network offering with availability=Required to automatically create the network as a "
            "part of vm "
            "creation"
        )
    return [make_network(ctx, account, zone, offering, f"{account['name']}-network", None)]


def make_network(ctx: Ctx, account: Obj, zone: Obj, offering: Obj, name: str, p: Params | None) -> Obj:
    """A guest network in state Allocated (isolated), Setup (shared, L2 with a VLAN)."""
    sim, state = ctx.sim, ctx.state
    kind = str(offering["guestiptype"])
    physical = p.obj("physicalnetworkid") if p is not None else None
    physical = physical or guest_physical_network(sim, zone, offering.get("tags"))
    if physical is None:
        raise invalid(
            f"Unable to find physical network which match the tags {offering.get('tags')} in zone {zone['name']}"
        )
    if physical.get("state") == "Disabled":
        raise invalid(f"Physical network id={physical.uuid} is in incorrect state: {physical.get('state')}")
    refuse_unusable(sim, zone, physical, offering)
    fields: dict[str, Any] = {"dns1": p.str("dns1") if p else None, "dns2": p.str("dns2") if p else None}
    given = (p.str("vlan") if p is not None else None) if offering.get("specifyvlan") else None
    if offering.get("specifyvlan") and given is None and kind != "Isolated":
        raise invalid(
            "Vlan Id is required; vlan is a required parameter when the network offering has specifyVlan=true"
        )
    if p is not None and p.has("vlan") and not offering.get("specifyvlan"):
        raise invalid("Can't specify vlan; corresponding offering says specifyVlan=false")
    if given is not None:
        fields.update(_given_segment(sim, physical, zone, given))
    gateway, mask = (p.str("gateway"), p.str("netmask")) if p is not None else (None, None)
    start, end = (p.str("startip"), p.str("endip")) if p is not None else (None, None)
    if kind == "Shared":
        if not (gateway and mask and start):
            raise invalid("StartIp/endIp/gateway/netmask are required when create network of type Shared")
        _check_range(gateway, mask, start, end or start)
        fields.update(
            gateway=gateway, netmask=mask, cidr=_cidr(gateway, mask), startip=start, endip=end or start, state="Setup"
        )
    elif kind == "L2":
        fields.update(gateway=None, netmask=None, cidr=None, state="Setup" if given else "Allocated")
    elif gateway and mask:
        _check_range(gateway, mask, start or gateway, end or start or gateway)
        fields.update(
            gateway=gateway, netmask=mask, cidr=_cidr(gateway, mask), startip=start, endip=end, state="Allocated"
        )
    else:
        cidr = str(zone.get("guestcidraddress") or "10.1.1.0/24")
        first = str(next(ipaddress.IPv4Network(cidr, strict=False).hosts()))
        fields.update(gateway=first, netmask=netmask(cidr), cidr=cidr, state="Allocated")
    domain = state.table("domain").need(account["domainid"])
    acl = (p.text("acltype").capitalize() if p is not None and p.has("acltype") else None) or (
        "Domain" if kind == "Shared" else "Account"
    )
    broadcast = "Vxlan" if scheme(physical) == "vxlan" else "Vlan"
    network = state.add(
        "network",
        name=name,
        displaytext=(p.str("displaytext") if p is not None else None) or name,
        accountid=account.uuid,
        zoneid=zone.uuid,
        networkofferingid=offering.uuid,
        physicalnetworkid=physical.uuid,
        type=kind,
        acltype=acl,
        aclownerid=(p.obj("domainid") or domain).uuid if p is not None else domain.uuid,
        subdomainaccess=p.bool("subdomainaccess", True) if p is not None else True,
        broadcastdomaintype=broadcast,
        networkdomain=_domain_name(sim, p, account, zone, domain) if kind != "L2" else None,
        **fields,
    )
    if kind == "Shared" and zone["networktype"] == "Advanced":
        _add_shared_range(ctx, network, zone, physical)
    return network


def refuse_unusable(sim: Simulator, zone: Obj, physical: Obj, offering: Obj) -> None:
    """No network designer takes a physical network without an isolation method in a security-group zone."""
    if zone.get("securitygroupsenabled") and not physical.get("isolationmethods"):
        refused = runtime_error("Unable to convert network offering with specified id to network profile")
        refused.uuids = [{"uuid": offering.uuid, "description": "offeringId"}]
        raise refused
    needed = {
        provider["name"] for service in offering.get("service") or () for provider in service.get("provider") or ()
    }
    states = {row["name"]: row["state"] for row in sim.state.table("provider").where(physicalnetworkid=physical.uuid)}
    for name in sorted(needed):
        if name in states and states[name] != "Enabled":
            raise invalid(
                f"Provider {name} should be enabled in physical network to be used by network offering "
                f"{offering['name']}"
            )


def _given_segment(sim: Simulator, physical: Obj, zone: Obj, given: str) -> dict[str, Any]:
    text = given.removeprefix("vlan://").removeprefix("vxlan://")
    if text == "untagged":
        return {"vlan": "untagged", "broadcasturi": "vlan://untagged", "_vlan_given": True}
    if not text.isdigit():
        raise invalid(f"Invalid VLAN id: {given}")
    if int(text) in segments(physical):
        raise invalid(
            f"The VLAN tag to use for new guest network, {text} is already being used for dynamic vlan allocation "
            "for the guest "
            f"network in zone {zone['name']}"
        )
    for other in sim.state.table("network").where(zoneid=zone.uuid):
        if other.get("vlan") == text:
            raise invalid(
                f"Network with vlan {given} already exists or overlaps with other network vlans in zone {zone['name']}"
            )
    return {"vlan": text, "broadcasturi": f"{scheme(physical)}://{text}", "_vlan_given": True}


def _cidr(gateway: str, mask: str) -> str:
    try:
        return str(ipaddress.IPv4Network(f"{gateway}/{mask}", strict=False))
    except ValueError:
        raise invalid("Invalid gateway or netmask") from None


def _check_range(gateway: str, mask: str, start: str, end: str) -> None:
    net = ipaddress.IPv4Network(_cidr(gateway, mask))
    try:
        low, high = ipaddress.IPv4Address(start), ipaddress.IPv4Address(end)
    except ValueError:
        raise invalid("Invalid format for the IP address parameter") from None
    if low not in net or high not in net:
        raise invalid("The start IP and end IP must be in the same subnet as the gateway")
    if low > high:
        raise invalid("The start IP address must have a lower value than the end IP address.")


def _domain_name(sim: Simulator, p: Params | None, account: Obj, zone: Obj, domain: Obj) -> str:
    """The given one, else account's, domain's or zone's, else cs<account in hex><``guest.domain.suffix``>."""
    given = p.str("networkdomain") if p is not None else None
    return str(
        given
        or account.get("networkdomain")
        or domain.get("networkdomain")
        or zone.get("networkdomain")
        or f"cs{account.dbid:x}{sim.setting('guest.domain.suffix') or 'cloud.internal'}"
    )


def _add_shared_range(ctx: Ctx, network: Obj, zone: Obj, physical: Obj) -> None:
    """A shared network's addresses are a VLAN range of its own."""
    ctx.state.add(
        "vlan",
        zoneid=zone.uuid,
        networkid=network.uuid,
        physicalnetworkid=physical.uuid,
        gateway=network["gateway"],
        netmask=network["netmask"],
        cidr=network["cidr"],
        startip=network["startip"],
        endip=network["endip"],
        vlan=network.get("broadcasturi") or "vlan://untagged",
        forvirtualnetwork=False,
        forsystemvms=False,
    )


def must_be_unused(ctx: Ctx, network: Obj) -> None:
    """Refuse to delete a network that VMs still have NICs in."""
    vms = ctx.state.table("vm")
    for nic in ctx.state.table("nic").where(networkid=network.uuid):
        vm = vms.get(nic["vmid"])
        if vm is not None and vm.removed_at is None and vm["state"] not in ("Error", "Expunging", "Destroyed"):
            raise ApiError(530, None, f"Failed to delete network {network['name']}: VMs still have NICs in it")
