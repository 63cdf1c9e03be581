"""Networks coming alive: segment, source NAT address, virtual router; and routers on their own."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from provisioning.simulator import mocks
from provisioning.simulator.errors import ApiError
from provisioning.simulator.fabric import (
    dice,
    free_public_address,
    next_mac,
    public_mac,
    take_public_address,
    take_segment,
)
from provisioning.simulator.jobs import Seconds
from provisioning.simulator.place import site
from provisioning.simulator.placement import Demand, Refused
from provisioning.simulator.planner import plan
from provisioning.simulator.usage import MIB

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

ROUTED_BY = frozenset({"VirtualRouter", "VpcVirtualRouter"})


def needs_router(sim: Simulator, network: Obj) -> bool:
    offering = sim.state.table("networkoffering").need(network["networkofferingid"])
    return any(
        provider["name"] in ROUTED_BY
        for service in offering.get("service") or ()
        for provider in service.get("provider") or ()
    )


def has_service(sim: Simulator, network: Obj, name: str) -> bool:
    offering = sim.state.table("networkoffering").need(network["networkofferingid"])
    return any(service["name"] == name for service in offering.get("service") or ())


def router_offering(sim: Simulator) -> Obj | None:
    return next((o for o in sim.state.all("serviceoffering") if o.get("systemvmtype") == "domainrouter"), None)


def router_place(sim: Simulator, zone: Obj, offering: Obj, hypervisor: str, *seed: object) -> str | None:
    """A host for a router or system VM; None when no one takes it."""
    wanted = Demand(
        cores=int(offering["cpunumber"]),
        mhz_per_core=int(offering["cpuspeed"]),
        memory_bytes=int(offering["memory"]) * MIB,
        hypervisor=hypervisor,
    )
    try:
        return plan(site(sim, zone), wanted, dice(sim, "router", *seed)).host_id
    except Refused:
        return None


def hypervisor_of(sim: Simulator, zone: Obj) -> str:
    cluster = next(iter(sim.state.table("cluster").where(zoneid=zone.uuid)), None)
    if cluster is None:
        return "KVM"
    return str(cluster.get("hypervisortype") or cluster.get("hypervisor") or "KVM")


def implement(ctx: Ctx, network: Obj) -> Generator[float, None, bool]:
    """Bring a network to life if it is not; False when its router can't be started."""
    sim = ctx.sim
    while network["state"] == "Implementing":
        # Another VM's start is at it: wait for how that ends.
        yield Seconds(0.2)
    if network["state"] in ("Implemented", "Setup"):
        if needs_router(sim, network):
            return (yield from ensure_router(ctx, network))
        return True
    zone = sim.state.table("zone").need(network["zoneid"])
    account = sim.state.table("account").need(network["accountid"])
    network.set(state="Implementing")
    source: Obj | None = None
    done = False
    try:
        if network["type"] != "Shared" and not network.get("vlan"):
            segment = take_segment(sim, network)
            ctx.event(
                "ZONE.VLAN.ASSIGN",
                f"Assigned Zone VLAN: {segment} Network ID: {network.uuid}",
                account=account,
                resource=("Network", network.uuid, network["name"]),
            )
        if has_service(sim, network, "SourceNat"):
            source = next(iter(sim.state.table("ip").where(associatednetworkid=network.uuid, issourcenat=True)), None)
            if source is None:
                source = take_public_address(sim, zone, account, network, issourcenat=True)
                ctx.event(
                    "FIREWALL.OPEN",
                    "Successfully created entity for creating firewall rule",
                    state="Created",
                    account=account,
                    resource=("FirewallRule", "", ""),
                )
        yield 0.3
        if needs_router(sim, network):
            done = yield from ensure_router(ctx, network, fresh=True)
        else:
            done = True
    finally:
        if done:
            network.set(state="Implemented")
            account.set(_counted=True)
        else:
            shut_down(sim, network)
    return done


def shut_down(sim: Simulator, network: Obj) -> None:
    """Back to Allocated: segment and source NAT address are given back, routers end."""
    for router in sim.state.table("router").where(networkid=network.uuid):
        sim.state.remove(router)
    for ip in sim.state.table("ip").where(associatednetworkid=network.uuid, issourcenat=True):
        free_public_address(sim, ip)
    keep = network.get("_vlan_given")
    network.set(
        state="Setup" if network["type"] == "Shared" else "Allocated",
        vlan=network.get("vlan") if keep else None,
        broadcasturi=network.get("broadcasturi") if keep else None,
    )


def ensure_router(ctx: Ctx, network: Obj, fresh: bool = False) -> Generator[float, None, bool]:
    """The network's router runs afterwards, or False."""
    sim = ctx.sim
    router = next(iter(sim.state.table("router").where(networkid=network.uuid)), None)
    if router is not None and router["state"] == "Running":
        return True
    if router is None:
        router = make_router(ctx, network)
        if router is None:
            return False
    return (yield from start_router(sim, router))


def make_router(ctx: Ctx, network: Obj) -> Obj | None:
    """A stopped router for the network."""
    from provisioning.simulator.vm_life import next_instance

    sim = ctx.sim
    state = sim.state
    zone = state.table("zone").need(network["zoneid"])
    account = state.table("account").need(network["accountid"])
    offering = router_offering(sim)
    if offering is None:
        return None
    hypervisor = hypervisor_of(sim, zone)
    template = next((t for t in state.all("template") if t.get("templatetype") == "SYSTEM"), None)
    public = next(iter(state.table("ip").where(associatednetworkid=network.uuid, issourcenat=True)), None)
    number = next_instance(sim)
    rng = dice(sim, "routermac", network.uuid, number)
    isolated = network["type"] != "Shared"
    control = control_network(sim, zone)
    router = state.add(
        "router",
        name=f"r-{number}-VM",
        instancename=f"r-{number}-VM",
        networkid=network.uuid,
        zoneid=zone.uuid,
        accountid=account.uuid,
        serviceofferingid=offering.uuid,
        templateid=template.uuid if template else None,
        hypervisor=hypervisor,
        state="Stopped",
        publicipid=public.uuid if public else None,
        controlnetworkid=control,
        guestipaddress=network.get("gateway") if isolated else _shared_address(sim, network),
        guestmacaddress=next_mac(sim, network),
        publicmacaddress=public_mac(zone.dbid, rng.randrange(256), number),
        linklocalip=None,
        linklocalmacaddress=None,
        version="4.10.0",
        scriptsversion=state.new_uuid("scripts", number),
        role="VIRTUAL_ROUTER",
    )
    ctx.event(
        "VOLUME.CREATE",
        "Successfully created entity for creating ROOT volume. Volume Type: ROOTVolume ID: "
        f"{state.new_uuid('routervolume', number)} Instance ID: {router.uuid}",
        state="Created",
        account=account,
        resource=("Volume", state.new_uuid("routervolume", number), f"ROOT-{number}"),
    )
    return router


def _shared_address(sim: Simulator, network: Obj) -> str | None:
    from provisioning.simulator.fabric import take_guest_address

    return take_guest_address(sim, network)


def control_network(sim: Simulator, zone: Obj) -> str:
    """The zone's link-local network, whose id answers carry."""
    return str(zone.get("_controlnetworkid") or sim.state.new_uuid("controlnetwork", zone.dbid))


def start_router(sim: Simulator, router: Obj) -> Generator[float, None, bool]:
    """Starting, then Running on a host; False (and Stopped) when no host takes it."""
    zone = sim.state.table("zone").need(router["zoneid"])
    offering = sim.state.table("serviceoffering").need(router["serviceofferingid"])
    host_id = router_place(sim, zone, offering, router["hypervisor"], router.uuid, router.get("_starts", 0))
    if host_id is None:
        router.set(state="Stopped", hostid=None)
        return False
    host = sim.state.table("host").need(host_id)
    rng = dice(sim, "linklocal", router.uuid, router.get("_starts", 0))
    third, fourth = rng.randrange(256), rng.randrange(1, 255)
    router.set(state="Starting", hostid=host_id)
    yield 0.6
    if mocks.failing(sim, "StartCommand", host=host) or host["state"] != "Up":
        router.set(state="Stopped", hostid=None)
        return False
    router.set(
        state="Running",
        hostid=host_id,
        podid=host["podid"],
        lasthostid=host_id,
        _starts=int(router.get("_starts", 0)) + 1,
        linklocalip=f"169.254.{third}.{fourth}",
        linklocalmacaddress=f"0e:00:a9:fe:{third:02x}:{fourth:02x}",
        _running_since=sim.scheduler.now(),
    )
    return True


def stop_router(sim: Simulator, router: Obj) -> None:
    router.set(state="Stopped", hostid=None, linklocalip=None)


def need_running(router: Obj) -> None:
    """Refuse with 534 what needs a running router."""
    if router["state"] != "Running":
        raise ApiError(
            534,
            4380,
            f"Resource [DomainRouter:{router.dbid}] is unreachable: Unable to apply rules, the router is not running",
        )
