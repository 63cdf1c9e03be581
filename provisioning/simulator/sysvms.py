"""System VMs: the cloud starts a console proxy and a secondary storage VM in every enabled zone by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import net
from provisioning.simulator.clock import iso
from provisioning.simulator.registry import background
from provisioning.simulator.responses import VERSION
from provisioning.simulator.usage import host_usage

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

PROXY, STORAGE = "consoleproxy", "secondarystoragevm"
OFFERINGS = {PROXY: "System Offering For Console Proxy", STORAGE: "System Offering For Secondary Storage VM"}
LETTER = {PROXY: "v", STORAGE: "s"}
SCAN_SECONDS = 30.0
START_SECONDS = 3.0
MIB = 2**20


def alert_failed(sim: Simulator, kind: str, zone: Obj, why: str | None = None) -> None:
    """Say that a system VM can't be started; without a reason what the server says when it does not know."""
    if kind == PROXY:
        text = f"Console proxy creation failure. Zone [{zone['name']}]. Error details: {why}"
        sim.journal.alert("ALERT.SERVICE.CONSOLEPROXY", text)
    else:
        why = why or f"Unable to allocate capacity on zone [{zone.dbid}] due to [null]."
        text = f"Secondary Storage Vm creation failure in zone [{zone['name']}]. Error details: {why}"
        sim.journal.alert("ALERT.SERVICE.SSVM", text)


def alert_up(sim: Simulator, vm: Obj) -> None:
    zone = sim.state.table("zone").need(vm["zoneid"])
    places = f"public IP [{vm['publicip']}], private IP [{vm['privateip']}]."
    if vm["systemvmtype"] == PROXY:
        text = f"Console proxy up in zone [{zone['name']}], proxy [{vm['name']}], {places}"
        sim.journal.alert("ALERT.SERVICE.CONSOLEPROXY", text)
    else:
        text = f"Secondary Storage Vm is up in zone [{zone['name']}], secStorageVm [{vm['name']}], {places}"
        sim.journal.alert("ALERT.SERVICE.SSVM", text)


@background(SCAN_SECONDS)
def scan(sim: Simulator) -> None:
    """Look which zones lack a system VM and start it where everything it needs is there."""
    state = sim.state
    for zone in list(state.all("zone")):
        if zone["allocationstate"] != "Enabled" or not prerequisites(sim, zone):
            continue
        for kind in (PROXY, STORAGE):
            here = state.table("sysvm").where(zoneid=zone.uuid, systemvmtype=kind)
            if any(vm["state"] in ("Starting", "Running", "Migrating", "Stopping") for vm in here):
                continue
            stopped = next((vm for vm in here if vm["state"] == "Stopped"), None)
            if zone["securitygroupsenabled"] and zone["networktype"] == "Advanced" and not guest_network(sim, zone):
                why = (
                    f'Can not found security enabled network in SG Zone Zone {{"id": "{zone.dbid}", '
                    f'"name": "{zone["name"]}", "uuid": "{zone.uuid}"}}'
                )
                alert_failed(sim, kind, zone, why if kind == PROXY else None)
            else:
                start(sim, zone, kind, stopped)


def prerequisites(sim: Simulator, zone: Obj) -> bool:
    """A host that is up, a pool, an image store, and the template in it; without one of them nothing is tried."""
    state = sim.state
    hosts = [host for host in state.table("host").where(zoneid=zone.uuid) if host["type"] == "Routing"]
    return (
        any(host["state"] == "Up" and host["resourcestate"] == "Enabled" for host in hosts)
        and any(pool["state"] == "Up" for pool in state.table("pool").where(zoneid=zone.uuid))
        and template_found(sim, zone)
    )


def template_found(sim: Simulator, zone: Obj) -> bool:
    """Whether the system VM template is in the zone's image store; into an installation's very first one it comes a
    scan later.
    """
    here = sim.state.table("imagestore").where(zoneid=zone.uuid)
    if not here:
        return False
    first = float(min(store["created"] for store in sim.state.all("imagestore")))
    return first <= sim.scheduler.now() - SCAN_SECONDS


def guest_network(sim: Simulator, zone: Obj) -> Obj | None:
    """The shared network that system VMs of a security-group zone live in."""
    for network in sim.state.table("network").where(zoneid=zone.uuid):
        offering = sim.state.get("networkoffering", network.get("networkofferingid"))
        if offering is not None and any(service["name"] == "SecurityGroup" for service in offering.get("service", ())):
            return network
    return None


def start(sim: Simulator, zone: Obj, kind: str, again: Obj | None = None) -> Obj:
    """Create (or take a stopped one) and start a system VM; it is running some seconds later, or fails and says so."""
    state = sim.state
    offering = next(o for o in state.all("serviceoffering") if o["name"] == OFFERINGS[kind])
    if again is None:
        number = state.next_dbid("sysvm")
        template = next((t for t in state.all("template") if t["templatetype"] == "SYSTEM"), None)
        vm = state.add(
            "sysvm",
            name=f"{LETTER[kind]}-{number}-VM",
            systemvmtype=kind,
            zoneid=zone.uuid,
            state="Starting",
            serviceofferingid=offering.uuid,
            templateid=template.uuid if template is not None else None,
            hypervisor=hypervisor(sim, zone),
            dns1=zone.get("dns1"),
        )
    else:
        vm = again
        vm.set(state="Starting")
    fault = sim.faults.system_vm_fault(kind, zone["name"])

    def finish() -> None:
        if vm["state"] != "Starting" or vm.removed_at is not None:
            return
        host = None if fault is not None else find_host(sim, zone, offering)
        if host is None or not place(sim, vm, zone, host):
            vm.set(state="Error" if again is None else "Stopped", _privateip=vm.get("privateip"))
            alert_failed(sim, kind, zone, None if kind == STORAGE else "Unable to start the console proxy")
            return
        vm.set(state="Running", lastupdated=sim.scheduler.now())
        connect_agent(sim, vm)
        alert_up(sim, vm)

    sim.scheduler.after(START_SECONDS, finish)
    return vm


def hypervisor(sim: Simulator, zone: Obj) -> str:
    clusters = sim.state.table("cluster").where(zoneid=zone.uuid)
    return str(clusters[0]["hypervisortype"]) if clusters else "Simulator"


def find_host(sim: Simulator, zone: Obj, offering: Obj, avoid: str | None = None) -> Obj | None:
    """A host with room, by chance among those that have it."""
    mhz, memory = offering["cpunumber"] * offering["cpuspeed"], offering["memory"] * MIB
    fitting = []
    for host in sim.state.table("host").where(zoneid=zone.uuid, state="Up"):
        if host["type"] != "Routing" or host["resourcestate"] != "Enabled" or host.uuid == avoid:
            continue
        cluster = sim.state.table("cluster").need(host["clusterid"])
        if cluster["allocationstate"] != "Enabled":
            continue
        usage = host_usage(sim, host.uuid)
        total = host["cpunumber"] * host["cpuspeed"] * float(cluster["cpuovercommitratio"])
        room = host["memorytotal"] * float(cluster["memoryovercommitratio"])
        if usage.used_mhz + mhz <= total and usage.used_memory_bytes + memory <= room:
            fitting.append(host)
    if not fitting:
        return None
    return fitting[net.chance(sim, "sysvm host", zone.uuid, sim.state.next_dbid("sysvm")).randrange(len(fitting))]


def place(sim: Simulator, vm: Obj, zone: Obj, host: Obj) -> bool:
    """Give the VM its host and addresses; False when a range is used up."""
    state = sim.state
    pod = state.table("pod").need(host["podid"])
    dice = net.chance(sim, "sysvm", vm.uuid)
    if not vm.get("publicip"):
        free = [ip for ip in state.table("ip").where(zoneid=zone.uuid, state="Free") if ip["forvirtualnetwork"]]
        if free:
            ip = min(free, key=lambda each: each.dbid)
            vlan = state.table("vlan").need(ip["vlanid"])
            ip.set(state="Allocated", accountid=vm_account(sim), allocated=sim.scheduler.now(), systemvmid=vm.uuid)
            vm.set(
                publicip=ip["ipaddress"],
                gateway=vlan["gateway"],
                publicnetmask=vlan["netmask"],
                publicmacaddress=mac(dice, "1e:01"),
            )
        elif not zone["securitygroupsenabled"]:
            return False
    if not vm.get("privateip") or vm.get("podid") != pod.uuid:
        taken = {each.get("privateip") for each in state.all("sysvm")}
        pool = [
            net.dotted(number)
            for part in pod["ipranges"]
            for number in range(net.ip(part["startip"]), net.ip(part["endip"]) + 1)
            if net.dotted(number) not in taken
        ]
        if not pool:
            return False
        vm.set(privateip=dice.choice(pool), privatenetmask=pod["netmask"], privatemacaddress=mac(dice, "1e:01"))
    local = f"169.254.{dice.randint(0, 254)}.{dice.randint(1, 254)}"
    vm.set(
        podid=pod.uuid,
        hostid=host.uuid,
        linklocalip=local,
        linklocalmacaddress=mac(dice, "0e:00"),
        linklocalnetmask="255.255.0.0",
    )
    return True


def mac(dice: Any, start: str) -> str:
    return ":".join([start, *(f"{dice.randrange(256):02x}" for _ in range(4))])


def vm_account(sim: Simulator) -> str:
    """System VMs belong to the system account."""
    return sim.state.table("account").by_dbid[1].uuid


def connect_agent(sim: Simulator, vm: Obj) -> None:
    """The agent inside reports: a secondary storage VM becomes a host of its own; a simulated proxy's never does."""
    if vm["systemvmtype"] == PROXY and vm["hypervisor"] == "Simulator":
        return
    kind = "SecondaryStorageVM" if vm["systemvmtype"] == STORAGE else "ConsoleProxy"
    vm.set(agentstate="Up", version=VERSION)
    own = sim.state.table("host").find(virtualmachineid=vm.uuid)
    if own is not None:
        own.set(state="Up", ipaddress=vm["privateip"])
        return
    sim.state.add(
        "host",
        name=vm["name"],
        type=kind,
        state="Up",
        resourcestate="Enabled",
        ipaddress=vm["privateip"],
        zoneid=vm["zoneid"],
        podid=vm["podid"],
        clusterid=None,
        virtualmachineid=vm.uuid,
    )


def disconnect_agent(sim: Simulator, vm: Obj, gone: bool = False) -> None:
    """The agent's host goes with its VM."""
    vm.set(agentstate="Disconnected" if vm.get("agentstate") else None)
    own = sim.state.table("host").find(virtualmachineid=vm.uuid)
    if own is not None:
        if gone:
            sim.state.remove(own)
        else:
            own.set(state="Disconnected")


def control_state(sim: Simulator, host: Obj | None) -> str | None:
    """How far a VM's host can be steered: Enabled, Disabled, Maintenance or Offline."""
    if host is None:
        return None
    if host["state"] != "Up":
        return "Offline"
    if host["resourcestate"] in (
        "Maintenance",
        "PrepareForMaintenance",
        "ErrorInMaintenance",
        "ErrorInPrepareForMaintenance",
    ):
        return "Maintenance"
    return "Enabled" if host["resourcestate"] == "Enabled" else "Disabled"


def sysvm_view(vm: Obj, ctx: Ctx) -> dict[str, Any]:
    """A system VM as lists and job results show it."""
    state = ctx.state
    host = state.get("host", vm.get("hostid"))
    up = vm["state"] in ("Running", "Starting", "Stopping", "Migrating")
    return {
        "id": vm.uuid,
        "systemvmtype": vm["systemvmtype"],
        "zoneid": vm["zoneid"],
        "zonename": state.name_of("zone", vm["zoneid"]),
        "dns1": vm.get("dns1"),
        "gateway": vm.get("gateway"),
        "name": vm["name"],
        "podid": vm.get("podid"),
        "podname": state.name_of("pod", vm.get("podid")),
        "hostid": host.uuid if host is not None and up else None,
        "hostname": host["name"] if host is not None and up else None,
        "hostcontrolstate": control_state(ctx.sim, host) if up else None,
        "hypervisor": vm["hypervisor"],
        **{
            name: vm.get(name)
            for name in (
                "privateip", "privatemacaddress", "privatenetmask", "linklocalip", "linklocalmacaddress",
                "linklocalnetmask",
                "publicip", "publicmacaddress", "publicnetmask",
            )
        },
        "templateid": vm.get("templateid"),
        "templatename": state.name_of("template", vm.get("templateid")),
        "created": iso(vm["created"]),
        "state": vm["state"],
        "agentstate": vm.get("agentstate"),
        "version": vm.get("version"),
        "activeviewersessions": 0 if vm["systemvmtype"] == PROXY else None,
        "isdynamicallyscalable": False,
        "serviceofferingid": vm["serviceofferingid"],
        "serviceofferingname": state.name_of("serviceoffering", vm["serviceofferingid"]),
        "arch": "x86_64",
        "hasannotations": False,
    }  # fmt: skip
