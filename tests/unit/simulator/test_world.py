"""Generated clouds, and what can be ordered to go wrong in them."""

from __future__ import annotations

import json

import pytest

from provisioning.simulator import life
from provisioning.simulator.commands.world import hosts as order_host
from provisioning.simulator.seed.layout import layout
from tests.unit.simulator.caller import Caller, Refused, demo


@pytest.mark.parametrize(
    ("asked", "hosts", "vms"),
    [
        ((0, 0, 0, 0, 0), 15, 54),
        ((0, 0, 0, 1000, 100_000), 1000, 100_000),
        ((2, 0, 0, 40, 100), 40, 100),
        ((0, 0, 0, 4, 10), 4, 10),
        ((5, 7, 11, 33, 71), 33, 71),
        ((0, 0, 0, 0, 300), 8, 300),
    ],
)
def test_layouts_add_up(asked: tuple[int, int, int, int, int], hosts: int, vms: int) -> None:
    plans = layout(1, *asked)
    assert sum(plan.hosts for plan in plans) == hosts
    assert sum(plan.vms for plan in plans) == vms
    if asked[0]:
        assert len(plans) == asked[0]


def test_big_zones_have_the_shape_of_a_providers() -> None:
    plans = {plan.name: plan for plan in layout(1, 0, 0, 0, 1000, 100_000)}
    assert plans["fra-1"].hosts > plans["ams-2"].hosts > plans["Sandbox-simulator"].hosts == 4
    assert all(14 <= cluster.hosts <= 22 for name in ("fra-1", "ams-2") for cluster in plans[name].clusters)


def test_the_same_seed_builds_the_same_cloud_and_another_one_does_not() -> None:
    def answers(seed: int) -> str:
        caller = demo(seed=seed, hosts=20, vms=120)
        return json.dumps([caller(c, listall="true") for c in ("listVirtualMachines", "listVolumes", "listRouters")])

    assert answers(1) == answers(1)
    assert answers(1) != answers(2)


def test_generated_objects_hang_together() -> None:
    caller = demo(hosts=40, vms=600)
    state = caller.sim.state
    segments: set[tuple[str, str]] = set()
    for network in state.all("network"):
        assert (network["physicalnetworkid"], network["vlan"]) not in segments
        segments.add((network["physicalnetworkid"], network["vlan"]))
    addresses: set[tuple[str, str]] = set()
    for nic in state.all("nic"):
        assert (nic["networkid"], nic["ipaddress"]) not in addresses
        addresses.add((nic["networkid"], nic["ipaddress"]))
        assert (
            state.table("network").need(nic["networkid"])["accountid"]
            == state.table("vm").need(nic["vmid"])["accountid"]
        )
    for volume in state.all("volume"):
        vm = state.table("vm").need(volume["virtualmachineid"])
        if volume["storageid"] and vm.get("hostid"):
            host, pool = state.table("host").need(vm["hostid"]), state.table("pool").need(volume["storageid"])
            assert pool.get("clusterid") in (None, host["clusterid"])
    assert state.table("vm").count(state="Running") > 500
    for host in caller("listHosts", type="Routing")["host"]:
        assert host["memoryallocated"] <= int(host["memorywithoverprovisioning"])
        assert host["cpuallocatedvalue"] <= float(host["cpuwithoverprovisioning"])


def test_the_demonstration_shows_trouble() -> None:
    caller = demo()
    states = {h["state"] for h in caller("listHosts", type="Routing")["host"]}
    assert {"Up", "Alert", "Disconnected"} <= states
    assert "Error" in {vm["state"] for vm in caller("listSystemVms")["systemvm"]}
    shares = [p["disksizeused"] / p["disksizetotal"] for p in caller("listStoragePools")["storagepool"]]
    assert max(shares) > 0.85
    vms = caller("listVirtualMachines", listall="true")["virtualmachine"]
    assert {"Running", "Stopped", "Error"} <= {vm["state"] for vm in vms}
    assert caller("listAlerts")["count"] > 5 and caller("listEvents", listall="true")["count"] > 50


def kvm_host(caller: Caller) -> dict[str, object]:
    return next(h for h in caller("listHosts", type="Routing", state="Up")["host"] if h["name"].startswith("kvm"))


def test_a_host_goes_down_and_its_vms_with_it() -> None:
    caller = demo(seed=9)
    host = max((h for h in caller("listHosts", type="Routing", state="Up")["host"]), key=lambda h: h["memoryallocated"])
    there = {vm["id"] for vm in caller("listVirtualMachines", hostid=host["id"], listall="true")["virtualmachine"]}
    order_host(caller.sim, {}, {"host": host["name"], "state": "Down"})
    assert caller("listHosts", id=host["id"])["host"][0]["state"] == "Down"
    for uuid in there:
        vm = caller("listVirtualMachines", id=uuid)["virtualmachine"][0]
        assert vm["state"] == "Stopped" or vm["hostid"] != host["id"]
    assert caller("listAlerts")["alert"][0]["description"].startswith("Host down, name: ")


def test_a_reconnect_that_succeeds_late() -> None:
    caller = demo()
    host = kvm_host(caller)
    order_host(caller.sim, {}, {"host": host["id"], "state": "Disconnected", "reconnect_late": 45})
    answer = caller.done("reconnectHost", id=host["id"])["host"]
    assert answer["state"] == "Disconnected"
    caller.sim.scheduler.advance(30)
    assert caller("listHosts", id=host["id"])["host"][0]["state"] == "Disconnected"
    caller.sim.scheduler.advance(30)
    assert caller("listHosts", id=host["id"])["host"][0]["state"] == "Up"


def test_a_kvm_host_twice_only_when_ordered() -> None:
    caller = demo()
    host = kvm_host(caller)
    place = {"zoneid": host["zoneid"], "podid": host["podid"], "clusterid": host["clusterid"], "hypervisor": "KVM",
             "url": f"http://{host['name']}", "username": "root", "password": "x"}  # fmt: skip
    with pytest.raises(Refused) as refused:
        caller("addHost", **place)
    assert "GUID is already in the database" in refused.value.text
    caller.sim.faults.order(action="twice", command="addHost")
    again = caller("addHost", **place)["host"][0]
    assert again["name"] == host["name"] and again["id"] != host["id"]


def test_orders_to_fail_hit_what_they_name() -> None:
    caller = demo()
    caller.sim.faults.order(action="status", command="listZ*", code=503, times=2)
    assert [caller.raw("listZones")[0] for _ in range(3)] == [503, 503, 200]
    caller.sim.faults.order(action="html", command="listZones")
    assert caller.raw("listZones")[1].startswith(b"<html>")
    caller.sim.faults.order(action="huge", command="listZones", bytes=1_000_000)
    assert len(caller.raw("listZones")[1]) == 1_000_000
    json.loads(b'{"a":' + caller.raw("listZones")[1] + b"}")
    caller.sim.faults.order(action="status", command="listPods", code=503, times=None, probability=0.3)
    hit = sum(caller.raw("listPods")[0] == 503 for _ in range(200))
    assert 35 < hit < 90
    assert caller.raw("listClusters")[0] == 200


def test_a_job_ordered_to_fail_leaves_nothing_half_done() -> None:
    caller = demo()
    vm = next(v for v in caller("listVirtualMachines", listall="true", state="Running")["virtualmachine"])
    caller.sim.faults.order(action="job", command="migrateVirtualMachine", code=530, text="ordered", after_steps=1)
    targets = [
        h for h in caller("findHostsForMigration", virtualmachineid=vm["id"])["host"] if h["suitableformigration"]
    ]
    with pytest.raises(Refused, match="ordered"):
        caller.done("migrateVirtualMachine", virtualmachineid=vm["id"], hostid=targets[0]["id"])
    now = caller("listVirtualMachines", id=vm["id"])["virtualmachine"][0]
    assert (now["state"], now["hostid"]) == ("Running", vm["hostid"])


def test_life_drifts_without_breaking_anything() -> None:
    caller = demo()
    life.begin(caller.sim, 30)
    caller.sim.scheduler.advance(1800)
    states = [vm["state"] for vm in caller("listVirtualMachines", listall="true")["virtualmachine"]]
    assert set(states) <= {"Running", "Stopped", "Error"}
    assert states.count("Running") > len(states) / 2
    assert caller.sim.complaints == []
    events = caller("listEvents", listall="true")["count"]
    life.begin(caller.sim, 0)
    caller.sim.scheduler.advance(600)
    assert caller("listEvents", listall="true")["count"] == events


@pytest.mark.slow
def test_a_hundred_thousand_vms_page_by_page() -> None:
    caller = demo(hosts=1000, vms=100_000)
    seen: set[str] = set()
    page = 1
    while True:
        rows = caller("listVirtualMachines", listall="true", page=page, pagesize=500).get("virtualmachine", [])
        seen.update(row["id"] for row in rows)
        if len(rows) < 500:
            break
        page += 1
    assert len(seen) == 100_000


def test_a_thousand_vms_page_by_page() -> None:
    caller = demo(hosts=30, vms=1200)
    pages = [caller("listVirtualMachines", listall="true", page=n, pagesize=500)["virtualmachine"] for n in (1, 2, 3)]
    assert [len(rows) for rows in pages] == [500, 500, 200]
    assert len({row["id"] for rows in pages for row in rows}) == 1200
    assert caller("listVirtualMachines", listall="true", page=1, pagesize=500)["count"] == 1200


def test_a_generated_cloud_does_not_change_by_itself() -> None:
    caller = demo(hosts=40, vms=800)

    def seen() -> dict[str, object]:
        commands = (
            "listVirtualMachines",
            "listVolumes",
            "listNetworks",
            "listRouters",
            "listSystemVms",
            "listStoragePools",
            "listClusters",
            "listHosts",
            "listPublicIpAddresses",
            "listAccounts",
        )
        return {command: caller(command, listall="true", page=1, pagesize=500) for command in commands}

    before = seen()
    caller.sim.scheduler.advance(3600)
    assert seen() == before
