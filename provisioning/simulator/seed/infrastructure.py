"""Zones, pods, clusters, hosts, storage and ranges of a generated cloud."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data, net, sysvms
from provisioning.simulator.commands.clusters import new_host
from provisioning.simulator.commands.physical import add_traffic
from provisioning.simulator.commands.providers import add_provider
from provisioning.simulator.commands.storage import new_pool, new_store
from provisioning.simulator.commands.vlans import public_network
from provisioning.simulator.seed.layout import ClusterPlan, ZonePlan

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

DAY = 86400.0
GIB = 2**30
TIB = 2**40
MEMORY_STEPS_GIB = (16, 32, 64, 128, 256, 384, 512, 768, 1024, 1536, 2048)
RATIOS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
PROVIDERS = frozenset({"VirtualRouter", "VpcVirtualRouter", "InternalLbVm"})


def host_shape(vms_a_host: float, mean_memory_gib: float, mean_mhz: float) -> tuple[int, int, int, float]:
    """Cores, MHz, memory bytes and CPU ratio of KVM hosts that carry so many VMs at about 60 % of their memory."""
    wanted = vms_a_host * mean_memory_gib / 0.6
    memory = next((step for step in MEMORY_STEPS_GIB if step >= wanted), MEMORY_STEPS_GIB[-1])
    cores, mhz = (64, 2900) if memory >= 384 else (32, 2600) if memory >= 128 else (16, 2400)
    need = vms_a_host * mean_mhz / 0.7
    ratio = next((r for r in RATIOS if cores * mhz * r >= need), RATIOS[-1])
    return cores, mhz, memory * GIB, ratio


def build_zone(sim: Simulator, plan: ZonePlan, index: int, shape: tuple[int, int, int, float]) -> Obj:
    """One zone with everything that stands in it; VMs come later."""
    state = sim.state
    dice = random.Random(f"zone:{sim.config.seed}:{plan.name}")  # noqa: S311
    born = sim.made_at - DAY * (700 - 90 * index)
    zone = state.add(
        "zone",
        name=plan.name,
        networktype="Advanced",
        allocationstate="Enabled",
        securitygroupsenabled=False,
        localstorageenabled=False,
        isedge=False,
        zonetoken=net.name_uuid(f"{plan.name}{index}"),
        dns1="9.9.9.9",
        dns2=None,
        internaldns1="10.0.0.53",
        internaldns2=None,
        guestcidraddress="10.1.1.0/24",
        networkdomain=None,
        description=None,
        created=born,
        _enabled_at=born,
    )
    _physical(sim, zone, plan, index, born)
    number = 0
    short = plan.name.replace("-", "").lower()
    pools: list[Obj] = []
    for position, pod_plan in enumerate(plan.pods):
        subnet = f"172.{16 + (index * 16 + position) // 250}.{(index * 16 + position) % 250}"
        pod = state.add(
            "pod",
            name=pod_plan.name,
            zoneid=zone.uuid,
            gateway=f"{subnet}.1",
            netmask="255.255.255.0",
            allocationstate="Enabled",
            ipranges=[
                {"startip": f"{subnet}.200", "endip": f"{subnet}.250", "forsystemvms": "0", "vlanid": "vlan://untagged"}
            ],
            created=born,
        )
        for cluster_plan in pod_plan.clusters:
            cluster = _cluster(sim, zone, pod, plan, cluster_plan, shape, born)
            for _ in range(cluster_plan.hosts):
                _host(
                    sim,
                    cluster,
                    plan,
                    number,
                    f"{subnet}.{2 + number % 190}",
                    short,
                    shape,
                    born + DAY * dice.uniform(0, 300),
                )
                number += 1
            pools += _pools(sim, zone, pod, cluster, plan, cluster_plan, index, born)
    if plan.hosts > 8:
        pools.append(
            new_pool(
                sim,
                f"{short}-zone-ceph",
                zone,
                f"10.{40 + index}.0.10",
                "/cloudstack",
                "RBD",
                "ZONE",
                plan.hypervisor,
                capacitybytes=64 * TIB,
                created=born,
                tags="ceph",
            )
        )
    store = new_store(sim, f"SS{index}", zone, f"nfs://10.{40 + index}.0.20/export/{short}/secondary")
    store.set(disksizetotal=20 * TIB, disksizeused=int(dice.uniform(4, 12) * TIB), created=born)
    return zone


def _physical(sim: Simulator, zone: Obj, plan: ZonePlan, index: int, born: float) -> None:
    state = sim.state
    vxlan = plan.isolation == "VXLAN"
    # A range wide enough for a network per few dozen VMs.
    networks = max(100, plan.vms // 12)
    vlan = (
        f"{5000 + 10000 * index}-{5000 + 10000 * index + networks * 2}"
        if vxlan
        else f"100-{min(4090, 100 + networks * 2)}"
    )
    physical = state.add(
        "physicalnetwork",
        name=f"{plan.name}-pnet",
        zoneid=zone.uuid,
        broadcastdomainrange="ZONE",
        isolationmethods=plan.isolation,
        tags=None,
        networkspeed=None,
        state="Enabled",
        vlan=vlan,
        created=born,
    )
    for row in catalog_data.rows("network_providers"):
        provider = add_provider(sim, physical, row)
        if row["name"] in PROVIDERS:
            provider.set(state="Enabled")
    for kind in ("Guest", "Management", "Public", "Storage"):
        label = {"Guest": "cloudbr1", "Public": "cloudbr0"}.get(kind, "cloudbr0") if plan.hypervisor == "KVM" else None
        add_traffic(sim, physical, kind, {"kvmnetworklabel": label} if label else {})
    wanted = max(190, plan.vms // 12 + plan.vms // 25)
    network = public_network(sim, zone)
    made = 0
    block = 0
    while made < wanted:
        base = f"{185 + index}.{10 + block // 250}.{block % 250}"
        low, high = net.ip(f"{base}.10"), net.ip(f"{base}.250")
        high = min(high, low + wanted - made - 1)
        range_ = state.add(
            "vlan",
            zoneid=zone.uuid,
            forvirtualnetwork=True,
            vlan=f"vlan://{50 + block}" if not vxlan else f"vlan://{4000 + block % 90}",
            gateway=f"{base}.1",
            netmask="255.255.255.0",
            startip=net.dotted(low),
            endip=net.dotted(high),
            podid=None,
            networkid=network,
            physicalnetworkid=physical.uuid,
            forsystemvms=False,
            accountid=None,
            created=born,
        )
        from provisioning.simulator.commands.vlans import fill

        fill(sim, range_, low, high)
        made += high - low + 1
        block += 1


def _cluster(
    sim: Simulator,
    zone: Obj,
    pod: Obj,
    plan: ZonePlan,
    part: ClusterPlan,
    shape: tuple[int, int, int, float],
    born: float,
) -> Obj:
    ratio = shape[3] if plan.hypervisor == "KVM" else 1.0
    return sim.state.add(
        "cluster",
        name=part.name,
        podid=pod.uuid,
        zoneid=zone.uuid,
        hypervisortype=plan.hypervisor,
        clustertype="CloudManaged",
        allocationstate="Enabled",
        managedstate="Managed",
        cpuovercommitratio=str(ratio),
        memoryovercommitratio="1.0",
        arch="x86_64",
        created=born,
    )


def _host(
    sim: Simulator,
    cluster: Obj,
    plan: ZonePlan,
    number: int,
    address: str,
    short: str,
    shape: tuple[int, int, int, float],
    born: float,
) -> Obj:
    more: dict[str, Any] = {"created": born, "_measured": True}
    if plan.hypervisor == "KVM":
        name = f"kvm-{short}-{number + 1:04d}"
        tags = "gold,nvme" if number % 5 == 3 else ("nvme" if number % 7 == 0 else None)
        more.update(
            name=name,
            ipaddress=address,
            cpunumber=shape[0],
            cpuspeed=shape[1],
            memorytotal=shape[2],
            guid=net.name_uuid(name),
            hosttags=tags,
        )
    return new_host(sim, cluster, url=f"http://{address}", **more)


def _pools(
    sim: Simulator, zone: Obj, pod: Obj, cluster: Obj, plan: ZonePlan, part: ClusterPlan, index: int, born: float
) -> list[Obj]:
    """Cluster-wide NFS: two of one TiB in the sandbox, bigger ones elsewhere."""
    short = plan.name.replace("-", "").lower()
    out = []
    for position in range(2):
        number = len(sim.state.table("pool").by_uuid)
        sandbox = plan.hypervisor == "Simulator"
        name = f"PS{number}" if sandbox else f"{short}-{part.name.lower()}-nfs{position}"
        size = TIB if sandbox else max(4, -(-part.hosts // 2) * 4) * TIB
        out.append(
            new_pool(
                sim,
                name,
                zone,
                f"10.{40 + index}.1.{10 + number % 200}",
                f"/export/{short}/primary{number}",
                "NetworkFilesystem",
                "CLUSTER",
                plan.hypervisor,
                podid=pod.uuid,
                clusterid=cluster.uuid,
                capacitybytes=size,
                created=born,
                tags="nvme" if position == 1 and not sandbox else None,
            )
        )
    return out


def system_vms(sim: Simulator, zone: Obj, index: int) -> None:
    """The zone's console proxy and secondary storage VM, running."""
    state = sim.state
    hosts = [h for h in state.table("host").where(zoneid=zone.uuid) if h["type"] == "Routing" and h["state"] == "Up"]
    if not hosts:
        return
    template = next(
        (
            t
            for t in state.all("template")
            if t["templatetype"] == "SYSTEM" and t["hypervisor"] == hosts[0]["hypervisor"]
        ),
        None,
    )
    for position, kind in enumerate((sysvms.PROXY, sysvms.STORAGE)):
        offering = next(o for o in state.all("serviceoffering") if o["name"] == sysvms.OFFERINGS[kind])
        vm = state.add(
            "sysvm",
            name=f"{sysvms.LETTER[kind]}-{state.next_dbid('sysvm')}-VM",
            systemvmtype=kind,
            zoneid=zone.uuid,
            state="Running",
            serviceofferingid=offering.uuid,
            templateid=template.uuid if template is not None else None,
            hypervisor=hosts[0]["hypervisor"],
            dns1=zone.get("dns1"),
            created=sim.made_at - DAY * (40 - index),
        )
        sysvms.place(sim, vm, zone, hosts[(position * 3) % len(hosts)])
        vm.set(lastupdated=sim.made_at - DAY)
        for ip in state.table("ip").where(zoneid=zone.uuid, state="Allocated"):
            # The same after every restart, whenever that is.
            ip.set(allocated=vm["created"])
        sysvms.connect_agent(sim, vm)
