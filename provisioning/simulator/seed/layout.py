"""How big every part of a generated cloud is.  Pure: from counts to sizes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

# Bigger than this a cloud is drawn as a provider's, not as the demonstration.
DEMO_HOSTS = 12
CLUSTER_HOSTS = (16, 20)
CLUSTERS_A_POD = 5
ZONE_NAMES = ("fra-1", "ams-2", "ams-3", "lon-1", "par-2", "waw-1", "mad-1", "sto-1", "vie-1", "dub-2")
# How hosts are shared out between the first zones, as big clouds grow: unevenly.
ZONE_SHARES = (0.616, 0.38, 0.25, 0.15, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03)


@dataclass
class ClusterPlan:
    """One cluster; ``load`` is the share of its memory that VMs take."""

    name: str
    hosts: int
    load: float


@dataclass
class PodPlan:
    name: str
    clusters: list[ClusterPlan] = field(default_factory=list)

    @property
    def hosts(self) -> int:
        return sum(cluster.hosts for cluster in self.clusters)


@dataclass
class ZonePlan:
    """One zone; ``isolation`` VLAN or VXLAN, ``hypervisor`` KVM or Simulator, ``vms`` user VMs in it."""

    name: str
    isolation: str
    hypervisor: str
    pods: list[PodPlan] = field(default_factory=list)
    vms: int = 0

    @property
    def hosts(self) -> int:
        return sum(pod.hosts for pod in self.pods)

    @property
    def clusters(self) -> list[ClusterPlan]:
        return [cluster for pod in self.pods for cluster in pod.clusters]


def split(total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` whole numbers that differ by one at most, the bigger first."""
    base, more = divmod(total, parts)
    return [base + (1 if index < more else 0) for index in range(parts)]


def share_out(total: int, weights: list[float]) -> list[int]:
    """``total`` by weight in whole numbers that sum up to it."""
    whole = sum(weights) or 1.0
    exact = [total * weight / whole for weight in weights]
    out = [int(value) for value in exact]
    order = sorted(range(len(out)), key=lambda i: exact[i] - out[i], reverse=True)
    for index in order[: total - sum(out)]:
        out[index] += 1
    return out


def zone(
    name: str, isolation: str, hypervisor: str, hosts: int, dice: random.Random, clusters: int = 0, pods: int = 0
) -> ZonePlan:
    """Hosts in clusters of 16 to 20 (or as many as asked for), clusters in pods of up to five."""
    count = clusters or max(1, round(hosts / (sum(CLUSTER_HOSTS) / 2)))
    count = max(1, min(count, hosts)) if hosts else max(1, count)
    sizes = split(hosts, count)
    # Neighbours trade a host or two, as clusters never grow evenly.
    for index in range(0, len(sizes) - 1, 2):
        trade = dice.randint(0, 2)
        if sizes[index + 1] > 4 * trade:
            sizes[index] += trade
            sizes[index + 1] -= trade
    pod_count = min(pods or max(1, -(-count // CLUSTERS_A_POD)), count)
    plan = ZonePlan(name, isolation, hypervisor)
    number = 0
    for position, inside in enumerate(split(count, pod_count)):
        pod = PodPlan(f"POD{position}")
        # Old pods are full, young ones nearly empty.
        base = 0.86 - 0.6 * position / max(1, pod_count)
        for _ in range(inside):
            load = min(0.92, max(0.18, base + dice.uniform(-0.14, 0.12)))
            pod.clusters.append(ClusterPlan(f"C{number}", sizes[number], load))
            number += 1
        plan.pods.append(pod)
    return plan


def layout(seed: int, zones: int, pods: int, clusters: int, hosts: int, vms: int) -> list[ZonePlan]:
    """Every zone's plan.  0 hosts and 0 VMs mean the demonstration cloud; other zeros are chosen to fit."""
    dice = random.Random(f"layout:{seed}")  # noqa: S311 - nothing secret hangs on it
    if not hosts and not vms and not zones:
        return demonstration()
    hosts = hosts or max(2, -(-vms // 40))
    count = zones or (1 if hosts <= DEMO_HOSTS else 3 if hosts > 400 else 2)
    if count == 1:
        names = ["Sandbox-simulator"] if hosts <= DEMO_HOSTS else [ZONE_NAMES[0]]
        parts = [hosts]
    elif zones == 0 and count == 3:
        # Two real zones and a sandbox of four hosts beside them.
        parts = [*share_out(hosts - 4, list(ZONE_SHARES[:2])), 4]
        names = [*ZONE_NAMES[:2], "Sandbox-simulator"]
    else:
        parts = share_out(hosts, [ZONE_SHARES[i % len(ZONE_SHARES)] for i in range(count)])
        names = [ZONE_NAMES[i] if i < len(ZONE_NAMES) else f"zone-{i + 1}" for i in range(count)]
    pod_parts = share_out(pods, [float(part) for part in parts]) if pods else [0] * count
    cluster_parts = share_out(clusters, [float(part) for part in parts]) if clusters else [0] * count
    plans = []
    for index, name in enumerate(names):
        sandbox = name == "Sandbox-simulator"
        plan = zone(
            name,
            "VXLAN" if index % 2 == 0 and not sandbox else "VLAN",
            "Simulator" if sandbox else "KVM",
            parts[index],
            dice,
            cluster_parts[index] or (2 if sandbox else 0),
            pod_parts[index],
        )
        plans.append(plan)
    # The sandbox's little machines hold a handful; the others share the rest.
    real = [plan for plan in plans if plan.hypervisor == "KVM"]
    for plan in plans:
        if plan.hypervisor != "KVM":
            plan.vms = min(vms, plan.hosts * 2) if real else vms
            vms -= plan.vms
    weights = [sum(c.hosts * c.load for c in plan.clusters) for plan in real]
    for plan, number in zip(real, share_out(vms, weights), strict=True):
        plan.vms = number
    return plans


def demonstration() -> list[ZonePlan]:
    """Two small zones that show something of everything."""
    sandbox = ZonePlan(
        "Sandbox-simulator",
        "VLAN",
        "Simulator",
        [PodPlan("POD0", [ClusterPlan("C0", 2, 0.5), ClusterPlan("C1", 2, 0.4)])],
        6,
    )
    frankfurt = ZonePlan(
        "fra-1",
        "VXLAN",
        "KVM",
        [
            PodPlan("POD0", [ClusterPlan("C0", 4, 0.7), ClusterPlan("C1", 4, 0.5)]),
            PodPlan("POD1", [ClusterPlan("C2", 3, 0.3)]),
        ],
        48,
    )
    return [sandbox, frankfurt]
