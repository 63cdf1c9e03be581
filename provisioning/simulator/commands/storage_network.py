"""Address ranges of the storage network, pod by pod."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from provisioning.simulator import net
from provisioning.simulator.commands.physical import only
from provisioning.simulator.errors import invalid, runtime_error
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj

Job = Generator[float, None, dict[str, Any]]
KIND = "storagenetworkiprange"


def view(row: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "id": row.uuid,
        "vlan": row.get("vlan"),
        "podid": row["podid"],
        "startip": row["startip"],
        "endip": row["endip"],
        "gateway": row["gateway"],
        "netmask": row["netmask"],
        "zoneid": row["zoneid"],
        "networkid": row["networkid"],
    }


def checked(ctx: Ctx, pod: Obj, start: str, end: str, netmask: str, own: Obj | None = None) -> None:
    """The range in order, in one subnet, and nobody else's in the pod's zone."""
    low, high = net.good_ip(start, "start IP address"), net.good_ip(end, "end IP address")
    net.good_netmask(netmask)
    if low > high:
        raise invalid("end ip is less than start ip")
    if not net.in_subnet(end, start, netmask):
        raise invalid("The start and end address of the IP range are not in one subnet.")
    for other in ctx.state.table(KIND).where(zoneid=pod["zoneid"]):
        if other is not own and net.overlap((low, high), (net.ip(other["startip"]), net.ip(other["endip"]))):
            raise runtime_error(f"The IP range {start}-{end} overlaps with {other['startip']}-{other['endip']}")


@command("createStorageNetworkIpRange")
def create(ctx: Ctx, p: Params) -> Result:
    """A range; the zone must carry storage traffic."""
    pod, start, netmask = p.the("podid"), p.need("startip"), p.need("netmask")
    end = p.text("endip", start)
    networks = ctx.state.table("physicalnetwork").where(zoneid=pod["zoneid"])
    table = ctx.state.table("traffictype")
    if not any(table.find(physicalnetworkid=each.uuid, traffictype="Storage") for each in networks):
        zone = ctx.state.name_of("zone", pod["zoneid"])
        raise invalid(f"Cannot find storage network in zone {zone}: no physical network carries Storage traffic")
    checked(ctx, pod, start, end, netmask)

    def steps(job: Obj) -> Job:
        yield 0.3
        checked(ctx, pod, start, end, netmask)
        system = ctx.state.table("systemnetwork").find(zoneid=pod["zoneid"], traffictype="Storage")
        system = system or ctx.state.add("systemnetwork", zoneid=pod["zoneid"], traffictype="Storage")
        row = ctx.state.add(
            KIND,
            podid=pod.uuid,
            zoneid=pod["zoneid"],
            startip=start,
            endip=end,
            gateway=p.need("gateway"),
            netmask=netmask,
            vlan=p.int("vlan"),
            networkid=system.uuid,
        )
        return {KIND: view(row, ctx)}

    return ctx.job(steps)


@command("updateStorageNetworkIpRange", refs={"id": KIND})
def update(ctx: Ctx, p: Params) -> Result:
    """Another start, end, netmask or VLAN."""
    row = p.the("id")
    pod = ctx.state.table("pod").need(row["podid"])
    new = {name: p.text(name, row[name]) for name in ("startip", "endip", "netmask")}
    checked(ctx, pod, new["startip"], new["endip"], new["netmask"], row)

    def steps(job: Obj) -> Job:
        yield 0.3
        row.set(**new)
        if p.has("vlan"):
            row.set(vlan=p.int("vlan"))
        return {KIND: view(row, ctx)}

    return ctx.job(steps)


@command("deleteStorageNetworkIpRange", refs={"id": KIND})
def delete(ctx: Ctx, p: Params) -> Result:
    """Remove a range."""
    row = p.the("id")

    def steps(job: Obj) -> Job:
        yield 0.3
        ctx.state.remove(row)
        return {"success": True}

    return ctx.job(steps)


@command("listStorageNetworkIpRange", refs={"id": KIND})
def list_ranges(ctx: Ctx, p: Params) -> Result:
    """Ranges of a zone or pod."""
    return ctx.listing(KIND, only(p, ctx, KIND, "podid"), view)
