"""Public and guest address ranges, guest VLANs and dedicated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import net
from provisioning.simulator.commands.physical import only
from provisioning.simulator.errors import invalid, runtime_error
from provisioning.simulator.registry import command
from provisioning.simulator.tenancy import named_account, owner

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


def public_network(sim: Simulator, zone: Obj) -> str:
    """The uuid of the zone's public system network, which ranges name as theirs."""
    found = sim.state.table("systemnetwork").find(zoneid=zone.uuid, traffictype="Public")
    return (found or sim.state.add("systemnetwork", zoneid=zone.uuid, traffictype="Public")).uuid


def traffic_network(ctx: Ctx, zone: Obj, kind: str) -> Obj | None:
    """The zone's physical network that carries a kind of traffic."""
    for physical in ctx.state.table("physicalnetwork").where(zoneid=zone.uuid):
        if ctx.state.table("traffictype").find(physicalnetworkid=physical.uuid, traffictype=kind) is not None:
            return physical
    return None


def view(vlan: Obj, ctx: Ctx) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": vlan.uuid,
        "forvirtualnetwork": vlan["forvirtualnetwork"],
        "zoneid": vlan["zoneid"],
        "vlan": vlan["vlan"],
        "podid": vlan.get("podid"),
        "podname": ctx.state.name_of("pod", vlan.get("podid")),
        "gateway": vlan["gateway"],
        "netmask": vlan["netmask"],
        "cidr": net.cidr(vlan["gateway"], vlan["netmask"]),
        "startip": vlan["startip"],
        "endip": vlan["endip"],
        "networkid": vlan.get("networkid"),
        "physicalnetworkid": vlan.get("physicalnetworkid"),
        "forsystemvms": vlan["forsystemvms"],
    }
    if vlan.get("accountid"):
        shown |= owner(ctx.state, vlan["accountid"], path=False)
    return shown


@command("createVlanIpRange")
def create_range(ctx: Ctx, p: Params) -> Result:
    """A range of public addresses, or of a shared network's."""
    with ctx.recorded("VLAN.IP.RANGE.CREATE", "Creating VLAN IP range") as said:
        said.resource = ("Vlan", "", "")
        network = p.obj("networkid")
        zone = p.obj("zoneid") or (ctx.state.get("zone", network["zoneid"]) if network is not None else None)
        if zone is None:
            raise invalid("Please specify a valid zone.")
        gateway, netmask = p.text("gateway"), p.text("netmask")
        start, end = p.text("startip"), p.text("endip") or p.text("startip")
        low, high = check_range(ctx, zone, gateway, netmask, start, end)
        tag = vlan_tag(ctx, zone, p)
        public = p.flag("forvirtualnetwork") or (network is None and p.obj("podid") is None)
        physical = p.obj("physicalnetworkid") or traffic_network(ctx, zone, "Public" if public else "Guest")
        if physical is None:
            raise invalid("Unable to find physical network in zone that supports Public traffic type")
        account = named_account(ctx, p)
        pod = p.obj("podid")
        vlan = ctx.state.add(
            "vlan",
            zoneid=zone.uuid,
            forvirtualnetwork=public,
            vlan=tag,
            gateway=gateway,
            netmask=netmask,
            startip=start,
            endip=end,
            podid=pod.uuid if pod is not None else None,
            networkid=network.uuid if network is not None else public_network(ctx.sim, zone),
            physicalnetworkid=physical.uuid,
            forsystemvms=p.flag("forsystemvms"),
            accountid=account.uuid if account is not None else None,
        )
        fill(ctx.sim, vlan, low, high)
    return {"vlan": view(vlan, ctx)}


def fill(sim: Simulator, vlan: Obj, low: int, high: int) -> None:
    """The range's addresses, all free."""
    for number in range(low, high + 1):
        sim.state.add(
            "ip",
            ipaddress=net.dotted(number),
            state="Free",
            zoneid=vlan["zoneid"],
            vlanid=vlan.uuid,
            vlanname=vlan["vlan"],
            networkid=vlan["networkid"],
            physicalnetworkid=vlan["physicalnetworkid"],
            forvirtualnetwork=vlan["forvirtualnetwork"],
            forsystemvms=vlan["forsystemvms"],
            dedicatedto=vlan.get("accountid"),
            accountid=None,
        )


def check_range(ctx: Ctx, zone: Obj, gateway: str, netmask: str, start: str, end: str) -> tuple[int, int]:
    """The range in numbers, refused where it leaves its subnet or meets another."""
    net.good_ip(gateway, "gateway")
    low, high = net.good_ip(start, "start IP"), net.good_ip(end, "end IP")
    try:
        inside = net.in_subnet(start, gateway, netmask) and net.in_subnet(end, gateway, netmask)
    except ValueError:
        raise invalid("Please specify a valid netmask") from None
    if not inside:
        raise invalid(
            "Please ensure that your start IP/end IP are in the same subnet, as per the IP range's gateway and netmask."
        )
    if low > high:
        raise invalid("Start IP address must have a lower value than the end IP address")
    if low <= net.ip(gateway) <= high:
        raise invalid("The gateway shouldn't overlap start/end IP addresses")
    for other in ctx.state.table("vlan").where(zoneid=zone.uuid):
        if net.overlap((low, high), (net.ip(other["startip"]), net.ip(other["endip"]))):
            raise invalid(
                "The IP range already has IPs that overlap with the new range. Please specify a different "
                "start IP/end IP."
            )
    return low, high


def vlan_tag(ctx: Ctx, zone: Obj, p: Params) -> str:
    """``vlan://50``; refused when guests get that VLAN."""
    tag = p.text("vlan", "untagged").removeprefix("vlan://").lower()
    if tag.isdigit():
        for physical in ctx.state.table("physicalnetwork").where(zoneid=zone.uuid):
            if (physical.get("isolationmethods") or "VLAN") != "VLAN" or not physical.get("vlan"):
                continue
            for low, high in net.vnet_ranges(physical["vlan"], "VLAN"):
                if low <= int(tag) <= high:
                    raise invalid(
                        f"The VLAN tag {tag} is already being used for dynamic vlan allocation for the guest "
                        f"network in zone {zone['name']}"
                    )
    return f"vlan://{tag}"


@command("listVlanIpRanges", refs={"id": "vlan"})
def list_ranges(ctx: Ctx, p: Params) -> Result:
    """Ranges of a zone, pod, physical network or network."""
    rows = only(p, ctx, "vlan", "podid", "physicalnetworkid", "networkid")
    if p.has("forvirtualnetwork"):
        rows = [vlan for vlan in rows if vlan["forvirtualnetwork"] == p.flag("forvirtualnetwork")]
    if p.has("vlan"):
        rows = [vlan for vlan in rows if vlan["vlan"].removeprefix("vlan://") == p.text("vlan").removeprefix("vlan://")]
    return ctx.listing("vlaniprange", rows, view)


@command("deleteVlanIpRange", refs={"id": "vlan"})
def delete_range(ctx: Ctx, p: Params) -> Result:
    """Remove a range none of whose addresses is in use."""
    vlan = p.the("id")
    with ctx.recorded("VLAN.IP.RANGE.DELETE", "deleting VLAN IP range") as said:
        said.resource = ("Vlan", vlan.uuid, "")
        addresses = ctx.state.table("ip").where(vlanid=vlan.uuid)
        for ip in addresses:
            if ip["state"] != "Free":
                raise invalid(
                    f"Can't delete virtual ip range {vlan.uuid} as ip {ip['ipaddress']} is assigned to the account "
                    f"{ctx.state.name_of('account', ip.get('accountid'))}"
                )
        for ip in addresses:
            ctx.state.remove(ip)
        ctx.state.remove(vlan)
    return {"success": True}


@command("dedicatePublicIpRange", refs={"id": "vlan"})
def dedicate_range(ctx: Ctx, p: Params) -> Result:
    """Keep a public range for one account."""
    vlan, account = p.the("id"), named_account(ctx, p)
    if account is None:
        raise invalid("Unable to find account by name in domain")
    if any(
        ip["state"] != "Free" and ip.get("accountid") != account.uuid
        for ip in ctx.state.table("ip").where(vlanid=vlan.uuid)
    ):
        raise invalid("Public IP address in range is allocated to another account ")
    vlan.set(accountid=account.uuid)
    for ip in ctx.state.table("ip").where(vlanid=vlan.uuid):
        ip.set(dedicatedto=account.uuid)
    return {"vlan": view(vlan, ctx)}


@command("releasePublicIpRange", refs={"id": "vlan"})
def release_range(ctx: Ctx, p: Params) -> Result:
    """Give a dedicated public range back to everybody."""
    vlan = p.the("id")
    if not vlan.get("accountid"):
        raise invalid(f"Can't release Public IP range {vlan.uuid} as it not dedicated to any domain and any account")
    vlan.set(accountid=None)
    for ip in ctx.state.table("ip").where(vlanid=vlan.uuid):
        ip.set(dedicatedto=None)
    return {"success": True}


# -- guest VLANs ----------------------------------------------------------------------------------------------------
def dedicated_view(row: Obj, ctx: Ctx) -> dict[str, Any]:
    physical = ctx.state.table("physicalnetwork").need(row["physicalnetworkid"])
    zone = ctx.state.table("zone").need(physical["zoneid"])
    # The server prints database ids for these two, the network's from 200 up.
    return {
        "id": row.uuid,
        **owner(ctx.state, row["accountid"]),
        "guestvlanrange": row["guestvlanrange"],
        "physicalnetworkid": physical.dbid + 199,
        "zoneid": zone.dbid,
    }


@command("dedicateGuestVlanRange")
def dedicate_guest_vlans(ctx: Ctx, p: Params) -> Result:
    """Keep guest VLANs or VNIs for one account."""
    physical, text = p.the("physicalnetworkid"), p.text("vlanrange")
    account = named_account(ctx, p)
    if account is None:
        raise invalid("Unable to find account to dedicate the guest vlan range to")
    low, _, high = text.partition("-")
    if not low.isdigit() or not (high or low).isdigit():
        raise invalid(
            f"Invalid format for parameter value vlan {text} .Vlan should be specified as 'startvlan-endvlan'"
        )
    pair = (int(low), int(high or low))
    ranges = (
        net.vnet_ranges(physical["vlan"], physical.get("isolationmethods") or "VLAN") if physical.get("vlan") else []
    )
    if not any(start <= pair[0] and pair[1] <= end for start, end in ranges):
        raise invalid(f"Unable to find guest vlan by range {text}")
    for row in ctx.state.table("dedicatedvlanrange").where(physicalnetworkid=physical.uuid):
        taken = row["guestvlanrange"].partition("-")
        if net.overlap(pair, (int(taken[0]), int(taken[2] or taken[0]))):
            raise invalid(
                f"Vlan range overlaps with existing one {row['guestvlanrange']}. Please update the existing vlan range."
            )
    for network in ctx.state.table("network").where(physicalnetworkid=physical.uuid):
        segment = str(network.get("vlan") or "")
        if segment.isdigit() and pair[0] <= int(segment) <= pair[1] and network["accountid"] != account.uuid:
            raise invalid(
                f"Guest vlan from this range {text} is allocated to a different account. Can only dedicate a "
                "range which has no allocated vlans or has vlans allocated to the same account "
            )
    row = ctx.state.add(
        "dedicatedvlanrange", physicalnetworkid=physical.uuid, guestvlanrange=text, accountid=account.uuid
    )
    ctx.event(
        "GUEST.VLAN.RANGE.DEDICATE",
        "Successfully completed dedicating guest vlan range",
        resource=("GuestVlanRange", row.uuid, ""),
    )
    return {"dedicatedguestvlanrange": dedicated_view(row, ctx)}


@command("releaseDedicatedGuestVlanRange", refs={"id": "dedicatedvlanrange"})
def release_guest_vlans(ctx: Ctx, p: Params) -> Result:
    """Give dedicated guest VLANs back to everybody."""
    row = p.the("id")

    def steps(job: Obj) -> Any:
        yield 0.2
        if row.removed_at is not None:
            raise runtime_error("Dedicated guest vlan range was released before")
        ctx.state.remove(row)
        return {"success": True}

    return ctx.job(steps)


@command("listDedicatedGuestVlanRanges", refs={"id": "dedicatedvlanrange"})
def list_dedicated(ctx: Ctx, p: Params) -> Result:
    """Dedicated guest VLAN ranges."""
    rows = only(p, ctx, "dedicatedvlanrange", "physicalnetworkid")
    account = named_account(ctx, p)
    if account is not None:
        rows = [row for row in rows if row["accountid"] == account.uuid]
    if p.has("guestvlanrange"):
        rows = [row for row in rows if row["guestvlanrange"] == p.str("guestvlanrange")]
    return ctx.listing("dedicatedguestvlanrange", rows, dedicated_view, cacheable=False)


@command("listGuestVlans")
def list_guest_vlans(ctx: Ctx, p: Params) -> Result:
    """Every segment of the physical networks, who has it and which networks use it."""
    physical, zone = p.obj("physicalnetworkid"), p.obj("zoneid")
    networks = [physical] if physical is not None else list(ctx.state.all("physicalnetwork"))
    if zone is not None:
        networks = [each for each in networks if each["zoneid"] == zone.uuid]
    rows: list[tuple[int, Obj, int]] = []
    number = 0
    for each in ctx.state.all("physicalnetwork"):
        ranges = net.vnet_ranges(each["vlan"], each.get("isolationmethods") or "VLAN") if each.get("vlan") else []
        for low, high in ranges:
            for segment in range(low, high + 1):
                number += 1
                if each in networks:
                    rows.append((number, each, segment))
    if p.has("vnet"):
        rows = [row for row in rows if str(row[2]) == p.str("vnet")]
    if p.flag("allocatedonly"):
        rows = [row for row in rows if users_of(ctx, row[1], row[2])]
    listing = ctx.listing("guestvlan", rows)
    listing.rows = [segment_view(ctx, *row) for row in listing.rows]
    return listing


def users_of(ctx: Ctx, physical: Obj, segment: int) -> list[Obj]:
    """Networks on a segment."""
    return ctx.once(f"segments {physical.uuid}", lambda: segment_users(ctx, physical)).get(str(segment), [])


def segment_users(ctx: Ctx, physical: Obj) -> dict[str, list[Obj]]:
    """Segment → the networks that have it."""
    found: dict[str, list[Obj]] = {}
    for network in ctx.state.table("network").where(physicalnetworkid=physical.uuid):
        if network.get("vlan"):
            found.setdefault(str(network["vlan"]), []).append(network)
    return found


def segment_view(ctx: Ctx, number: int, physical: Obj, segment: int) -> dict[str, Any]:
    state = ctx.state
    users = users_of(ctx, physical, segment)
    holder = next(
        (
            row
            for row in state.table("dedicatedvlanrange").where(physicalnetworkid=physical.uuid)
            if int(row["guestvlanrange"].partition("-")[0]) <= segment <= int(row["guestvlanrange"].rpartition("-")[2])
        ),
        None,
    )
    shown: dict[str, Any] = {"id": number, "vlan": str(segment)}
    account = holder["accountid"] if holder is not None else users[0]["accountid"] if users else None
    if account is not None:
        shown |= owner(state, account)
    taken_at = min((u.get("implemented_at") or u["created"] for u in users), default=None)
    from provisioning.simulator.clock import iso

    return shown | {
        "zoneid": physical["zoneid"],
        "zonename": state.name_of("zone", physical["zoneid"]),
        "physicalnetworkid": physical.uuid,
        "physicalnetworkname": physical["name"],
        "isdedicated": holder is not None,
        "allocationstate": "Allocated" if users else "Free",
        "taken": iso(taken_at),
        "network": [{"id": user.uuid, "name": user["name"]} for user in users],
    }
