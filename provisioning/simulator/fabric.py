"""What guest networks are made of: segments of a physical network, addresses of public and guest ranges, MAC
addresses."""

from __future__ import annotations

import ipaddress
import random
from typing import TYPE_CHECKING, Any

from provisioning.simulator.errors import ApiError

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

# CloudStack's own system networks take the first two hundred numbers.
FIRST_NETWORK = 203


def dice(sim: Simulator, *what: object) -> random.Random:
    """Chance that depends on the seed and on what it is for, so that the same calls build the same cloud."""
    return random.Random(f"{sim.config.seed}:{':'.join(map(str, what))}")  # noqa: S311 - nothing secret hangs on it


def network_number(network: Obj) -> int:
    """The database id that texts show."""
    return network.dbid + FIRST_NETWORK


def guest_physical_network(sim: Simulator, zone: Obj, tag: str | None = None) -> Obj | None:
    """The zone's enabled physical network that carries guest traffic."""
    found = None
    for physical in sim.state.table("physicalnetwork").where(zoneid=zone.uuid):
        carries = any(
            t["traffictype"] == "Guest" for t in sim.state.table("traffictype").where(physicalnetworkid=physical.uuid)
        )
        if carries and (tag is None or tag in str(physical.get("tags") or "")):
            found = found or physical
    return found


def segments(physical: Obj) -> list[int]:
    """Every VLAN id or VNI of a physical network's ranges (``100-200,300-310``)."""
    out: list[int] = []
    for part in str(physical.get("vlan") or "").split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit():
            out.extend(range(int(low), int(high or low) + 1))
    return out


def scheme(physical: Obj | None) -> str:
    """``vlan`` or ``vxlan``: the scheme of broadcast addresses on this physical network."""
    methods = str((physical.get("isolationmethods") if physical is not None else None) or "VLAN").upper()
    return "vxlan" if "VXLAN" in methods else "vlan"


def taken_segments(sim: Simulator, physical: Obj) -> set[int]:
    return {
        int(network["vlan"])
        for network in sim.state.table("network").where(physicalnetworkid=physical.uuid)
        if str(network.get("vlan") or "").isdigit()
    }


def dedicated_segments(sim: Simulator, physical: Obj) -> dict[int, str]:
    """Segment → the account that it is dedicated to (of a domain: any of its accounts by the domain's uuid)."""
    out: dict[int, str] = {}
    for row in sim.state.table("dedicatedvlanrange").where(physicalnetworkid=physical.uuid):
        low, _, high = str(row.get("guestvlanrange") or row.get("vlanrange") or "").partition("-")
        for segment in range(int(low or 0), int(high or low or 0) + 1):
            out[segment] = str(row.get("accountid") or row.get("domainid"))
    return out


def take_segment(sim: Simulator, network: Obj) -> int:
    """Give the network a free segment; the owner's dedicated ones first.  503-style job failure when all are taken."""
    physical = sim.state.table("physicalnetwork").need(network["physicalnetworkid"])
    every = segments(physical)
    taken = taken_segments(sim, physical)
    dedicated = dedicated_segments(sim, physical)
    account = sim.state.table("account").need(network["accountid"])
    mine = {account.uuid, account["domainid"]}
    own = [s for s in every if s not in taken and dedicated.get(s) in mine]
    free = own or [s for s in every if s not in taken and s not in dedicated]
    if not free:
        raise ApiError(533, None, f"Unable to allocate vnet as a part of network {network_text(network)} implement ")
    chosen = dice(sim, "segment", network.uuid, len(taken)).choice(free)
    uri = f"{scheme(physical)}://{chosen}"
    network.set(vlan=str(chosen), broadcasturi=uri)
    return chosen


def network_text(network: Obj) -> str:
    from provisioning.simulator.tenancy import json_text

    return "Network " + json_text(
        {"id": network_number(network), "name": network["name"], "uuid": network.uuid, "networkofferingid": 0}
    )


def take_public_address(sim: Simulator, zone: Obj, account: Obj, network: Obj | None, **fields: Any) -> Obj:
    """The zone's first free public address, allocated to the account."""
    free = [
        ip
        for ip in sim.state.table("ip").where(zoneid=zone.uuid, state="Free")
        if ip.get("forvirtualnetwork", True)
        and not ip.get("forsystemvms")
        and ip.get("dedicatedto") in (None, account.uuid)
    ]
    if not free:
        raise ApiError(
            533,
            4335,
            f"Insufficient address capacity: Unable to find available public IP addresses in zone {zone['name']}",
        )
    ip = min(free, key=lambda found: found.dbid)
    ip.set(
        state="Allocated",
        accountid=account.uuid,
        allocated=sim.scheduler.now(),
        associatednetworkid=network.uuid if network is not None else None,
        **{"issourcenat": False, "isstaticnat": False, **fields},
    )
    return ip


def free_public_address(sim: Simulator, ip: Obj) -> None:
    """Back into the pool; its rules go with it."""
    for rule in sim.state.table("rule").where(ipaddressid=ip.uuid):
        sim.state.remove(rule)
    ip.set(
        state="Free",
        accountid=None,
        allocated=None,
        associatednetworkid=None,
        issourcenat=False,
        isstaticnat=False,
        virtualmachineid=None,
        vmnicid=None,
        hasrules=None,
    )


def guest_range(network: Obj) -> list[str]:
    """Addresses that guests may get: the given range, else the CIDR without network, gateway and broadcast."""
    start, end = network.get("startip"), network.get("endip")
    if start and end:
        low, high = int(ipaddress.IPv4Address(start)), int(ipaddress.IPv4Address(end))
        return [str(ipaddress.IPv4Address(n)) for n in range(low, high + 1)]
    cidr = network.get("cidr")
    if not cidr:
        return []
    net = ipaddress.IPv4Network(cidr, strict=False)
    if net.num_addresses > 65536:
        net = ipaddress.IPv4Network((int(net.network_address), 16))
    return [str(ip) for ip in net.hosts() if str(ip) != network.get("gateway")]


def used_guest_addresses(sim: Simulator, network: Obj) -> set[str]:
    used = {str(network.get("gateway"))}
    for nic in sim.state.table("nic").where(networkid=network.uuid):
        used.add(str(nic.get("ipaddress")))
        used.update(str(extra["ipaddress"]) for extra in nic.get("secondaryip") or ())
    for router in sim.state.table("router").where(networkid=network.uuid):
        used.add(str(router.get("guestipaddress")))
    return used


def take_guest_address(sim: Simulator, network: Obj, wanted: str | None = None) -> str | None:
    """A free address of the network, the wanted one if it is free; None on a network without addresses (L2)."""
    every = guest_range(network)
    if not every:
        return wanted
    used = used_guest_addresses(sim, network)
    if wanted is not None:
        if wanted in used or wanted not in every:
            raise ApiError(533, None, f"Unable to acquire Guest IP address for network {network_text(network)}")
        return wanted
    free = [ip for ip in every if ip not in used]
    if not free:
        raise ApiError(533, None, f"Unable to acquire Guest IP address for network {network_text(network)}")
    return dice(sim, "guest", network.uuid, len(used)).choice(free)


def next_mac(sim: Simulator, network: Obj) -> str:
    """Guest MAC addresses carry zone, network and a sequence number."""
    zone = sim.state.table("zone").need(network["zoneid"])
    number = int(network.get("_macs", 0)) + 1
    network.f["_macs"] = number
    sim.state.mark(network)
    return guest_mac(zone.dbid, network_number(network), number)


def guest_mac(zone: int, network: int, number: int) -> str:
    tail = f"{(number >> 8) & 255:02x}:{number & 255:02x}"
    return f"02:{zone & 255:02x}:{(network >> 8) & 255:02x}:{network & 255:02x}:{tail}"


def netmask(cidr: str | None) -> str | None:
    return None if not cidr else str(ipaddress.IPv4Network(cidr, strict=False).netmask)


def public_mac(zone: int, salt: int, number: int) -> str:
    """Public MAC addresses carry the zone, chance and the VM's number."""
    parts = (0x1E, zone & 255, salt & 255, 0, (number >> 8) & 255, number & 255)
    return ":".join(f"{part:02x}" for part in parts)
