"""Jobs, events and alerts: what CloudStack forgets, we keep; what is known is not read again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.accounts.models import Tenant
from provisioning.inventory import models as m
from provisioning.inventory.sync.lease import Lease
from provisioning.inventory.sync.records import jobs
from provisioning.inventory.sync.records.run import run
from provisioning.live.models import LiveEvent
from tests.integration.cloudstack import tiny as t
from tests.integration.cloudstack.tiny import TinyCloudStack
from tests.integration.inventory.world import ACME, identity

JOB = "5b23e5dd-2f23-4681-891a-17de5a263a8a"
Status = m.AsyncJob.Status


def job(**fields: Any) -> dict[str, Any]:
    return {
        "jobid": JOB, "jobstatus": 0, "cmd": "org.apache.cloudstack.api.command.user.vm.StartVMCmd",
        "account": "acme-dev", "domainid": ACME, "domainpath": "ROOT/acme", "userid": "u-1",
        "jobinstancetype": "VirtualMachine", "jobinstanceid": identity("vm", 0), "created": "2026-11-23T00:24:49+0000",
    } | fields  # fmt: skip


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": identity("event", number), "type": "VM.START", "level": "INFO", "state": "Completed", "username": "alice",
        "description": f"event {number} <b>", "account": "acme-dev", "domainid": ACME, "domainpath": "ROOT/acme",
        "created": f"2026-11-23T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+0000",
    } | fields  # fmt: skip


@pytest.fixture
def tenant(remote: m.Cloud) -> Tenant:
    return Tenant.objects.create(
        cloud_uuid=remote.uuid, name="acme-dev", domain_cloudstack_id=ACME, account_name="acme-dev"
    )


def test_a_job_is_remembered_and_resolved_when_it_left_the_list(
    remote: m.Cloud, tiny: TinyCloudStack, tenant: Tenant
) -> None:
    tiny.lists["listAsyncJobs"] = ("asyncjobs", [job()])
    assert run(remote.pk)["jobs"] == 1
    found = m.AsyncJob.objects.get()
    assert (found.status, found.command, found.tenant_uuid) == (Status.RUNNING, "StartVMCmd", tenant.uuid)
    assert found.log_id == "5b23e5dd" and found.created_at
    assert run(remote.pk)["jobs"] == 0

    tiny.lists["listAsyncJobs"] = ("asyncjobs", [])
    tiny.jobs[JOB] = job(jobstatus=2, jobresultcode=530, completed="2026-11-23T00:24:50+0000",
                         jobresult={"errorcode": 530, "errortext": "No suitable host found."})  # fmt: skip
    run(remote.pk)
    found.refresh_from_db()
    assert (found.status, found.result_code, found.result_text) == (Status.FAILED, 530, "No suitable host found.")
    assert found.completed_at and found.completed_at > found.created_at
    asked = m.Sync.objects.get()
    assert asked.kinds == ["instances", "volumes"] and asked.scope == m.Sync.Scope.TARGETED
    assert LiveEvent.objects.filter(topic=f"tenant.{tenant.uuid}", kind="job.changed").count() == 2
    calls = tiny.asked("queryAsyncJobResult")
    run(remote.pk)
    assert tiny.asked("queryAsyncJobResult") == calls


def test_a_job_that_cloudstack_forgot_ended_unseen(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    jobs.remember(remote, JOB, "DestroyVMCmd", instance_type="Host")
    tiny.troubles["queryAsyncJobResult"] = [
        t.says(431, f"Invalid parameter jobid value={JOB} due to incorrect long value format, or entity does not exist")
    ]
    run(remote.pk)
    assert m.AsyncJob.objects.get().status is None


def test_a_job_is_not_given_up_for_one_bad_answer(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    jobs.remember(remote, JOB)
    tiny.troubles["queryAsyncJobResult"] = [t.html(), t.busy(503)]
    tiny.jobs[JOB] = job(jobstatus=1, jobresult={"success": True})
    run(remote.pk)
    assert m.AsyncJob.objects.get().status == Status.RUNNING
    tiny.troubles.clear()
    run(remote.pk)
    assert m.AsyncJob.objects.get().status == Status.SUCCEEDED


def test_events_are_read_until_one_is_known(remote: m.Cloud, tiny: TinyCloudStack, tenant: Tenant) -> None:
    events = [event(number) for number in range(250)]
    tiny.lists["listEvents"] = ("event", list(reversed(events)))
    assert run(remote.pk)["events"] == 250
    assert tiny.asked("listEvents") == 3
    newest = m.CloudEvent.objects.first()
    assert (newest.description, newest.tenant_uuid, newest.user_name) == ("event 249 <b>", tenant.uuid, "alice")
    tiny.lists["listEvents"][1].insert(0, event(250, parentid=identity("event", 249), level="ERROR"))
    assert run(remote.pk)["events"] == 1
    assert tiny.asked("listEvents") == 4
    assert m.CloudEvent.objects.first().parent_cloudstack_id == identity("event", 249)
    assert m.CloudEvent.objects.count() == 251


def test_more_new_events_than_a_page_are_all_read(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    tiny.lists["listEvents"] = ("event", [event(0)])
    run(remote.pk)
    tiny.lists["listEvents"] = ("event", [event(number) for number in reversed(range(230))])
    assert run(remote.pk)["events"] == 229


def test_alerts_come_and_go(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    alerts = [
        {"id": identity("alert", number), "type": 7, "name": "ALERT.COMPUTE.HOST", "description": f"host {number} down",
         "sent": f"2026-11-23T00:{number:02}:00+0000"}
        for number in range(5)
    ]  # fmt: skip
    tiny.lists["listAlerts"] = ("alert", alerts[::-1])
    assert run(remote.pk)["alerts"] == 5
    assert run(remote.pk)["alerts"] == 0
    tiny.lists["listAlerts"] = ("alert", alerts[3:1:-1])
    run(remote.pk)
    assert m.CloudAlert.objects.filter(gone_at=None).count() == 2
    assert m.CloudAlert.objects.count() == 5


def test_an_alert_asks_for_a_look_at_what_it_is_about(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    def alert(number: int, sent: str, name: str = "ALERT.COMPUTE.HOST") -> dict[str, Any]:
        return {"id": identity("alert", number), "type": 7, "name": name, "description": "down", "sent": sent}

    m.Cloud.objects.filter(pk=remote.pk).update(last_complete_sync_at="2026-11-23T08:00:00+0000")
    tiny.lists["listAlerts"] = ("alert", [alert(1, "2026-11-23T07:30:00+0000")])
    run(remote.pk)
    assert not m.Sync.objects.filter(requested_by="alert").exists()

    host_fell, full = alert(2, "2026-11-23T08:00:20+0000"), alert(3, "2026-11-23T08:00:30+0000", "ALERT.CPU")
    tiny.lists["listAlerts"] = ("alert", [full, host_fell, alert(1, "2026-11-23T07:30:00+0000")])
    run(remote.pk)
    run(remote.pk)
    assert m.Sync.objects.get(requested_by="alert").kinds == ["hosts"]


def test_a_role_without_events_still_has_jobs(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    del tiny.catalogue["listEvents"]
    tiny.lists["listAsyncJobs"] = ("asyncjobs", [job()])
    tiny.troubles["listAlerts"] = [t.says(432, "not for you")]
    assert run(remote.pk) == {"jobs": 1}


def test_a_silence_is_noticed_before_the_next_full_sync(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    m.Cloud.objects.filter(pk=remote.pk).update(state=m.Cloud.State.OK)
    run(remote.pk)
    tiny.troubles["*"] = [t.html()] * 50
    run(remote.pk)
    remote.refresh_from_db()
    assert remote.state == m.Cloud.State.OK, "one bad answer is no outage"

    m.Cloud.objects.filter(pk=remote.pk).update(last_answer_at=timezone.now() - timedelta(seconds=30))
    run(remote.pk)
    remote.refresh_from_db()
    assert remote.state == m.Cloud.State.BROKEN and remote.last_error and remote.last_error_at


def test_trouble_leaves_what_is_known(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    tiny.lists["listEvents"] = ("event", [event(1)])
    run(remote.pk)
    tiny.troubles["*"] = [t.dropped] * 50
    assert run(remote.pk) == {}
    assert m.CloudEvent.objects.count() == 1
    assert Lease.take(remote, m.SyncLease.Purpose.RECORDS, "b")
    assert run(remote.pk) == {}
    assert run(999_999) == {}
