"""State that survives, time that is told, jobs that take it, faults to order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioning.simulator.clock import ManualClock, RealClock, Scheduler, iso
from provisioning.simulator.config import Config
from provisioning.simulator.persistence import StoreError
from provisioning.simulator.sim import Simulator
from tests.unit.simulator.helpers import Cloud


def test_the_same_seed_builds_the_same_cloud() -> None:
    def picture(seed: int) -> str:
        cloud = Cloud(seed=seed)
        cloud.zone()
        return json.dumps([cloud("listHosts"), cloud("listOsTypes"), cloud("listZones")])

    assert picture(3) == picture(3)
    assert picture(3) != picture(4)


def test_state_survives_a_process_that_just_vanishes(tmp_path: Path) -> None:
    """Nothing is closed or flushed at the end: what was answered must be in the file."""
    path = tmp_path / "cloud.sqlite"
    cloud = Cloud(state=path)
    ids = cloud.zone()
    cloud("updateConfiguration", name="workers", value="7")
    pending = cloud("updatePhysicalNetwork", id=ids["physicalnetwork"], vlan="100-150")
    before = {command: cloud(command) for command in ("listZones", "listPods", "listVlanIpRanges", "listUsers")}
    assert cloud.sim.store is not None
    cloud.sim.store.db.close()  # what the end of a process does to its files, without our own closing

    again = Cloud(state=path, start=cloud.clock.now())
    assert {command: again(command) for command in before} == before
    settings = again("listConfigurations", name="workers")["configuration"]
    assert next(setting["value"] for setting in settings if setting["name"] == "workers") == "7"
    job = again("queryAsyncJobResult", jobid=pending["jobid"])
    assert job["jobstatus"] == 2
    assert "restart" in job["jobresult"]["errortext"]
    assert again("createPod", name="p2", zoneid=ids["zone"], gateway="10.2.0.1", netmask="255.255.255.0",
                 startip="10.2.0.10", endip="10.2.0.20")["pod"]["id"] not in json.dumps(before)  # fmt: skip


def test_removed_objects_stay_removed_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "cloud.sqlite"
    cloud = Cloud(state=path)
    ids = cloud.zone()
    pod = cloud("createPod", name="p2", zoneid=ids["zone"], gateway="10.2.0.1", netmask="255.255.255.0",
                startip="10.2.0.10", endip="10.2.0.20")["pod"]["id"]  # fmt: skip
    cloud("deletePod", id=pod)
    cloud.sim.close()
    again = Cloud(state=path)
    assert [each["name"] for each in again("listPods")["pod"]] == ["p1"]


def test_time_does_not_go_back_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "cloud.sqlite"
    cloud = Cloud(state=path)
    cloud.sim.scheduler.advance(5000)
    cloud("updateConfiguration", name="workers", value="8")
    then = cloud.clock.now()
    cloud.sim.close()
    assert Cloud(state=path).clock.now() >= then


def test_a_state_file_belongs_to_its_options(tmp_path: Path) -> None:
    path = tmp_path / "cloud.sqlite"
    Cloud(state=path, seed=1).sim.close()
    with pytest.raises(StoreError, match="another seed"):
        Simulator(Config(empty=True, seed=2, state=path), ManualClock())


def test_a_kept_cloud_goes_on_with_its_own_sizes_when_none_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "cloud.sqlite"
    made = Simulator(Config(seed=7, zones=1, hosts=4, vms=6, state=path), ManualClock())
    hosts = sorted(host.uuid for host in made.state.table("host").by_dbid.values())
    made.close()
    again = Simulator(Config(state=path), ManualClock())
    assert (again.config.seed, again.config.hosts, again.config.vms) == (7, 4, 6)
    assert sorted(host.uuid for host in again.state.table("host").by_dbid.values()) == hosts
    again.close()
    with pytest.raises(StoreError, match="another hosts"):
        Simulator(Config(hosts=5, state=path), ManualClock())


def test_a_file_that_is_no_state_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cloud.sqlite"
    path.write_text("no database " * 100)
    with pytest.raises(StoreError, match="can't be used"):
        Simulator(Config(empty=True, state=path), ManualClock())


def test_scheduler_runs_timers_in_order_at_their_own_time() -> None:
    scheduler = Scheduler(ManualClock(100.0))
    seen: list[tuple[str, float]] = []
    scheduler.after(5, lambda: seen.append(("b", scheduler.now())))
    scheduler.after(1, lambda: scheduler.after(2, lambda: seen.append(("a", scheduler.now()))))
    cancelled = scheduler.after(4, lambda: seen.append(("never", 0.0)))
    cancelled.cancel()
    scheduler.advance(4.5)
    assert seen == [("a", 103.0)]
    scheduler.advance(10)
    assert seen == [("a", 103.0), ("b", 105.0)]
    assert scheduler.clock.now() == 114.5


def test_a_scaled_clock_runs_faster_than_the_wall() -> None:
    clock = RealClock(speed=1000, start=50.0)
    first = clock.now()
    while clock.now() == first:
        pass
    assert clock.now() > first
    clock.forward_to(1e9)
    assert clock.now() >= 1e9


def test_signatures_expire_by_the_clocks_of_clients() -> None:
    clock = RealClock(speed=1000, start=50.0)
    clock.forward_to(1e9)
    assert 50.0 <= clock.outside() < 60.0 < clock.now()
    assert ManualClock(7.0).outside() == 7.0


def test_dates_look_like_cloudstacks() -> None:
    assert iso(0.0) == "1970-01-01T00:00:00+0000"
    assert iso(None) is None


def test_a_job_is_pending_at_first_and_its_effects_come_with_time() -> None:
    cloud = Cloud(job_seconds=10)
    ids = cloud.zone()
    job = cloud("updatePhysicalNetwork", id=ids["physicalnetwork"], vlan="100-149")
    assert cloud("queryAsyncJobResult", jobid=job["jobid"])["jobstatus"] == 0
    assert cloud("listAsyncJobs")["count"] == 1
    assert cloud("listPhysicalNetworks")["physicalnetwork"][0]["vlan"] == "100-199"
    assert cloud.wait(job)["physicalnetwork"]["vlan"] == "100-149"
    assert cloud("listAsyncJobs") == {}


def test_an_ordered_fault_fails_the_job_and_nothing_else() -> None:
    cloud = Cloud()
    ids = cloud.zone()
    cloud.sim.faults.order(action="job", command="updatePhysicalNetwork", code=533, text="no room today")
    job = cloud("updatePhysicalNetwork", id=ids["physicalnetwork"], vlan="100-149")
    cloud.sim.scheduler.advance(30)
    failed = cloud("queryAsyncJobResult", jobid=job["jobid"])
    assert (failed["jobstatus"], failed["jobresultcode"], failed["jobresult"]["errortext"]) == (2, 533, "no room today")
    assert cloud("listPhysicalNetworks")["physicalnetwork"][0]["vlan"] == "100-199"
    assert cloud.wait(cloud("updatePhysicalNetwork", id=ids["physicalnetwork"], vlan="100-149"))


def test_faults_hit_the_calls_they_name_so_often_as_ordered() -> None:
    cloud = Cloud()
    cloud.sim.faults.order(action="status", command="listZ*", code=503, times=2, skip=1)
    assert [cloud.answer("listZones").status for _ in range(4)] == [200, 503, 503, 200]
    cloud.sim.faults.order(action="html", command="listPods", text="Gateway time-out", times=None)
    page = cloud.answer("listPods")
    assert (page.status, page.content_type.split(";")[0]) == (200, "text/html")
    assert cloud.answer("listZones").status == 200
    assert cloud.sim.faults.remove() == 2
    assert cloud.answer("listPods").content_type.startswith("application/json")
    with pytest.raises(ValueError, match="no action"):
        cloud.sim.faults.order(action="explode")


def test_the_call_log_tells_calls_and_keeps_no_secrets() -> None:
    cloud = Cloud()
    cloud("listZones", keyword="abc")
    cloud.refused(
        "createAccount", username="u", password="very secret", email="e@example.org", firstname="f", lastname="l"
    )
    calls = cloud.sim.calls.calls()
    assert [call["command"] for call in calls] == ["listZones", "createAccount"]
    assert calls[0]["params"]["keyword"] == "abc"
    assert calls[0]["caller"] == "admin"
    assert "very secret" not in json.dumps(calls)
    assert cloud.sim.secret_key not in json.dumps(calls)
    assert [call["command"] for call in cloud.sim.calls.calls(since=calls[0]["seq"])] == ["createAccount"]


def everything(sim: Simulator) -> dict[str, dict[str, object]]:
    """Every live object of a cloud, but for what the start of a process itself adds."""
    return {
        table.kind: {obj.uuid: obj.f for obj in table.live()}
        for table in sim.state
        if table.kind not in ("alert", "job", "managementserver", "event")
    }


def test_a_generated_cloud_is_the_same_after_a_restart_and_keeps_its_changes(tmp_path: Path) -> None:
    """The base is generated again from the seed at another time; only changes come from the file."""
    options = {"empty": False, "hosts": 6, "vms": 40, "zones": 2, "clusters": 3, "state": tmp_path / "cloud.sqlite"}
    cloud = Cloud(**options)
    before = json.loads(json.dumps(everything(cloud.sim)))
    cloud.sim.close()
    later = Cloud(**options, start=cloud.clock.now() + 86400)
    assert json.loads(json.dumps(everything(later.sim))) == before
    host = later("listHosts", type="Routing")["host"][0]["id"]
    later("updateHost", id=host, hosttags="changed")
    vm = later("listVirtualMachines", listall="true")["virtualmachine"][0]["id"]
    later.wait(later("destroyVirtualMachine", id=vm, expunge="true"))
    changed = json.loads(json.dumps(everything(later.sim)))
    later.sim.close()
    last = Cloud(**options, start=later.clock.now())
    assert json.loads(json.dumps(everything(last.sim))) == changed
    assert last("listHosts", id=host)["host"][0]["hosttags"] == "changed"
    assert vm not in json.dumps(last("listVirtualMachines", listall="true"))


def test_a_broken_timer_stops_nothing_else() -> None:
    told: list[str] = []
    scheduler = Scheduler(ManualClock(0.0), on_defect=told.append)
    seen: list[int] = []
    scheduler.after(1, lambda: 1 // 0)
    scheduler.after(2, lambda: seen.append(2))
    scheduler.advance(5)
    assert seen == [2]
    assert "ZeroDivisionError" in told[0]
