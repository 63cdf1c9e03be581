"""User VMs with their volumes, NICs, networks and routers, as many as asked for, quickly.

Objects are put into their tables directly: the base is the seed's and is never written to the store.
"""

from __future__ import annotations

import itertools
import math
import random
from bisect import bisect
from typing import TYPE_CHECKING, Any

from provisioning.simulator.fabric import FIRST_NETWORK, guest_mac, public_mac
from provisioning.simulator.networking import DEFAULT_ISOLATED
from provisioning.simulator.seed.layout import ZonePlan, share_out
from provisioning.simulator.seed.names import OFFERINGS, ROLES, TEMPLATES
from provisioning.simulator.seed.tenants import GIB

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj, State

DAY = 86400.0
MIB = 2**20
VMS_A_NETWORK = 120
DATA_SIZES_GIB = (5, 20, 20, 100, 100, 200)


def uuid_maker(seed: str) -> Any:
    """Version 4 uuids from a seed, four times as quick as hashing each."""
    bits = random.Random(seed).getrandbits  # noqa: S311

    def make() -> str:
        text = f"{bits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"

    return make


class Filler:
    """Fills one zone with VMs."""

    def __init__(
        self, sim: Simulator, zone: Obj, plan: ZonePlan, offerings: dict[str, Obj], templates: list[Obj]
    ) -> None:
        self.sim, self.zone, self.plan = sim, zone, plan
        self.state: State = sim.state
        self.dice = random.Random(f"machines:{sim.config.seed}:{plan.name}")  # noqa: S311
        self.new_uuid = uuid_maker(f"uuids:{sim.config.seed}:{plan.name}")
        state = self.state
        if plan.hypervisor == "KVM":
            names = [name for name, *_ in OFFERINGS]
            self.offerings = [offerings[name] for name in names]
            self.offering_weights = list(itertools.accumulate(row[4] for row in OFFERINGS))
            self.templates = templates
            self.template_weights = list(itertools.accumulate(row[3] for row in TEMPLATES))
        else:
            self.offerings = [
                o for o in state.all("serviceoffering") if o["name"] in ("Small Instance", "Medium Instance")
            ]
            self.offering_weights = [1, 2]
            self.templates = [
                t for t in state.all("template") if t["hypervisor"] == "Simulator" and t["templatetype"] != "SYSTEM"
            ]
            self.template_weights = [1]
        self.physical = state.table("physicalnetwork").where(zoneid=zone.uuid)[0]
        self.uri = "vxlan" if plan.isolation == "VXLAN" else "vlan"
        low, _, high = str(self.physical["vlan"]).partition("-")
        self.segments = iter(self.dice.sample(range(int(low), int(high) + 1), int(high) - int(low)))
        self.network_offering = next(o for o in state.all("networkoffering") if o["name"] == DEFAULT_ISOLATED)
        self.router_offering = next(o for o in state.all("serviceoffering") if o.get("systemvmtype") == "domainrouter")
        self.system_template = next(
            (t for t in state.all("template") if t["templatetype"] == "SYSTEM" and t["hypervisor"] == plan.hypervisor),
            None,
        )
        self.addresses = iter(ip for ip in state.table("ip").where(zoneid=zone.uuid) if ip["state"] == "Free")
        self.data_offerings = {5: "Small", 20: "Medium", 100: "Large", 200: "Custom"}
        self.disks = {o["name"]: o for o in state.all("diskoffering") if not o.get("_ofservice")}
        self.pools: dict[str, list[str]] = {}
        for pool in state.table("pool").where(zoneid=zone.uuid):
            if pool.get("clusterid"):
                self.pools.setdefault(pool["clusterid"], []).append(pool.uuid)
        self.slots = self._slots()
        self.made = 0
        # What hosts have left: 93 % of their memory, 90 % of their CPU.
        self.room: dict[str, list[float]] = {}
        for host in state.table("host").where(zoneid=zone.uuid):
            if host["type"] == "Routing":
                cluster = state.table("cluster").need(host["clusterid"])
                mhz = host["cpunumber"] * host["cpuspeed"] * float(cluster["cpuovercommitratio"])
                self.room[host.uuid] = [host["memorytotal"] * 0.93 / MIB, mhz * 0.9]
        for vm in itertools.chain(
            state.table("sysvm").where(zoneid=zone.uuid), state.table("router").where(zoneid=zone.uuid)
        ):
            if vm.get("hostid") in self.room:
                self.take(vm["hostid"], state.table("serviceoffering").need(vm["serviceofferingid"]))
        self.now = sim.made_at

    def fits(self, host_id: str, offering: Obj) -> bool:
        memory, mhz = self.room[host_id]
        return bool(offering["memory"] <= memory and offering["cpunumber"] * offering["cpuspeed"] <= mhz)

    def take(self, host_id: str, offering: Obj) -> None:
        room = self.room[host_id]
        room[0] -= offering["memory"]
        room[1] -= offering["cpunumber"] * offering["cpuspeed"]

    def _slots(self) -> list[Obj]:
        """A host for every VM, fuller hosts more often, in no order."""
        loads: list[float] = []
        hosts: list[Obj] = []
        clusters = {(c["podid"], c["name"]): c.uuid for c in self.state.table("cluster").where(zoneid=self.zone.uuid)}
        pods = {pod["name"]: pod.uuid for pod in self.state.table("pod").where(zoneid=self.zone.uuid)}
        for pod in self.plan.pods:
            for part in pod.clusters:
                for host in self.state.table("host").where(clusterid=clusters[pods[pod.name], part.name]):
                    if host["resourcestate"] == "Enabled" and host["state"] not in ("Down",):
                        hosts.append(host)
                        loads.append(part.load * self.dice.uniform(0.75, 1.2))
        slots = (
            [host for host, count in zip(hosts, share_out(self.plan.vms, loads), strict=True) for _ in range(count)]
            if hosts
            else []
        )
        self.dice.shuffle(slots)
        return slots

    def fill(self, accounts: list[Obj]) -> None:
        """Give every account its share of the zone's VMs, skewed as tenants are."""
        total = len(self.slots)
        if not total or not accounts:
            return
        weights = [math.exp(self.dice.gauss(0, 1.1)) for _ in accounts]
        if weights:
            weights[0] = max(weights[0], sum(weights) / len(weights))
        slots = iter(self.slots)
        for account, count in zip(accounts, share_out(total, weights), strict=True):
            if count:
                self.tenant(account, count, slots)

    def tenant(self, account: Obj, count: int, slots: Any) -> None:
        users = self.state.table("user").where(accountid=account.uuid)
        user = users[0].uuid if users else None
        networks = max(1, -(-count // VMS_A_NETWORK))
        number = 0
        for index in range(networks):
            inside = min(VMS_A_NETWORK, count - index * VMS_A_NETWORK)
            network = self.network(account, index)
            if network is None:
                return
            for position in range(inside):
                host = next(slots, None)
                if host is None:
                    return
                self.machine(account, user, network, position, number, host)
                number += 1

    def network(self, account: Obj, index: int) -> Obj | None:
        """An implemented isolated network with its address and router."""
        segment, ip = next(self.segments, None), next(self.addresses, None)
        if segment is None or ip is None:
            return None
        state = self.state
        team = str(account["name"]).rsplit("-", 1)[-1]
        born = self.now - DAY * self.dice.uniform(5, 400)
        network = state.add(
            "network",
            name=f"{team}-net" if index == 0 else f"{team}-net-{index + 1}",
            displaytext=f"{account['name']} network {index + 1}",
            accountid=account.uuid,
            zoneid=self.zone.uuid,
            networkofferingid=self.network_offering.uuid,
            physicalnetworkid=self.physical.uuid,
            type="Isolated",
            acltype="Account",
            subdomainaccess=True,
            broadcastdomaintype="Vxlan" if self.uri == "vxlan" else "Vlan",
            networkdomain=f"cs{account.dbid:x}cloud.internal",
            gateway="10.1.1.1",
            netmask="255.255.255.0",
            cidr="10.1.1.0/24",
            state="Implemented",
            vlan=str(segment),
            broadcasturi=f"{self.uri}://{segment}",
            created=born,
            _macs=VMS_A_NETWORK + 1,
        )
        ip.set(
            state="Allocated",
            accountid=account.uuid,
            allocated=born,
            associatednetworkid=network.uuid,
            issourcenat=True,
            isstaticnat=False,
        )
        host = self.slots[self.dice.randrange(len(self.slots))]
        self.take(host.uuid, self.router_offering)
        number = state.next_dbid("router")
        third, fourth = self.dice.randrange(256), self.dice.randrange(1, 255)
        state.add(
            "router",
            name=f"r-{number}-VM",
            instancename=f"r-{number}-VM",
            networkid=network.uuid,
            zoneid=self.zone.uuid,
            accountid=account.uuid,
            serviceofferingid=self.router_offering.uuid,
            templateid=self.system_template.uuid if self.system_template else None,
            hypervisor=self.plan.hypervisor,
            state="Running",
            hostid=host.uuid,
            lasthostid=host.uuid,
            podid=host["podid"],
            publicipid=ip.uuid,
            controlnetworkid=state.new_uuid("controlnetwork", self.zone.dbid),
            guestipaddress="10.1.1.1",
            guestmacaddress=guest_mac(self.zone.dbid, network.dbid + FIRST_NETWORK, VMS_A_NETWORK + 1),
            publicmacaddress=public_mac(self.zone.dbid, fourth, number),
            linklocalip=f"169.254.{third}.{fourth}",
            linklocalmacaddress=f"0e:00:a9:fe:{third:02x}:{fourth:02x}",
            version="4.23.0",
            scriptsversion=state.new_uuid("scripts", number),
            role="VIRTUAL_ROUTER",
            created=born,
            _starts=1,
            _running_since=born,
        )
        return network

    def machine(self, account: Obj, user: str | None, network: Obj, position: int, number: int, host: Obj) -> None:
        dice, state, new_uuid = self.dice, self.state, self.new_uuid
        chance = dice.random()
        if self.plan.vms < 200 and self.plan.hypervisor == "KVM":
            # A small cloud shows each state once, whatever chance wants.
            chance = {9: 0.995, 14: 0.96, 23: 0.96}.get(self.made, min(chance, 0.99))
        if position == 0 and chance > 0.9:
            # Every network has a VM that runs; else it would be collected some minutes after the start.
            chance = 0.5
        self.made += 1
        offering = self.offerings[bisect(self.offering_weights, dice.random() * self.offering_weights[-1])]
        if offering.get("hosttags") and "gold" not in str(host.get("hosttags") or ""):
            offering = self.offerings[3]
        if not self.fits(host.uuid, offering):
            offering = self.offerings[0]
            if not self.fits(host.uuid, offering):
                # Full: the emptiest host of the zone takes it, and where none does, it stays switched off.
                emptiest = max(self.room, key=lambda uuid: self.room[uuid][0])
                host = self.state.table("host").need(emptiest)
                if host["state"] == "Down" or not self.fits(emptiest, offering):
                    chance = 0.96
        template = self.templates[bisect(self.template_weights, dice.random() * self.template_weights[-1])]
        status = (
            "Running" if chance < 0.945 else "Stopped" if chance < 0.993 else "Error" if chance < 0.997 else "Destroyed"
        )
        if host["state"] != "Up" and status == "Running" and host["state"] == "Down":
            status = "Stopped"
        vms = state.table("vm")
        dbid = state.next_dbid("vm")
        role = ROLES[dice.randrange(len(ROLES))]
        born = self.now - DAY * (1 + 380 * dice.random() ** 2)
        running = status == "Running"
        fields: dict[str, Any] = {
            "name": f"{role}-{number + 1}",
            "accountid": account.uuid,
            "userid": user,
            "zoneid": self.zone.uuid,
            "templateid": template.uuid,
            "serviceofferingid": offering.uuid,
            "hypervisor": self.plan.hypervisor,
            "instancename": f"i-{account.dbid}-{dbid}-VM",
            "state": status,
            "hostid": host.uuid if running else None,
            "created": born,
            # What failed or was destroyed did so lately: older ones have been expunged.
            "updated": born + 60
            if running
            else self.now - (5 if status == "Stopped" else 0.5) * DAY * dice.random() - 7200,
        }
        if status != "Error":
            fields["lasthostid"] = host.uuid
            fields["_starts"] = 1
        if running:
            fields["_stats"] = dice.choice((2, 3, 5, 8, 10, 12, 18, 25, 40, 65))
        if offering.get("offerha"):
            fields["haenable"] = True
        if running:
            self.take(host.uuid, offering)
        vm = vms.insert(dbid, new_uuid(), fields, True)
        placed = status != "Error"
        pools = self.pools[host["clusterid"]]
        pool = pools[dbid % len(pools)]
        self.volume(
            {
                "name": f"ROOT-{dbid}",
                "accountid": account.uuid,
                "zoneid": self.zone.uuid,
                "type": "ROOT",
                "size": int(template["size"]),
                "state": "Ready" if placed else "Allocated",
                "templateid": template.uuid,
                "serviceofferingid": offering.uuid,
                "virtualmachineid": vm.uuid,
                "deviceid": 0,
                "storageid": pool if placed else None,
                "created": born,
            }
        )
        if placed and chance < 0.3:
            gib = DATA_SIZES_GIB[dice.randrange(len(DATA_SIZES_GIB))]
            self.volume(
                {
                    "name": f"data-{dbid}",
                    "accountid": account.uuid,
                    "zoneid": self.zone.uuid,
                    "type": "DATADISK",
                    "size": gib * GIB,
                    "state": "Ready",
                    "diskofferingid": self.disks[self.data_offerings[gib]].uuid,
                    "virtualmachineid": vm.uuid,
                    "deviceid": 1,
                    "storageid": pool,
                    "created": born,
                    "attached": born,
                }
            )
        nics = state.table("nic")
        nics.insert(
            nics.last_dbid + 1,
            new_uuid(),
            {
                "vmid": vm.uuid,
                "networkid": network.uuid,
                "ipaddress": f"10.1.1.{position + 2}",
                "macaddress": guest_mac(self.zone.dbid, network.dbid + FIRST_NETWORK, position + 1),
                "isdefault": True,
                "deviceid": 0,
                "uri": network["broadcasturi"] if running else None,
                "secondaryip": [],
            },
            True,
        )

    def volume(self, fields: dict[str, Any]) -> None:
        table = self.state.table("volume")
        table.insert(table.last_dbid + 1, self.new_uuid(), fields, True)
