"""The life of a user VM: made, started, stopped, moved, destroyed, expunged.

Functions here change objects and refuse; commands, background work and the fault control all go through them, so
that host usage,
volumes, addresses and cached answers stay in step.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from provisioning.simulator import mocks
from provisioning.simulator.errors import ApiError
from provisioning.simulator.fabric import dice, next_mac, take_guest_address
from provisioning.simulator.jobs import Seconds
from provisioning.simulator.place import demand, place_vm
from provisioning.simulator.placement import NoDestination, NoSuitableHost, Placement
from provisioning.simulator.routers import implement
from provisioning.simulator.tenancy import json_text, vm_text
from provisioning.simulator.usage import ledger

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

GONE = "Message.ReservedCapacityFreed.Flag"


def next_instance(sim: Simulator) -> int:
    """The number that user VMs, routers and system VMs count together."""
    return sim.state.next_dbid("vm")


def change(sim: Simulator, vm: Obj, **fields: Any) -> None:
    """Change a VM; sums of hosts and what volumes show of it follow."""
    if "state" in fields and fields["state"] != vm.get("state"):
        fields.setdefault("updated", sim.scheduler.now())
    vm.set(**fields)
    ledger(sim).forget()
    for volume in sim.state.table("volume").where(virtualmachineid=vm.uuid):
        volume.prepared = None


def orchestration_failed(vm: Obj) -> ApiError:
    text = json_text({"instanceName": vm["instancename"], "uuid": vm.uuid})
    return ApiError(530, None, f"Unable to orchestrate the start of VM instance {text}.")


def add_nic(
    sim: Simulator, vm: Obj, network: Obj, *, ip: str | None = None, default: bool = False, mac: str | None = None
) -> Obj:
    taken = sim.state.table("nic").where(vmid=vm.uuid)
    device = max((int(n["deviceid"]) for n in taken), default=-1) + 1
    address = take_guest_address(sim, network, ip)
    nic = sim.state.add(
        "nic",
        vmid=vm.uuid,
        networkid=network.uuid,
        ipaddress=address,
        uri=network.get("broadcasturi"),
        macaddress=mac or next_mac(sim, network),
        isdefault=default,
        deviceid=device,
        secondaryip=[],
    )
    vm.prepared = None
    return nic


def start(ctx: Ctx, vm: Obj, *, deploying: bool, host_id: str | None = None) -> Generator[float, None, None]:
    """Place and start a VM, its networks first.  A deployment that fails leaves it in Error, a start in Stopped."""
    sim = ctx.sim
    done = False
    try:
        yield from _start(ctx, vm, deploying, host_id)
        done = True
    finally:
        if not done and vm["state"] not in ("Error", "Destroyed", "Expunging"):
            fail(sim, vm, deploying)
            if deploying:
                ctx.alert("ALERT.USERVM", f"Failed to deploy Instance [ID: {vm.uuid}]")


def fail(sim: Simulator, vm: Obj, deploying: bool) -> None:
    """What is left of a VM that could not be started."""
    details = dict(vm.get("details") or {})
    if deploying:
        details = {"deployvm": "true", **details}
        vm.set(userdetails={"deployvm": "true", **(vm.get("userdetails") or {})})
        for volume in sim.state.table("volume").where(virtualmachineid=vm.uuid):
            volume.set(state="Allocated", storageid=None, path=None)
    change(sim, vm, state="Error" if deploying else "Stopped", hostid=None, details=details, _stats=None)


def _start(ctx: Ctx, vm: Obj, deploying: bool, host_id: str | None) -> Generator[float, None, None]:
    sim = ctx.sim
    if vm["state"] not in ("Stopped",):
        yield 0.5
        raise orchestration_failed(vm)
    zone = sim.state.table("zone").need(vm["zoneid"])
    yield 0.7
    tried: set[str] = set()
    networks = [sim.state.table("network").need(n["networkid"]) for n in sim.state.table("nic").where(vmid=vm.uuid)]
    for _ in range(3):
        placement = _find(sim, vm, deploying, host_id, frozenset(tried))
        change(sim, vm, state="Starting", hostid=placement.host_id)
        host = sim.state.table("host").need(placement.host_id)
        ready = True
        for network in networks:
            ready = ready and (yield from implement(ctx, network))
        yield 0.4
        if ready and host["state"] == "Up" and not mocks.failing(sim, "StartCommand", host=host):
            _running(sim, vm, placement, deploying)
            yield 0.2
            return
        # The host or the router refused: CloudStack tries the next place.
        tried.add(placement.host_id)
        change(sim, vm, state="Stopped", hostid=None, updated=vm.get("updated") or sim.scheduler.now())
        yield Seconds(2)
        if host_id is not None or mocks.failing(sim, "StartCommand", zone_id=zone.uuid, use=False):
            break
    details = dict(vm.get("details") or {})
    details[GONE] = "false"
    vm.set(details=details)
    raise orchestration_failed(vm)


def _find(sim: Simulator, vm: Obj, deploying: bool, host_id: str | None, tried: frozenset[str]) -> Placement:
    try:
        wanted = demand(sim, vm, host_id=host_id, is_start=not deploying, avoid=tried)
        return place_vm(sim, vm, wanted)
    except NoSuitableHost as refused:
        raise ApiError(530, None, "No suitable host found.") from refused
    except NoDestination as refused:
        if tried:
            raise orchestration_failed(vm) from refused
        if deploying:
            raise ApiError(533, None, f"No destination found for a deployment for {vm_text(vm)}") from refused
        raise ApiError(533, None, f"Unable to create a deployment for {vm_text(vm)}") from refused


def _running(sim: Simulator, vm: Obj, placement: Placement, deploying: bool) -> None:
    volumes = sim.state.table("volume").where(virtualmachineid=vm.uuid)
    for volume, pool in zip(volumes, placement.pool_ids, strict=True):
        if volume.get("storageid") is None or volume["state"] == "Allocated":
            volume.set(storageid=pool, state="Ready", path=sim.state.new_uuid("volumepath", volume.dbid))
    fields: dict[str, Any] = {
        "state": "Running",
        "hostid": placement.host_id,
        "lasthostid": placement.host_id,
        "_starts": int(vm.get("_starts", 0)) + 1,
        "_firstboot": deploying or None,
        "_booted_at": sim.scheduler.now(),
    }
    if vm.get("details", {}).get(GONE) is None and not deploying:
        fields["details"] = {**(vm.get("details") or {}), GONE: "false"}
    wire(sim, vm, True)
    change(sim, vm, **fields)


def stop(ctx: Ctx, vm: Obj, *, forced: bool = False) -> Generator[float, None, None]:
    """Stop a VM; one that does not run stays as it is."""
    sim = ctx.sim
    if vm["state"] in ("Stopped", "Destroyed", "Error"):
        yield 0.1
        return
    if vm["state"] not in ("Running", "Unknown", "Starting") and not forced:
        yield 0.1
        raise ApiError(530, None, f"Failed to stop {vm_text(vm)}: it is {vm['state']}")
    change(sim, vm, state="Stopping")
    yield 0.2 if forced else 0.7
    host = sim.state.get("host", vm.get("hostid"))
    if host is not None and not forced and (host["state"] != "Up" or mocks.failing(sim, "StopCommand", host=host)):
        change(sim, vm, state="Running")
        raise ApiError(530, None, f"Failed to stop VM {vm['name']}")
    stop_quietly(sim, vm)


def stop_quietly(sim: Simulator, vm: Obj) -> None:
    """Off at once, its share reserved on the host it ran on."""
    details = {**(vm.get("details") or {}), GONE: "false"}
    wire(sim, vm, False)
    change(
        sim,
        vm,
        state="Stopped",
        lasthostid=vm.get("hostid") or vm.get("lasthostid"),
        hostid=None,
        _stats=None,
        _firstboot=None,
        details=details,
    )


def wire(sim: Simulator, vm: Obj, plugged: bool) -> None:
    """NICs carry their network's segment from the start of their VM to its stop."""
    for nic in sim.state.table("nic").where(vmid=vm.uuid):
        network = sim.state.table("network").need(nic["networkid"])
        nic.set(uri=network.get("broadcasturi") if plugged else None)


def move(sim: Simulator, vm: Obj, host: Obj) -> None:
    """It runs on another host from now on."""
    change(sim, vm, state="Running", hostid=host.uuid, lasthostid=host.uuid, updated=sim.scheduler.now())


def release_storage(sim: Simulator, vm: Obj) -> None:
    """The root disk goes with its VM, data disks are let go."""
    for volume in sim.state.table("volume").where(virtualmachineid=vm.uuid):
        if volume["type"] == "ROOT":
            volume.set(state="Expunged")
            sim.state.remove(volume)
        else:
            volume.set(virtualmachineid=None, deviceid=None, attached=None)


def expunge(sim: Simulator, vm: Obj) -> None:
    """Gone with its root disk, addresses and rules."""
    for rule in sim.state.table("rule").where(virtualmachineid=vm.uuid):
        sim.state.remove(rule)
    for ip in sim.state.table("ip").where(virtualmachineid=vm.uuid):
        ip.set(isstaticnat=False, virtualmachineid=None, vmnicid=None)
    for nic in sim.state.table("nic").where(vmid=vm.uuid):
        sim.state.remove(nic)
    for snapshot in sim.state.table("vmsnapshot").where(virtualmachineid=vm.uuid):
        sim.state.remove(snapshot)
    for tag in sim.state.table("tag").where(resourceid=vm.uuid):
        sim.state.remove(tag)
    release_storage(sim, vm)
    change(sim, vm, state="Expunging", hostid=None)
    sim.state.remove(vm)
    ledger(sim).forget()


def cpu_share(sim: Simulator, vm: Obj) -> int:
    """Percent of its CPU that a VM is seen using, steady by VM."""
    return dice(sim, "cpu", vm.uuid).choice((2, 3, 5, 8, 10, 10, 12, 18, 25, 40, 65, 88))
