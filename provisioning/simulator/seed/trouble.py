"""What is wrong in a generated cloud, and the alerts and events that tell of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from provisioning.simulator import sysvms
from provisioning.simulator.seed.infrastructure import TIB

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

HOUR = 3600.0


class Past:
    """Writes alerts and events into the past."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.notes: list[tuple[float, str, dict[str, Any]]] = []

    def alert(self, hours_ago: float, name: str, text: str, zone: Obj | None = None, pod: Obj | None = None) -> None:
        self.notes.append((hours_ago, "alert", {"name": name, "text": text, "zone": zone, "pod": pod}))

    def event(self, hours_ago: float, type_: str, text: str, **more: Any) -> None:
        self.notes.append((hours_ago, "event", {"type_": type_, "description": text, **more}))

    def write(self) -> None:
        for hours, kind, fields in sorted(self.notes, key=lambda note: -note[0]):
            row = self.sim.journal.alert(**fields) if kind == "alert" else self.sim.journal.event(**fields)
            row.set(created=self.sim.made_at - hours * HOUR)


def hosts_in_trouble(sim: Simulator, past: Past) -> None:
    """Some hosts Down, in Alert or Disconnected, one cluster drained for maintenance; before VMs are placed."""
    dice = random.Random(f"trouble:{sim.config.seed}")  # noqa: S311
    for zone in sim.state.all("zone"):
        hosts = [
            h
            for h in sim.state.table("host").where(zoneid=zone.uuid)
            if h["type"] == "Routing" and h["hypervisor"] == "KVM"
        ]
        if len(hosts) < 8:
            continue
        big = len(hosts) > 200
        picks = dice.sample(range(len(hosts)), 7 if big else 3)
        plan = (
            ["Down", "Down", "Alert", "Alert", "Alert", "Disconnected", "Disconnected"]
            if big
            else ["Alert", "Disconnected", "Maintenance"]
        )
        for index, state in zip(picks, plan, strict=True):
            host = hosts[index]
            pod = sim.state.get("pod", host["podid"])
            where = f"availability zone: {zone['name']}, pod: {pod['name'] if pod else None}"
            ago = dice.uniform(0.2, 30)
            if state == "Maintenance":
                host.set(resourcestate="Maintenance")
                past.alert(
                    ago,
                    "ALERT.COMPUTE.HOST",
                    f"Migration Complete for host name: {host['name']} (id:{host.dbid}), {where}",
                )
                continue
            host.set(state=state, disconnected=sim.made_at - ago * HOUR)
            text = {"Down": "Host down", "Alert": "Host in ALERT state", "Disconnected": "Host disconnected"}[state]
            past.alert(ago, "ALERT.COMPUTE.HOST", f"{text}, name: {host['name']} (id:{host.dbid}), {where}", zone, pod)
        if big:
            clusters = sorted({h["clusterid"] for h in hosts})
            for host in [h for h in hosts if h["clusterid"] == dice.choice(clusters)][:4]:
                if host["state"] == "Up":
                    host.set(resourcestate="Maintenance")


def things_in_trouble(sim: Simulator, past: Past) -> None:
    """A secondary storage VM in Error, a pool nearly full, a router that fails its checks; after VMs are placed."""
    state = sim.state
    dice = random.Random(f"things:{sim.config.seed}")  # noqa: S311
    for pool in state.all("pool"):
        allocated = sum(int(v["size"]) for v in state.table("volume").where(storageid=pool.uuid))
        pool.set(_used_bytes=int(min(0.7 * pool["capacitybytes"], allocated * dice.uniform(0.3, 0.6))), _measured=True)
    zones = list(state.all("zone"))
    zone = next((z for z in zones if z["name"] != "Sandbox-simulator"), zones[0])
    pools = [p for p in state.table("pool").where(zoneid=zone.uuid) if p["scope"] == "CLUSTER"]
    if pools:
        full = pools[-1]
        full.set(_used_bytes=int(full["capacitybytes"] * 0.91))
        past.alert(
            3.5,
            "ALERT.STORAGE",
            f"System Alert: Low Available Storage in cluster pool {full['name']} in pod of availability zone "
            f"{zone['name']}: {0.91:.0%} of {full['capacitybytes'] / TIB:.0f} TiB used",
            zone,
        )
    offering = next(o for o in state.all("serviceoffering") if o["name"] == sysvms.OFFERINGS[sysvms.STORAGE])
    template = next((t for t in state.all("template") if t["templatetype"] == "SYSTEM"), None)
    state.add(
        "sysvm",
        name=f"s-{state.next_dbid('sysvm')}-VM",
        systemvmtype=sysvms.STORAGE,
        zoneid=zone.uuid,
        state="Error",
        serviceofferingid=offering.uuid,
        templateid=template.uuid if template else None,
        hypervisor=sysvms.hypervisor(sim, zone),
        dns1=zone.get("dns1"),
        created=sim.made_at - 26 * HOUR,
    )
    past.alert(
        26,
        "ALERT.SERVICE.SSVM",
        f"Secondary Storage Vm creation failure in zone [{zone['name']}]. Error details: Unable to allocate "
        f"capacity on zone [{zone.dbid}] due to [null].",
    )
    routers = state.table("router").where(zoneid=zone.uuid)
    for router in routers[: max(1, len(routers) // 200)]:
        router.set(_unhealthy=True, healthchecksfailed=True)
        past.alert(
            dice.uniform(0.3, 8),
            "ALERT.SERVICE.DOMAINROUTER",
            f"Health checks failed: 1 failing checks on router {router['name']} / {router.uuid}",
        )


def history(sim: Simulator, past: Past) -> None:
    """Starts of the management server and system VMs, and what tenants did lately."""
    state = sim.state
    dice = random.Random(f"history:{sim.config.seed}")  # noqa: S311
    past.alert(24 * 12, "ALERT.MANAGEMENT", "Management server node 127.0.0.1 is up")
    for vm in state.all("sysvm"):
        if vm["state"] == "Running":
            zone = state.table("zone").need(vm["zoneid"])
            places = f"public IP [{vm.get('publicip')}], private IP [{vm.get('privateip')}]."
            if vm["systemvmtype"] == sysvms.PROXY:
                past.alert(
                    24 * 11.9,
                    "ALERT.SERVICE.CONSOLEPROXY",
                    f"Console proxy up in zone [{zone['name']}], proxy [{vm['name']}], {places}",
                )
            else:
                past.alert(
                    24 * 11.8,
                    "ALERT.SERVICE.SSVM",
                    f"Secondary Storage Vm is up in zone [{zone['name']}], secStorageVm [{vm['name']}], {places}",
                )
    vms = state.table("vm")
    live = list(vms.live())
    verbs = (("VM.START", "starting"), ("VM.STOP", "stopping"), ("VM.REBOOT", "rebooting"), ("VM.CREATE", "deploying"))
    for _ in range(min(300, len(live) * 2)):
        vm = live[dice.randrange(len(live))]
        user = state.get("user", vm.get("userid"))
        account = state.table("account").need(vm["accountid"])
        type_, verb = verbs[dice.randrange(4)]
        failed = vm["state"] == "Error" and type_ == "VM.CREATE"
        text = (
            f"Error while {verb} Vm. Instance ID: {vm.uuid}"
            if failed
            else f"Successfully completed {verb} Vm. Instance ID: {vm.uuid}"
        )
        past.event(
            dice.uniform(0.05, 24 * 10),
            type_,
            text,
            user=user,
            account=account,
            level="ERROR" if failed else "INFO",
            resource=("VirtualMachine", vm.uuid, vm["name"]),
        )
    for vm in vms.where(state="Error")[:40]:
        past.alert(dice.uniform(1, 200), "ALERT.USERVM", f"Failed to deploy Instance [ID: {vm.uuid}]")
