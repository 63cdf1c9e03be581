"""Each rule against facts by hand: what it says, how bad, and when it stays silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitoring.health.evaluation import find
from monitoring.health.facts import AlertFact, Blast, CapacityFact, CloudFact, JobFact, SegmentFact
from monitoring.health.models import Plane, Severity
from monitoring.health.rules import cloud, hosts, limits, storage, system, workloads
from tests.unit.health.facts import NOW, ZONE, cluster, facts, host, system_vm, thing, zone

C, W, N, H = Severity.CRITICAL, Severity.WARNING, Severity.NOTICE, Severity.HELD


def said(findings) -> list[tuple[Severity, str]]:
    return [(finding.severity, finding.headline % finding.params) for finding in findings]


@pytest.mark.parametrize(
    ("state", "resource", "minutes", "expected"),
    [
        ("Up", "Enabled", 1, None),
        ("Down", "Enabled", 1, C),
        ("Alert", "Enabled", 1, C),
        ("Error", "Enabled", 1, C),
        ("Disconnected", "Enabled", 1, W),
        ("Connecting", "Enabled", 1, None),
        ("Connecting", "Enabled", 10, W),
        ("Creating", "Enabled", 5, None),
        ("Rebalancing", "Enabled", 10, W),
        ("Removed", "Enabled", 10, None),
        ("Unknown", "Enabled", 1, W),
        ("", "Enabled", 1, W),
        ("Brand-new", "Enabled", 1, W),
        ("Up", "Maintenance", 1, H),
        ("Up", "Disabled", 1, H),
        ("Up", "PrepareForMaintenance", 10, None),
        ("Up", "PrepareForMaintenance", 90, W),
        ("Up", "ErrorInMaintenance", 1, W),
        ("Up", "ErrorInPrepareForMaintenance", 1, W),
        ("Up", "Degraded", 1, C),
        ("Down", "Maintenance", 1, H),
        ("Disconnected", "Maintenance", 1, H),
        ("Down", "Disabled", 1, C),
    ],
)
def test_host(state: str, resource: str, minutes: float, expected: Severity | None) -> None:
    found = list(hosts.hosts_up(facts(host("h1", state, resource, minutes))))
    assert [finding.severity for finding in found] == ([expected] if expected else [])
    for finding in found:
        assert "h1" in finding.headline % finding.params
        assert finding.detail % finding.params is not None
        assert finding.impact == 9


def test_unmanaged_cluster_explains_its_disconnected_hosts_but_not_the_dead_one() -> None:
    known = facts(
        zone(), cluster(managed="Unmanaged"), host("a", "Disconnected"), host("b", "Disconnected"), host("c", "Down")
    )
    found = {finding.thing.name: finding for finding in find(known) if finding.thing}
    assert found["a"].cause == found["b"].cause == found["C0"].fingerprint
    assert found["c"].cause == ""
    assert found["C0"].plane == Plane.MANAGEMENT
    assert found["C0"].blast.hosts == 3


def test_cluster_that_fell_together_is_one_problem() -> None:
    known = facts(zone(), cluster(), *(host(f"h{n}", "Alert") for n in range(5)))
    found = find(known)
    [whole] = [finding for finding in found if finding.rule == "cluster.hosts"]
    assert whole.headline % whole.params == "All 5 hosts of cluster C0 are out"
    assert {finding.cause for finding in found if finding.rule == "host.up"} == {whole.fingerprint}
    # One that still stands: no group.
    known = facts(zone(), cluster(), host("up", "Up"), *(host(f"h{n}", "Alert") for n in range(5)))
    assert not [finding for finding in find(known) if finding.rule == "cluster.hosts"]


def test_management_server_that_is_down_explains_its_agents_and_outranks_a_router() -> None:
    servers = [
        thing("management-servers", "ms-1", "Down", zone=None, cloudstack_id="ms-1"),
        thing("management-servers", "ms-2", "Up", zone=None, cloudstack_id="ms-2"),
    ]
    router = thing("routers", "r-1-VM", "Error", network=9)
    wide = {9: Blast(instances=100_000, networks=1, owners=frozenset(map(str, range(500))))}
    found = find(
        facts(zone(), cluster(), host("a", "Disconnected"), host("b", "Up"), router, *servers, on_network=wide)
    )
    assert [finding.thing.name for finding in found[:2] if finding.thing] == ["ms-1", "r-1-VM"]
    down = found[0]
    assert (down.severity, down.plane, down.blast.hosts) == (C, Plane.MANAGEMENT, 2)
    assert "ms-2" in down.detail % down.params
    assert [finding.cause for finding in found if finding.rule == "host.up"] == [down.fingerprint]


@pytest.mark.parametrize(
    ("state", "expected"),
    [("Up", None), ("Down", C), ("Maintenance", H), ("PreparingForShutDown", H), ("", W), ("Odd", W)],
)
def test_management_server(state: str, expected: Severity | None) -> None:
    found = list(
        system.management_servers(facts(thing("management-servers", "ms", state, zone=None, cloudstack_id="x")))
    )
    assert [finding.severity for finding in found] == ([expected] if expected else [])


@pytest.mark.parametrize("state", ["unreachable", "refused", "broken"])
def test_cloud_that_does_not_answer_is_the_first_problem(state: str) -> None:
    silent = CloudFact(
        "prod-eu", state=state, last_error="did not answer in 10 s", last_answer_at=NOW - timedelta(hours=1)
    )
    found = find(facts(zone(), cluster(), *(host(f"h{n}", "Down") for n in range(50)), cloud=silent))
    assert found[0].rule == "cloud.answers"
    assert (found[0].severity, found[0].plane) == (C, Plane.MANAGEMENT)
    assert "did not answer in 10 s" in found[0].detail % found[0].params


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"last_complete_sync_at": NOW - timedelta(minutes=14)}, None),
        ({"last_complete_sync_at": NOW - timedelta(minutes=16)}, C),
        ({"last_sync_state": "partial", "failed_kinds": ("hosts",)}, W),
        ({"last_sync_state": "failed"}, W),
        ({"last_sync_state": "failed", "last_complete_sync_at": NOW - timedelta(hours=1)}, C),
        ({"last_complete_sync_at": None, "created_at": NOW}, None),
        ({"last_complete_sync_at": None, "created_at": NOW - timedelta(hours=1)}, C),
        ({"last_complete_sync_at": None, "last_sync_state": "failed", "created_at": NOW}, C),
    ],
)
def test_sync(change: dict[str, object], expected: Severity | None) -> None:
    known = replace(CloudFact("prod-eu", last_complete_sync_at=NOW), **change)
    found = list(cloud.cloud_in_step(facts(cloud=known)))
    assert [finding.severity for finding in found] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("state", "minutes", "expected"),
    [
        ("Up", 1, None), ("Maintenance", 1, H), ("Disabled", 1, H), ("ErrorInMaintenance", 1, C), ("Creating", 5, None),
        ("PrepareForMaintenance", 90, W), ("Removed", 1, None), ("", 1, W), ("Odd", 1, W),
    ],
)  # fmt: skip
def test_primary_storage(state: str, minutes: float, expected: Severity | None) -> None:
    found = list(storage.pools_up(facts(thing("storage-pools", "PS0", state, minutes))))
    assert [finding.severity for finding in found] == ([expected] if expected else [])


def test_zone_without_writable_secondary_storage() -> None:
    readonly = thing("image-stores", "SS0", "ReadOnly", is_readonly=True)
    assert [f.severity for f in storage.zone_has_image_store(facts(zone(), readonly))] == [C]
    assert not list(
        storage.zone_has_image_store(facts(zone(), thing("image-stores", "SS1", "Ready", is_readonly=False)))
    )
    region_wide = thing("image-stores", "S3", "Ready", zone=None, is_readonly=False)
    assert not list(storage.zone_has_image_store(facts(zone(), region_wide)))


def test_system_vm_in_error_is_a_warning_while_another_serves() -> None:
    broken, serving = system_vm("s-2-VM", "secondarystoragevm", "Error"), system_vm("s-3-VM", "secondarystoragevm")
    [finding] = system.system_vms(facts(zone(), broken, serving))
    assert finding.severity == W
    assert finding.headline % finding.params == "Secondary storage VM s-2-VM is in Error"
    assert "s-3-VM carries the zone" in finding.detail % finding.params
    [finding] = system.system_vms(facts(zone(), broken, system_vm("v-1-VM", "consoleproxy")))
    assert finding.severity == C


@pytest.mark.parametrize(
    ("state", "agent", "minutes", "is_problem"),
    [
        ("Running", "Up", 1, False), ("Running", "", 1, False), ("Running", "Disconnected", 1, True),
        ("Starting", "", 5, False), ("Starting", "", 15, True), ("Stopped", "", 1, True), ("Destroyed", "", 1, False),
        ("", "", 1, True),
    ],
)  # fmt: skip
def test_system_vm(state: str, agent: str, minutes: float, is_problem: bool) -> None:
    found = list(system.system_vms(facts(zone(), system_vm("v-1-VM", "consoleproxy", state, agent, minutes))))
    assert bool(found) is is_problem


def test_zone_that_lacks_a_system_vm() -> None:
    known = facts(zone(), host("h", "Up"), system_vm("v-1-VM", "consoleproxy"))
    assert [f.params["what"] for f in system.system_vms_there(known)] == ["Secondary storage VM"]
    assert not list(system.system_vms_there(facts(zone(), host("h", "Down"))))


@pytest.mark.parametrize(
    ("state", "fields", "expected"),
    [
        ("Running", {}, None),
        ("Running", {"has_failed_health_checks": True}, W),
        ("Running", {"redundant_state": "FAULT"}, W),
        ("Stopped", {}, W),
        ("Error", {}, C),
        ("Error", {"is_redundant": True}, W),
        ("", {}, C),
        ("Starting", {}, C),
        ("Destroyed", {}, None),
    ],
)
def test_router(state: str, fields: dict[str, object], expected: Severity | None) -> None:
    found = list(system.routers(facts(zone(), thing("routers", "r-1-VM", state, network=1, **fields))))
    assert [finding.severity for finding in found] == ([expected] if expected else [])


def test_old_routers_are_one_line_a_zone() -> None:
    old = [thing("routers", f"r-{n}-VM", "Running", requires_upgrade=True) for n in range(12)]
    assert said(system.routers_current(facts(zone(), *old))) == [
        (N, "12 virtual routers of zone fra-1 require an upgrade")
    ]


@pytest.mark.parametrize(
    ("state", "minutes", "is_problem"),
    [
        ("Starting", 5, False), ("Starting", 11, True), ("Stopping", 4, False), ("Stopping", 6, True),
        ("Migrating", 59, False), ("Migrating", 61, True), ("Expunging", 600, False), ("Error", 0, True),
        ("Unknown", 0, True), ("Odd", 0, True),
    ],
)  # fmt: skip
def test_instance(state: str, minutes: float, is_problem: bool) -> None:
    assert bool(list(workloads.instances(facts(zone(), thing("instances", "web-1", state, minutes))))) is is_problem


def test_many_instances_alike_are_one_line() -> None:
    crowd = [thing("instances", f"vm-{n}", "Error", owner=f"a{n % 3}") for n in range(30)]
    [finding] = workloads.instances(facts(zone(), *crowd))
    assert finding.headline % finding.params == "30 instances are in Error"
    assert (finding.blast.instances, finding.blast.tenants) == (30, 3)


def test_template_for_system_vms_that_is_not_ready_is_critical() -> None:
    broken = thing("templates", "systemvm-kvm-4.20", "", 60, template_type="SYSTEM", status_text="Connection refused")
    loading = thing("templates", "debian", "", 60, template_type="USER", status_text="30% Downloaded")
    [finding] = workloads.templates(facts(zone(), broken, loading))
    assert (finding.severity, finding.impact, finding.plane) == (C, 8, Plane.MANAGEMENT)


@pytest.mark.parametrize(("owners", "expected"), [({"a1", "a2"}, C), ({"a1"}, W)])
def test_segment_used_twice(owners: set[str], expected: Severity) -> None:
    networks = (thing("networks", "n1", "Implemented"), thing("networks", "n2", "Implemented"))
    [finding] = workloads.segments_once(
        facts(zone(), segments=(SegmentFact(ZONE, "VLAN 176", networks, frozenset(owners)),))
    )
    assert finding.severity == expected
    assert finding.headline % finding.params == "VLAN 176 is used by 2 networks of fra-1"


def capacity(
    fraction: float, notify: float | None = 0.75, disable: float | None = 0.85, place=None, committed=None
) -> CapacityFact:
    place = place or cluster()
    return CapacityFact("cluster", place, place.name, "MEMORY", "Memory", 9, fraction, notify, disable, NOW, committed)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (capacity(0.7499), None), (capacity(0.75), W), (capacity(0.8499), W), (capacity(0.85), C),
        (capacity(0.80, committed=0.86), C), (capacity(0.99, None, None), None), (capacity(1.0, 0.75, None), C),
        (capacity(0.86, None, 0.85), C),
    ],
)  # fmt: skip
def test_capacity(row: CapacityFact, expected: Severity | None) -> None:
    found = list(limits.capacity(facts(zone(), cluster(), capacity=(row,))))
    assert [finding.severity for finding in found] == ([expected] if expected else [])


def test_many_full_clusters_are_one_problem_with_the_clusters_below() -> None:
    rows = tuple(capacity(0.80 + n / 100, place=cluster(f"C{n}", pk=100 + n)) for n in range(4))
    found = list(limits.capacity(facts(zone(), capacity=rows)))
    whole = found[0]
    assert whole.headline % whole.params == "Memory runs out at 4 places of zone fra-1"
    assert "C3 at 83 %" in whole.detail % whole.params
    assert {finding.cause for finding in found[1:]} == {whole.fingerprint}


def test_place_with_one_of_everything_lacks_redundancy() -> None:
    lone = facts(
        zone(),
        cluster(),
        host("h1", "Up"),
        system_vm("s-1", "secondarystoragevm"),
        system_vm("s-2", "secondarystoragevm", state="Error"),
        system_vm("v-1", "consoleproxy"),
        thing("image-stores", "SS0", "Ready"),
    )
    [finding] = limits.redundancy(lone)
    assert finding.severity == N
    for part in ("one secondary storage VM", "one secondary storage", "h1"):
        assert part in finding.headline % finding.params
    assert "console proxy" not in finding.headline % finding.params  # one of each is how CloudStack runs them
    two_of_each = [system_vm(f"{t[0]}-{n}", t) for t in ("secondarystoragevm", "consoleproxy") for n in (1, 2)]
    double = facts(
        zone(), cluster(), host("h1", "Up"), host("h2", "Up"),
        *two_of_each,
        *(thing("image-stores", f"SS{n}", "Ready") for n in (1, 2)),
    )  # fmt: skip
    assert not list(limits.redundancy(double))


def test_alert_job_and_flapping() -> None:
    known = facts(
        zone(),
        alerts=(AlertFact("ALERT.USAGE", "No usage server process running", NOW, 2),),
        jobs=(JobFact("DeployVMCmd", 1, NOW - timedelta(hours=2), "5b23e5dd-2f23"),),
        flapping_good=(host("h1", "Up"),),
        flaps={host("h1", "Up").uuid: 4},
    )
    assert said(workloads.alerts(known)) == [(N, "CloudStack raised ALERT.USAGE")]
    [job] = workloads.jobs_end(known)
    assert "logid:5b23e5dd" in job.detail % job.params
    assert said(workloads.flapping(known)) == [(W, "h1 is Up now, after 4 changes of state in the last hour")]


def test_everything_well_says_nothing() -> None:
    two_of_each = [system_vm(f"{t[0]}-{n}", t) for t in ("secondarystoragevm", "consoleproxy") for n in (1, 2)]
    well = facts(
        zone(), cluster(), host("h1", "Up"), host("h2", "Up"), thing("pods", "POD0", "Enabled", pod=1),
        *(thing("image-stores", f"SS{n}", "Ready", is_readonly=False) for n in (1, 2)),
        thing("storage-pools", "PS", "Up"),
        *two_of_each,
        thing("physical-networks", "p", "Enabled"),
        thing("management-servers", "ms-1", "Up", zone=None, cloudstack_id="ms-1"),
    )  # fmt: skip
    assert find(well) == []


def test_rule_that_fails_does_not_silence_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.health import evaluation

    def broken(_facts):
        raise RuntimeError
        yield

    monkeypatch.setattr(evaluation, "RULES", (broken, hosts.hosts_up))
    assert [finding.rule for finding in find(facts(host("h1", "Down")))] == ["host.up"]


def test_markup_and_percent_signs_in_names_stay_text() -> None:
    odd = host("100%s <b>h</b>", "Down")
    [finding] = hosts.hosts_up(facts(odd))
    assert finding.headline % finding.params == "Host 100%s <b>h</b> is Down"


def test_alert_about_a_known_problem_stands_below_it() -> None:
    told = AlertFact("ALERT.COMPUTE.HOST", "Host in ALERT state, name: kvm-0006 (id:10), pod: POD0", NOW, 1)
    found = {finding.rule: finding for finding in find(facts(zone(), host("kvm-0006", "Alert"), alerts=(told,)))}
    assert found["cloudstack.alert"].cause == found["host.up"].fingerprint
    other = {finding.rule: finding for finding in find(facts(zone(), host("kvm-000", "Alert"), alerts=(told,)))}
    assert other["cloudstack.alert"].cause == ""
