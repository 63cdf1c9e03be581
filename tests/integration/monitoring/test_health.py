"""Looking at a cloud of rows: what opens, what stays, what closes, who may see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from monitoring.health import evaluate, operations, problems, summary
from monitoring.health.models import HealthProblem
from monitoring.health.reading import closed_problems
from monitoring.health.tasks import after_sync
from provisioning.accounts.models import User
from provisioning.audit.models import AuditEvent
from provisioning.inventory import models as m
from provisioning.inventory.errors import NotAllowed
from provisioning.inventory.states import StateGroup
from provisioning.live.models import LiveEvent
from tests.factories import SmallCloud, make

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(small_cloud: SmallCloud) -> SmallCloud:
    """The small cloud, in step now and with two of what would else lack redundancy."""
    now = timezone.now()
    m.Cloud.objects.update(last_complete_sync_at=now, last_answer_at=now)
    small_cloud.cloud.refresh_from_db()
    make(m.ImageStore, small_cloud.cloud, "SS1", zone=small_cloud.zone)
    for vm in list(small_cloud.system_vms):
        make(m.SystemVm, small_cloud.cloud, f"{vm.name}-b", zone=vm.zone, vm_type=vm.vm_type, state="Running")
    return small_cloud


def test_healthy_cloud_has_no_problem(small: SmallCloud, operator: User) -> None:
    assert evaluate(small.cloud) == 0
    found = summary(small.cloud, operator)
    assert (found.needs_you, found.management_plane, found.data_plane) == (0, StateGroup.GOOD, StateGroup.GOOD)
    assert found.counts["hosts"] == {StateGroup.GOOD: 4}


def test_cloud_that_nobody_looked_at_is_not_green(small: SmallCloud, operator: User) -> None:
    found = summary(small.cloud, operator)
    assert found.is_stale
    assert found.data_plane == found.management_plane == StateGroup.NEUTRAL
    evaluate(small.cloud, timezone.now() - timedelta(hours=1))
    assert summary(small.cloud, operator).data_plane == StateGroup.NEUTRAL


def test_problem_opens_stays_and_closes(small: SmallCloud, operator: User) -> None:
    host = small.hosts[0]
    since = timezone.now() - timedelta(minutes=34)
    m.Host.objects.filter(pk=host.pk).update(state="Down", state_since_at=since)
    evaluate(small.cloud)
    [problem] = problems(small.cloud, operator)
    assert problem.headline == f"Host {host.name} is Down"
    assert (problem.object_uuid, problem.kind, problem.since_at) == (host.uuid, "hosts", since)
    assert (problem.hosts, problem.instances) == (1, m.Instance.objects.filter(host=host).count())
    assert summary(small.cloud, operator).needs_you == 1

    events = LiveEvent.objects.count()
    evaluate(small.cloud)
    assert [p.uuid for p in problems(small.cloud, operator)] == [problem.uuid]
    assert LiveEvent.objects.count() == events, "nothing new, nothing told"

    m.Host.objects.filter(pk=host.pk).update(state="Up", state_since_at=timezone.now())
    evaluate(small.cloud)
    assert problems(small.cloud, operator) == []
    [ended] = closed_problems(small.cloud, operator)
    assert (ended.uuid, ended.closed_state) == (problem.uuid, "Up")

    m.Host.objects.filter(pk=host.pk).update(state="Down", state_since_at=timezone.now())
    evaluate(small.cloud)
    assert problems(small.cloud, operator)[0].uuid != problem.uuid, "it is another time"


def test_what_a_cause_explains_stands_below_it(small: SmallCloud, operator: User) -> None:
    m.Cluster.objects.filter(pk=small.cluster.pk).update(managed_state="Unmanaged")
    m.Host.objects.filter(cluster=small.cluster).update(state="Disconnected")
    evaluate(small.cloud)
    [cluster] = problems(small.cloud, operator)
    assert cluster.rule == "cluster.managed"
    assert {below.object_name for below in cluster.caused} == {host.name for host in small.hosts}
    assert (cluster.hosts, cluster.instances, cluster.tenants) == (4, 4, 2)
    assert len(problems(small.cloud, operator, grouped=False)) == 5


def test_blast_radius_of_storage_and_router(small: SmallCloud, operator: User) -> None:
    m.StoragePool.objects.filter(pk=small.pool.pk).update(state="ErrorInMaintenance")
    network = small.networks["acme-dev"]
    m.Instance.objects.filter(account=small.accounts["acme-dev"]).update(network_names=f"other, {network.name}")
    m.VirtualRouter.objects.filter(pk=small.router.pk).update(state="Error", network=network)
    evaluate(small.cloud)
    found = {problem.kind: problem for problem in problems(small.cloud, operator)}
    assert (found["storage-pools"].instances, found["storage-pools"].tenants) == (4, 2)
    assert (found["routers"].instances, found["routers"].tenants, found["routers"].networks) == (3, 1, 1)


def test_same_segment_twice_is_found_per_physical_network(small: SmallCloud, operator: User) -> None:
    one, other = small.networks["acme-dev"], small.networks["globex"]
    m.GuestNetwork.objects.update(
        segment_type="vlan", segment_id=176, physical_network=small.physical_network, traffic_type="Guest"
    )
    evaluate(small.cloud)
    [problem] = [p for p in problems(small.cloud, operator) if p.rule == "segment.once"]
    assert problem.severity == "critical"
    assert one.name in problem.detail and other.name in problem.detail
    m.GuestNetwork.objects.filter(pk=other.pk).update(segment_id=177)
    evaluate(small.cloud)
    assert not [p for p in problems(small.cloud, operator) if p.rule == "segment.once"]


def test_alert_that_good_news_answered_is_over(small: SmallCloud, operator: User) -> None:
    now = timezone.now()

    def alert(number: int, minutes: int, text: str, name: str = "ALERT.SERVICE.SSVM") -> None:
        m.CloudAlert.objects.create(
            cloud=small.cloud, cloudstack_id=f"a{number}", name=name, description=text,
            sent_at=now - timedelta(minutes=minutes),
        )  # fmt: skip

    alert(1, 30, "Secondary Storage Vm creation failure in zone [Sandbox-simulator].")
    alert(2, 20, "Secondary Storage Vm is up in zone [Sandbox-simulator], secStorageVm [s-3-VM]")
    alert(3, 10, "Failed to delete template", "ALERT.STORAGE.DELETE")
    alert(4, 60 * 30, "Host down", "ALERT.COMPUTE.HOST")
    evaluate(small.cloud)
    raised = [p.headline for p in problems(small.cloud, operator) if p.rule == "cloudstack.alert"]
    assert raised == ["CloudStack raised ALERT.STORAGE.DELETE"]


def test_object_that_goes_back_and_forth_is_flapping(small: SmallCloud, operator: User) -> None:
    host = small.hosts[0]
    for number in range(3):
        m.ChangeEvent.objects.create(
            cloud=small.cloud, kind="hosts", object_uuid=host.uuid, object_name=host.name, change="changed",
            before={"state": "Up"}, after={"state": "Down"}, at=timezone.now() - timedelta(minutes=number),
        )  # fmt: skip
    evaluate(small.cloud)
    [problem] = problems(small.cloud, operator)
    assert (problem.rule, problem.flaps) == ("object.flaps", 3)


def test_silent_cloud_comes_first_and_good_is_not_claimed(small: SmallCloud, operator: User) -> None:
    m.Host.objects.update(state="Down")
    m.Cloud.objects.update(state=m.Cloud.State.UNREACHABLE, last_error="did not answer in 10 s")
    small.cloud.refresh_from_db()
    evaluate(small.cloud)
    assert problems(small.cloud, operator)[0].rule == "cloud.answers"
    since = problems(small.cloud, operator)[0].since_at
    m.Cloud.objects.update(last_error_at=timezone.now() + timedelta(minutes=5))
    small.cloud.refresh_from_db()
    evaluate(small.cloud)
    assert problems(small.cloud, operator)[0].since_at == since, "failing again does not make it younger"
    m.Host.objects.update(state="Up")
    evaluate(small.cloud)
    found = summary(small.cloud, operator)
    assert (found.management_plane, found.data_plane) == (StateGroup.BAD, StateGroup.NEUTRAL)


def test_sync_is_followed_by_a_look(small: SmallCloud, operator: User) -> None:
    from provisioning.inventory.sync.signals_free import _on_synced

    assert after_sync in _on_synced
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Down")
    after_sync(small.cloud, m.Sync(cloud=small.cloud))
    assert len(problems(small.cloud, operator)) == 1


def test_queries_do_not_grow_with_the_trouble(small: SmallCloud) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            evaluate(small.cloud)
        return len(captured)

    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Down")
    m.VirtualRouter.objects.update(state="Error")
    evaluate(small.cloud)
    few = queries()
    m.Host.objects.bulk_create(
        m.Host(cloud=small.cloud, cloudstack_id=f"h{n}", name=f"h{n}", state="Down", zone=small.zone) for n in range(50)
    )
    m.Instance.objects.bulk_create(
        m.Instance(cloud=small.cloud, cloudstack_id=f"v{n}", name=f"v{n}", state="Error", zone=small.zone)
        for n in range(50)
    )
    evaluate(small.cloud)
    assert queries() == few


def test_members_see_no_problem_anywhere(small: SmallCloud, tenant_user: User, approver: User) -> None:
    m.Host.objects.update(state="Down")
    evaluate(small.cloud)
    for person in (tenant_user, approver):
        assert problems(small.cloud, person) == []
        assert HealthProblem.objects.for_user(person).count() == 0
        client = Client()
        client.force_login(person)
        for url in pages(small):
            assert client.get(url).status_code == 404


@pytest.fixture
def down(small: SmallCloud, operator: User) -> HealthProblem:
    """The problem of a host that is Disconnected."""
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Disconnected")
    evaluate(small.cloud)
    return HealthProblem.objects.get()


def ack_url(small: SmallCloud, problem: HealthProblem) -> str:
    return reverse("health:acknowledge", args=[small.cloud.uuid, problem.uuid])


def test_acknowledged_problem_stays_listed_and_no_longer_needs_a_person(
    small: SmallCloud, operator: User, client: Client, down: HealthProblem
) -> None:
    client.force_login(operator)
    assert "Acknowledge this problem?" in client.get(ack_url(small, down)).content.decode()
    answer = client.post(ack_url(small, down), {"note": "vendor <called>"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    [problem] = problems(small.cloud, operator)
    assert (problem.acknowledged_by, problem.acknowledged_note) == (str(operator), "vendor <called>")
    assert summary(small.cloud, operator).needs_you == 0
    row = AuditEvent.objects.get(action="health.acknowledge")
    assert (row.object_id, row.reason) == (str(down.uuid), "vendor <called>")
    assert row.after == {"acknowledged": True, "note": "vendor <called>"}  # a name here could never be erased
    assert "vendor &lt;called&gt;" in client.get(reverse("health:index", args=[small.cloud.uuid])).content.decode()
    evaluate(small.cloud)
    assert summary(small.cloud, operator).needs_you == 0
    client.post(ack_url(small, down), {"take_back": "1"})
    assert summary(small.cloud, operator).needs_you == 1
    assert AuditEvent.objects.filter(action="health.take_back").count() == 1


def test_acknowledgement_ends_when_it_gets_worse(small: SmallCloud, operator: User, down: HealthProblem) -> None:
    operations.acknowledge(down.uuid, operator, "")
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Down")
    evaluate(small.cloud)
    assert summary(small.cloud, operator).needs_you == 1


def test_who_may_see_but_not_act_is_refused(
    small: SmallCloud, auditor: User, tenant_user: User, down: HealthProblem
) -> None:
    for person, status in ((auditor, 403), (tenant_user, 404)):
        client = Client()
        client.force_login(person)
        assert client.get(ack_url(small, down)).status_code == status
        assert client.post(ack_url(small, down), {"note": "x"}).status_code == status
    with pytest.raises(NotAllowed):
        operations.acknowledge(down.uuid, auditor, "x")
    assert AuditEvent.objects.filter(action="health.acknowledge", result="denied").exists()
    down.refresh_from_db()
    assert down.acknowledged_at is None


def test_acknowledging_too_late_or_too_long(
    small: SmallCloud, operator: User, client: Client, down: HealthProblem
) -> None:
    client.force_login(operator)
    assert client.post(ack_url(small, down), {"note": "x" * 501}).status_code == 422
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Up")
    evaluate(small.cloud)
    answer = client.post(ack_url(small, down), {"note": ""})
    assert answer.status_code == 409
    assert "has ended meanwhile" in answer.content.decode()
    assert client.post(ack_url(small, HealthProblem()), {"note": ""}).status_code == 404


def pages(small: SmallCloud) -> list[str]:
    args = [small.cloud.uuid]
    return [
        reverse("health:index", args=args),
        *(reverse("health:export", args=[*args, form]) for form in ("csv", "json")),
    ]


@pytest.mark.parametrize("role", ["admin", "operator", "auditor"])
def test_page_shows_and_filters(role: str, request: Any, small: SmallCloud) -> None:
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Down", name="kvm <script>alert(1)</script>")
    m.SystemVm.objects.filter(pk=small.system_vms[0].pk).update(state="Error")
    evaluate(small.cloud)
    client = Client()
    client.force_login(request.getfixturevalue(role))
    url = reverse("health:index", args=[small.cloud.uuid])
    body = client.get(url).content.decode()
    assert "2 things need you" in body
    assert "&lt;script&gt;" in body and "<script>alert" not in body
    assert 'style="' not in body
    only = client.get(url, {"plane": "management"}).content.decode()
    assert "is in Error" in only and "is Down" not in only
    assert "No problem like that" in client.get(url, {"severity": "held"}).content.decode()
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'id="health"' in part and "<html" not in part
    rows = client.get(reverse("health:export", args=[small.cloud.uuid, "json"])).json()["problems"]
    assert [row["kind"] for row in rows] == ["hosts", "system-vms", "zones"]
    csv = client.get(reverse("health:export", args=[small.cloud.uuid, "csv"]) + "?kind=hosts").content.decode()
    assert csv.count("\r\n") == 2


def test_empty_page_tells_the_last_problem(small: SmallCloud, operator: User, client: Client) -> None:
    client.force_login(operator)
    url = reverse("health:index", args=[small.cloud.uuid])
    assert "Not looked at yet" in client.get(url).content.decode()
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Down")
    evaluate(small.cloud)
    m.Host.objects.filter(pk=small.hosts[0].pk).update(state="Up")
    evaluate(small.cloud)
    body = client.get(url).content.decode()
    assert "Nothing needs you" in body
    assert f"Host {small.hosts[0].name} is Down" in body
