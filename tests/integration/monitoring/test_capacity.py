"""Capacity from a simulated CloudStack into rows, series and pages."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitoring.capacity import collect as collecting
from monitoring.capacity import tasks
from monitoring.capacity.models import CapacityCollection, CapacitySample, CapacitySeries
from monitoring.capacity.reading import Level, current, gap_after, series
from monitoring.capacity.rollup import roll_up
from monitoring.health import evaluate, problems
from provisioning.accounts.models import User
from provisioning.cloudstack.errors import Unreachable
from provisioning.inventory import gateway as gateways
from provisioning.inventory import models as m
from provisioning.inventory.gateway import gateway_of
from provisioning.inventory.sync import queue, signals_free
from provisioning.inventory.sync import run as running
from tests.factories import SmallCloud, make, make_cloud
from tests.support.simulator import SimulatorProcess

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MEMORY = "cluster.memory.allocated.capacity"


class Answers:
    """A gateway that answers from a table; what is an exception is raised."""

    def __init__(self, small: SmallCloud) -> None:
        self.small = small
        self.share = 0.5
        self.fail: dict[str, Exception] = {}
        self.settings: dict[str, dict[str, str]] = {
            "": {f"{MEMORY}.notificationthreshold": "0.75", f"{MEMORY}.disablethreshold": "0.85"}
        }
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, command: str, /, **params: Any) -> dict[str, Any]:
        self.calls.append((command, params))
        scope = next((str(value) for key, value in params.items() if key.endswith("id")), "")
        if error := self.fail.get(command) or self.fail.get(scope):
            raise error
        if command == "listConfigurations":
            rows = [{"name": name, "value": value} for name, value in self.settings.get(scope, {}).items()]
            return {"count": len(rows), "configuration": rows} if rows else {}
        zone = self.small.zone.cloudstack_id
        row = {
            "type": 0,
            "name": "MEMORY",
            "zoneid": zone,
            "capacityused": int(self.share * 1000),
            "capacitytotal": 1000,
        }
        return {"count": 2, "capacity": [row, {**row, "type": 42, "name": "QUANTUM_BITS"}]}


@pytest.fixture
def answers(small_cloud: SmallCloud) -> Answers:
    return Answers(small_cloud)


def sample(answers: Answers, at: datetime = NOW) -> int:
    assert collecting.claim(answers.small.cloud, at, force=True)
    return collecting.collect(answers.small.cloud, answers, at)


def rows_of(answers: Answers, level: str, number: int = 0) -> list[Any]:
    return [row for row in current(answers.small.cloud) if row.level == level and row.type_number == number]


def test_sample_becomes_rows_with_the_clouds_own_thresholds(answers: Answers) -> None:
    answers.settings[answers.small.cluster.cloudstack_id] = {f"{MEMORY}.disablethreshold": "0.95"}
    assert sample(answers) > 0
    [zone] = rows_of(answers, Level.ZONE)
    assert (zone.used, zone.total, zone.fraction, zone.notify, zone.disable) == (500, 1000, 0.5, 0.75, 0.85)
    [cluster] = rows_of(answers, Level.CLUSTER)
    assert (cluster.notify, cluster.disable) == (0.75, 0.95), "the cluster's own setting wins"
    assert cluster.judged and not zone.judged
    [odd] = rows_of(answers, Level.POD, 42)
    assert odd.label == "QUANTUM_BITS"


def test_hosts_and_pools_agree_with_their_own_pages(answers: Answers) -> None:
    m.StoragePool.objects.filter(pk=answers.small.pool.pk).update(
        size_total_bytes=1000, size_used_bytes=100, size_allocated_bytes=900, overprovision_factor=2
    )
    rows = {(row.level, row.type_number): row for row in current(answers.small.cloud, Level.values)}
    assert rows[Level.POOL, 3].fraction == 0.45
    assert rows[Level.POOL, 2].fraction == 0.1
    host = answers.small.hosts[-1]
    host.refresh_from_db()
    assert rows[Level.HOST, 0].total == host.memory_total_bytes


def test_place_that_fails_leaves_a_gap_and_the_others_their_points(answers: Answers) -> None:
    answers.fail[answers.small.pod.cloudstack_id] = Unreachable("no answer", command="listCapacity")
    sample(answers)
    assert rows_of(answers, Level.POD) == []
    assert len(rows_of(answers, Level.CLUSTER)) == 1
    assert CapacityCollection.objects.get().places_failed == 1


def test_cloud_that_stops_answering_on_the_way_is_not_asked_for_every_place(answers: Answers) -> None:
    sample(answers)
    for number in range(20):
        pod = make(m.Pod, answers.small.cloud, f"POD1{number:02}", zone=answers.small.zone, state="Enabled")
        answers.fail[pod.cloudstack_id] = Unreachable("no answer", command="listCapacity")
    answers.calls.clear()
    sample(answers, NOW + timedelta(minutes=5))
    assert len(answers.calls) < 8
    assert CapacityCollection.objects.get().places_failed == 21, "20 pods and the cluster after them"
    [zone] = rows_of(answers, Level.ZONE)
    assert zone.sampled_at == NOW + timedelta(minutes=5)


def test_cloud_that_does_not_answer_writes_no_point_and_keeps_the_last(answers: Answers) -> None:
    sample(answers)
    points = CapacitySample.objects.count()
    answers.fail["listCapacity"] = Unreachable("did not answer in 10 s", command="listCapacity")
    assert sample(answers, NOW + timedelta(minutes=5)) == 0
    assert CapacitySample.objects.count() == points
    [zone] = rows_of(answers, Level.ZONE)
    assert zone.sampled_at == NOW
    state = CapacityCollection.objects.get()
    assert state.error and state.finished_at


def test_settings_that_may_not_be_read_cost_the_thresholds_only(answers: Answers) -> None:
    answers.fail["listConfigurations"] = Unreachable("refused", command="listConfigurations")
    assert sample(answers) > 0
    [zone] = rows_of(answers, Level.ZONE)
    assert (zone.notify, zone.disable, zone.is_past_notify) == (None, None, False)


def test_one_reader_at_a_time_and_not_too_often(answers: Answers) -> None:
    cloud = answers.small.cloud
    assert collecting.claim(cloud, NOW)
    assert not collecting.claim(cloud, NOW + timedelta(minutes=6)), "somebody is at it"
    assert collecting.claim(cloud, NOW + timedelta(minutes=11)), "whoever it was is dead"
    CapacityCollection.objects.update(finished_at=NOW + timedelta(minutes=12))
    assert not collecting.claim(cloud, NOW + timedelta(minutes=14))
    assert collecting.claim(cloud, NOW + timedelta(minutes=17))


def test_collecting_twice_at_the_same_moment_is_one_point(answers: Answers) -> None:
    sample(answers)
    points = CapacitySample.objects.count()
    sample(answers)
    assert CapacitySample.objects.count() == points


def test_hours_and_days_are_made_once_and_old_samples_go(answers: Answers) -> None:
    cloud, zone = answers.small.cloud, answers.small.zone
    for minute, share in ((0, 0.5), (5, 0.7), (125, 0.9)):
        answers.share = share
        sample(answers, NOW.replace(minute=0) + timedelta(minutes=minute))
    one = CapacitySeries.objects.get(level=Level.ZONE, place_uuid=zone.uuid, type_number=0)
    later = NOW + timedelta(days=1, hours=2)
    assert roll_up(later) > 0
    hours = list(one.samples.filter(resolution=CapacitySample.Resolution.HOUR).order_by("at"))
    assert [(h.at.hour, h.used, h.peak) for h in hours] == [(12, 600, 700), (14, 900, 900)], "13:00 had no sample"
    [day] = one.samples.filter(resolution=CapacitySample.Resolution.DAY)
    assert (day.used, day.peak) == (750, 900)
    count = CapacitySample.objects.count()
    roll_up(later)
    assert CapacitySample.objects.count() == count
    roll_up(later + timedelta(days=3))
    assert not one.samples.filter(resolution=CapacitySample.Resolution.RAW).exists()
    assert len(series(cloud, Level.ZONE, zone.uuid, 0, timedelta(days=7), later)) == 2


def test_gaps_are_gaps(answers: Answers) -> None:
    for minute in (0, 5, 10, 60, 65):
        sample(answers, NOW + timedelta(minutes=minute))
    points = series(
        answers.small.cloud, Level.ZONE, answers.small.zone.uuid, 0, timedelta(hours=24), NOW + timedelta(hours=2)
    )
    assert len(points) == 5
    assert gap_after(points) == {2}


def test_full_cluster_is_a_health_problem(answers: Answers, operator: User) -> None:
    answers.share = 0.86
    now = timezone.now()
    sample(answers, now)
    m.Cloud.objects.update(last_complete_sync_at=now)
    answers.small.cloud.refresh_from_db()
    evaluate(answers.small.cloud)
    [problem] = [p for p in problems(answers.small.cloud, operator) if p.rule == "capacity.threshold"]
    assert problem.headline == f"Memory of {answers.small.cluster.name} is at 86 %"
    assert problem.severity == "critical"
    assert problem.object_uuid == answers.small.cluster.uuid


@pytest.mark.parametrize("role", ["admin", "operator", "auditor"])
def test_page_drills_down(role: str, request: Any, answers: Answers) -> None:
    answers.share = 0.8
    for minutes in (10, 5, 0):
        sample(answers, timezone.now() - timedelta(minutes=minutes))
    small = answers.small
    client = Client()
    client.force_login(request.getfixturevalue(role))
    url = reverse("capacity:index", args=[small.cloud.uuid])
    body = client.get(url).content.decode()
    assert f"{small.cluster.name} runs out of memory first: 80 %" in body
    assert "capacity-chart-data" in body and "not measured" in body and 'style="' not in body
    assert "Too little history for a forecast" in body
    for place in (small.zone, small.pod, small.cluster, small.hosts[0], small.pool):
        answer = client.get(url, {"place": str(place.uuid), "range": "24h"})
        assert answer.status_code == 200
        assert place.name in answer.content.decode()
    for bad in ({"place": "x"}, {"place": str(small.cloud.uuid)}):
        assert client.get(url, bad).status_code == 404
    assert client.get(url, {"type": "x", "range": "x"}).status_code == 200
    rows = list(
        csv.DictReader(
            io.StringIO(client.get(reverse("capacity:export", args=[small.cloud.uuid, "csv"])).content.decode())
        )
    )
    assert {row["level"] for row in rows} == set(Level.values)
    points = client.get(
        reverse("capacity:series", args=[small.cloud.uuid]), {"place": str(small.zone.uuid), "type": "0"}
    )
    assert len(points.content.decode().splitlines()) == 4


def test_page_before_the_first_sample(small_cloud: SmallCloud, operator: User, client: Client) -> None:
    client.force_login(operator)
    body = client.get(reverse("capacity:index", args=[small_cloud.cloud.uuid])).content.decode()
    assert "not measured" in body and "No sample in this time" in body
    bare = make_cloud("bare")
    assert "No zone yet" in client.get(reverse("capacity:index", args=[bare.uuid])).content.decode()


def test_members_get_nothing(answers: Answers, tenant_user: User, approver: User) -> None:
    sample(answers)
    args = [answers.small.cloud.uuid]
    for person in (tenant_user, approver):
        client = Client()
        client.force_login(person)
        for url in (
            reverse("capacity:index", args=args), reverse("capacity:series", args=args),
            reverse("capacity:export", args=[*args, "csv"]), reverse("capacity:export", args=[*args, "json"]),
        ):  # fmt: skip
            assert client.get(url).status_code == 404
        assert CapacitySeries.objects.for_user(person).count() == 0


def test_simulated_cloud_end_to_end(
    simulator: SimulatorProcess, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real gateway against the simulator: every type it lists arrives with its thresholds, for every place."""
    monkeypatch.setattr(queue, "send", lambda _pk: None)
    cloud = m.Cloud.objects.create(
        name="simulated", api_url=simulator.url, api_key=simulator.api_key, secret_key=simulator.secret_key
    )
    assert running.run(queue.ask(cloud, ()))
    cloud.refresh_from_db()
    assert collecting.claim(cloud)
    with gateway_of(cloud) as gateway:
        listed = {row["type"] for row in gateway.call("listCapacity")["capacity"]}
        assert collecting.collect(cloud, gateway) > 0
    assert CapacityCollection.objects.get(cloud=cloud).error == ""
    rows = current(cloud, Level.values)
    assert {row.type_number for row in rows if row.level == Level.ZONE} == listed
    assert {row.level for row in rows} == set(Level.values)
    for row in rows:
        if row.type_number in {0, 1} and row.level == Level.CLUSTER:
            assert row.notify is not None and row.disable is not None
    evaluate(cloud)
    assert not [p for p in problems(cloud, operator) if p.rule.startswith("cloud.")]


def test_first_sync_is_followed_by_the_first_sample(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.collect_cloud, "apply_async", lambda args, **_options: sent.extend(args))
    cloud = answers.small.cloud
    signals_free.tell_synced(cloud, m.Sync.objects.create(cloud=cloud))
    assert sent == [cloud.pk]
    sample(answers)
    signals_free.tell_synced(cloud, m.Sync.objects.create(cloud=cloud))
    assert sent == [cloud.pk], "from then on the schedule does it"


def test_cloud_that_cannot_be_asked_at_all_gives_the_claim_back(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_gateway(_cloud: m.Cloud, **_options: Any) -> Any:
        raise Unreachable("the CA bundle cannot be used", command="")

    monkeypatch.setattr(gateways, "gateway_of", no_gateway)
    with pytest.raises(Unreachable):
        tasks.collect_cloud(answers.small.cloud.pk)
    state = CapacityCollection.objects.get()
    assert state.finished_at and "CA bundle" in state.error


def test_rows_of_a_place_that_is_gone_are_gone(answers: Answers) -> None:
    other = make(m.Pod, answers.small.cloud, "POD9", zone=answers.small.zone, state="Enabled")
    sample(answers)
    assert len(rows_of(answers, Level.POD)) == 2
    m.Pod.objects.filter(pk=other.pk).update(gone_at=timezone.now())
    assert len(rows_of(answers, Level.POD)) == 1
