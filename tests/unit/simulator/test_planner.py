"""The planner's decisions, one rule a row."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from provisioning.simulator.placement import (
    ClusterView,
    Demand,
    HostView,
    NoDestination,
    NoSuitableHost,
    PoolView,
    Site,
    VolumeDemand,
)
from provisioning.simulator.planner import migration_targets, plan

GIB = 2**30


def host(name: str, cluster: str = "c0", **changes: Any) -> HostView:
    fields: dict[str, Any] = {
        "id": name,
        "name": name,
        "cluster_id": cluster,
        "pod_id": "p0",
        "up": True,
        "enabled": True,
        "cores": 4,
        "mhz": 2000,
        "memory_bytes": 8 * GIB,
    }
    return HostView(**(fields | changes))


def pool(name: str, **changes: Any) -> PoolView:
    fields: dict[str, Any] = {
        "id": name,
        "scope": "CLUSTER",
        "cluster_id": "c0",
        "state": "Up",
        "capacity_bytes": 100 * GIB,
        "used_bytes": 0,
        "allocated_bytes": 0,
    }
    return PoolView(**(fields | changes))


def cluster(name: str = "c0", **changes: Any) -> ClusterView:
    return ClusterView(**({"id": name, "pod_id": "p0", "hypervisor": "KVM"} | changes))


def site(**changes: Any) -> Site:
    fields: dict[str, Any] = {
        "enabled": True,
        "enabled_pods": frozenset({"p0"}),
        "clusters": {"c0": cluster()},
        "hosts": [host("h1")],
        "pools": [pool("ps0")],
    }
    return Site(**(fields | changes))


SMALL = Demand(cores=1, mhz_per_core=1000, memory_bytes=GIB, hypervisor="KVM", volumes=(VolumeDemand(5 * GIB),))


def place(where: Site, what: Demand = SMALL) -> tuple[str, tuple[str, ...]]:
    found = plan(where, what, random.Random(1))
    return found.host_id, found.pool_ids


def test_an_empty_cloud_takes_it() -> None:
    assert place(site()) == ("h1", ("ps0",))


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (site(enabled=False), "Disabled"),
        (site(enabled_pods=frozenset()), "pod or cluster is disabled"),
        (site(clusters={"c0": cluster(enabled=False)}), "pod or cluster is disabled"),
        (site(zone_dedicated_to="someone"), "dedicated"),
        (site(dedicated_pods={"p0": "someone"}), "dedicated"),
        (site(clusters={"c0": cluster(dedicated_to="someone")}), "dedicated"),
        (site(hosts=[host("h1", dedicated_to="someone")]), "dedicated"),
        (site(clusters={"c0": cluster(arch="aarch64")}), "architecture"),
        (site(clusters={"c0": cluster(hypervisor="VMware")}), "VMware"),
        (site(hosts=[host("h1", up=False)]), "not Up"),
        (site(hosts=[host("h1", enabled=False)]), "capacity threshold"),
        (site(hosts=[host("h1", enabled=False), host("h2", up=False)]), "not Enabled"),
        (site(hosts=[host("h1", used_mhz=7500)]), "no host of the cluster has enough capacity"),
        (site(hosts=[host("h1", used_memory_bytes=8 * GIB)]), "no host of the cluster has enough capacity"),
        (site(hosts=[host("h1", used_mhz=6800)]), "crosses the disable capacity threshold"),
        (site(pools=[]), "no storage pool"),
        (site(pools=[pool("ps0", state="Maintenance")]), "no storage pool"),
        (site(pools=[pool("ps0", cluster_id="c9")]), "no storage pool"),
        (site(pools=[pool("ps0", used_bytes=85 * GIB)]), "no storage pool"),
        (site(pools=[pool("ps0", allocated_bytes=170 * GIB)]), "no storage pool"),
        (site(pools=[pool("ps0", scope="HOST", host_id="h1")]), "no storage pool"),
    ],
)
def test_refusals_name_their_rule(where: Site, reason: str) -> None:
    with pytest.raises(NoDestination) as refused:
        place(where)
    assert any(reason in why for why in refused.value.reasons.values()), refused.value.reasons


def test_tags_that_no_host_of_the_cloud_carries_are_another_refusal() -> None:
    tagged = replace(SMALL, host_tags=frozenset({"gold"}))
    with pytest.raises(NoSuitableHost):
        place(site(), tagged)
    with pytest.raises(NoDestination):
        place(site(cloud_tags=(frozenset({"gold"}),)), tagged)
    assert place(site(hosts=[host("h1"), host("h2", tags=frozenset({"gold", "nvme"}))]), tagged)[0] == "h2"


def test_over_provisioning_makes_room_but_not_for_a_vm_wider_than_the_host() -> None:
    full = site(hosts=[host("h1", used_mhz=8000)], clusters={"c0": cluster(cpu_ratio=4.0)})
    assert place(full)[0] == "h1"
    wide = replace(SMALL, cores=5, mhz_per_core=100)
    with pytest.raises(NoDestination) as refused:
        place(full, wide)
    assert "doesn't have cpu capability" in refused.value.reasons["h1"]


def test_a_start_passes_the_threshold_when_it_only_guards_deployments() -> None:
    busy = site(hosts=[host("h1", used_mhz=6800)], threshold_enabled=False)
    assert place(busy, replace(SMALL, is_start=True))[0] == "h1"
    with pytest.raises(NoDestination):
        place(busy)


def test_least_used_cluster_first() -> None:
    two = site(
        clusters={"c0": cluster(), "c1": cluster("c1")},
        hosts=[host("h1", used_mhz=4000), host("h2", "c1")],
        pools=[pool("ps0"), pool("ps1", cluster_id="c1")],
    )
    assert place(two) == ("h2", ("ps1",))
    assert place(replace(two, order_by="RAM", hosts=[host("h1"), host("h2", "c1", used_memory_bytes=GIB)]))[0] == "h1"


def test_affinity_and_anti_affinity() -> None:
    two = site(hosts=[host("h1"), host("h2")])
    assert place(two, replace(SMALL, anti_hosts=frozenset({"h1"})))[0] == "h2"
    assert place(two, replace(SMALL, affinity_hosts=frozenset({"h1"})))[0] == "h1"
    assert place(two, replace(SMALL, affinity_hosts=frozenset()))[0] in {"h1", "h2"}
    with pytest.raises(NoDestination):
        place(two, replace(SMALL, anti_hosts=frozenset({"h1", "h2"})))


def test_dedicated_host_only_for_its_owner_in_a_dedication_group() -> None:
    two = site(hosts=[host("h1", dedicated_to="acme"), host("h2", used_memory_bytes=8 * GIB)])
    owner = replace(SMALL, account_ids=frozenset({"acme"}))
    with pytest.raises(NoDestination):
        place(two, owner)
    assert place(two, replace(owner, explicit=True))[0] == "h1"


def test_last_host_first_by_its_reservation() -> None:
    two = site(hosts=[host("h1"), host("h2", used_mhz=6000, reserved_mhz=1000, reserved_memory_bytes=GIB)])
    assert place(two, replace(SMALL, last_host_id="h2", is_start=True))[0] == "h2"


def test_a_given_host_skips_thresholds_but_needs_room() -> None:
    two = site(hosts=[host("h1"), host("h2", used_mhz=6900)])
    assert place(two, replace(SMALL, host_id="h2"))[0] == "h2"
    with pytest.raises(NoDestination) as refused:
        place(site(hosts=[host("h2", used_mhz=7900)]), replace(SMALL, host_id="h2"))
    assert refused.value.reasons["h2"] == "Host does not have enough capacity for vm"


def test_storage_tags_local_and_zone_scope() -> None:
    pools = [
        pool("local", scope="HOST", host_id="h1", cluster_id=None),
        pool("nvme", tags=frozenset({"nvme"})),
        pool("wide", scope="ZONE", cluster_id=None),
    ]
    where = site(pools=pools)
    demand = replace(
        SMALL,
        volumes=(
            VolumeDemand(GIB, local=True),
            VolumeDemand(GIB, tags=frozenset({"nvme"})),
            VolumeDemand(GIB, pool_id="wide"),
        ),
    )
    assert place(where, demand) == ("h1", ("local", "nvme", "wide"))
    assert place(site(pools=[pools[2]])) == ("h1", ("wide",))


def test_volumes_of_one_vm_count_together() -> None:
    tight = site(pools=[pool("ps0", capacity_bytes=100 * GIB, factor=1.0, allocated_bytes=80 * GIB)])
    two = replace(SMALL, volumes=(VolumeDemand(4 * GIB), VolumeDemand(4 * GIB)))
    with pytest.raises(NoDestination):
        place(tight, two)
    assert place(tight, replace(SMALL, volumes=(VolumeDemand(4 * GIB),)))[0] == "h1"


def test_the_pick_depends_on_nothing_but_the_seed() -> None:
    many = [host(f"h{n}") for n in range(20)]
    picks = [plan(site(hosts=list(many)), SMALL, random.Random(7)).host_id for _ in range(3)]
    assert len(set(picks)) == 1
    assert len({plan(site(hosts=list(many)), SMALL, random.Random(s)).host_id for s in range(20)}) > 5


def test_migration_targets_say_why_not() -> None:
    where = site(
        clusters={"c0": cluster(), "c1": cluster("c1"), "c2": cluster("c2", hypervisor="VMware")},
        hosts=[
            host("h1"),
            host("h2"),
            host("h3", used_memory_bytes=8 * GIB),
            host("h4", up=False),
            host("h5", "c1"),
            host("h6", "c2"),
        ],
    )
    rooted = replace(SMALL, volumes=(VolumeDemand(GIB, pool_id="ps0"),))
    found = {h.id: why for h, why in migration_targets(where, rooted, "h1")}
    assert found["h2"] is None
    assert "RAM" in (found["h3"] or "")
    assert found["h5"] == "storage is out of reach"
    assert set(found) == {"h2", "h3", "h5"}
