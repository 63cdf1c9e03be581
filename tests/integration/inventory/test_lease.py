"""One writer per cloud: races, dead workers, overtaken ones, and syncs that nobody may lose."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from provisioning.inventory import models as m
from provisioning.inventory.sync import lease as leases
from provisioning.inventory.sync import queue
from provisioning.inventory.sync import run as running
from provisioning.inventory.sync.lease import Lease, LeaseLost
from tests.integration.cloudstack import tiny as t
from tests.integration.cloudstack.tiny import TinyCloudStack
from tests.integration.inventory import world
from tests.integration.inventory.conftest import sync

PURPOSE = m.SyncLease.Purpose.INVENTORY
QUEUED, RUNNING, DONE, FAILED = m.Sync.State.QUEUED, m.Sync.State.RUNNING, m.Sync.State.DONE, m.Sync.State.FAILED
ELSEWHERE = "another-host|1|1|1"


def dead_owner() -> str:
    """A worker of this machine that has ended."""
    code = "from provisioning.inventory.sync.lease import this_worker; print(this_worker())"
    ended = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {code}"], capture_output=True, text=True, check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings.test"},
    )  # fmt: skip
    return ended.stdout.strip().splitlines()[-1]


def test_a_lease_is_held_by_one(remote: m.Cloud) -> None:
    first = Lease.take(remote, PURPOSE, ELSEWHERE)
    assert first and Lease.take(remote, PURPOSE, "b") is None
    assert leases.holder(remote, PURPOSE) == ELSEWHERE
    assert Lease.take(remote, m.SyncLease.Purpose.RECORDS, "b")
    first.release()
    second = Lease.take(remote, PURPOSE, "b")
    assert second and second.fence > first.fence


def test_an_overtaken_owner_notices_before_it_writes(remote: m.Cloud) -> None:
    first = Lease.take(remote, PURPOSE, ELSEWHERE)
    assert first
    m.SyncLease.objects.filter(purpose=PURPOSE).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Lease.take(remote, PURPOSE, "b")
    with pytest.raises(LeaseLost):
        first.renew()
    first.release()  # must not free what is another's
    assert leases.holder(remote, PURPOSE) == "b"


def test_a_dead_worker_of_this_machine_is_not_waited_for(remote: m.Cloud) -> None:
    owner = dead_owner()
    assert leases.is_dead(owner) and not leases.is_dead(leases.this_worker()) and not leases.is_dead(ELSEWHERE)
    assert Lease.take(remote, PURPOSE, owner)
    assert leases.holder(remote, PURPOSE) == ""
    assert Lease.take(remote, PURPOSE, "b")


def test_a_sync_is_done_once_however_often_its_message_comes(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    asked = queue.ask(remote)
    queue.work(asked.pk)
    calls = len(tiny.calls)
    queue.work(asked.pk)
    queue.work(999_999)
    assert len(tiny.calls) == calls
    asked.refresh_from_db()
    assert (asked.state, asked.attempts) == (DONE, 1)


def test_while_another_worker_is_at_it_a_sync_waits(remote: m.Cloud, tiny: TinyCloudStack, sent: list[int]) -> None:
    other = Lease.take(remote, PURPOSE, ELSEWHERE)
    assert other
    asked = queue.ask(remote)
    queue.work(asked.pk)
    asked.refresh_from_db()
    assert asked.state == QUEUED and not tiny.calls
    other.release()
    m.Sync.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    sent.clear()
    assert queue.sweep() == 1 and sent == [asked.pk]


def test_the_sweeper_wakes_what_a_dead_worker_left(remote: m.Cloud, sent: list[int]) -> None:
    asked = queue.ask(remote)
    held = Lease.take(remote, PURPOSE, dead_owner())
    assert held
    m.Sync.objects.filter(pk=asked.pk).update(state=RUNNING, heartbeat_at=timezone.now(), attempts=1)
    sent.clear()
    assert queue.sweep() == 1 and sent == [asked.pk]
    queue.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.attempts) == (DONE, 2)


def test_after_three_dead_workers_it_has_failed(remote: m.Cloud) -> None:
    asked = queue.ask(remote)
    m.Sync.objects.filter(pk=asked.pk).update(state=RUNNING, attempts=3)
    queue.work(asked.pk)
    asked.refresh_from_db()
    assert asked.state == FAILED and "died 3 times" in asked.error


def test_a_sync_broken_off_in_the_middle_is_ended_by_the_next(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    world.small(tiny, instances=1200)
    real = running.Runner._progress

    class Killed(BaseException):
        pass

    def die(self: running.Runner, counts: Any = None) -> None:
        real(self, counts)
        if self.sync.current_kind == "instances" and counts:
            raise Killed

    asked = queue.ask(remote)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running.Runner, "_progress", die)
        with pytest.raises(Killed):
            queue.work(asked.pk)
    assert 0 < m.Instance.objects.count() < 1200
    asked.refresh_from_db()
    assert asked.state == RUNNING
    queue.work(asked.pk)
    asked.refresh_from_db()
    assert asked.state == DONE
    assert m.Instance.objects.count() == m.Volume.objects.exclude(instance=None).count() == 1200


def test_asking_twice_gives_the_waiting_one(remote: m.Cloud, sent: list[int]) -> None:
    some = queue.ask(remote, ["hosts"])
    assert queue.ask(remote, ["instances"]) == some
    some.refresh_from_db()
    assert some.kinds == ["hosts", "instances"]
    full = queue.ask(remote)
    assert full != some and queue.ask(remote) == full and queue.ask(remote, ["volumes"]) == full
    assert queue.ask(remote, ["hosts"]) in (some, full)
    with pytest.raises(ValueError, match="no such kind"):
        queue.ask(remote, ["colours"])


def test_the_schedule_gives_slow_clouds_more_time(remote: m.Cloud) -> None:
    assert [asked.cloud for asked in queue.schedule_due()] == [remote]
    assert queue.schedule_due() == []  # one is open
    queue.work(m.Sync.objects.get().pk)
    assert queue.schedule_due() == []  # not due yet
    last = m.Sync.objects.get()
    last.started_at = timezone.now() - timedelta(seconds=100)
    last.finished_at = last.started_at + timedelta(seconds=10)
    last.save()
    assert len(queue.schedule_due()) == 1
    m.Sync.objects.exclude(pk=last.pk).delete()
    last.finished_at = last.started_at + timedelta(seconds=50)
    last.save()
    assert queue.schedule_due() == []
    remote.is_enabled = False
    remote.save()
    last.delete()
    assert queue.schedule_due() == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_race_for_one_cloud(tiny: TinyCloudStack) -> None:
    cloud = world.register(world.small(tiny, instances=700))
    tiny.troubles["listZones"] = [t.late(0.3)] * 2
    asked = [queue.ask(cloud), m.Sync.objects.create(cloud=cloud)]
    outcomes: list[bool] = []
    problems: list[BaseException] = []
    together = threading.Barrier(2)

    def work(one: m.Sync, owner: str) -> None:
        try:
            together.wait(10)
            outcomes.append(running.run(m.Sync.objects.get(pk=one.pk), owner))
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(one, f"worker-{n}|0|0|0")) for n, one in enumerate(asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems
    assert sorted(outcomes) in ([False, True], [True, True])
    assert m.Instance.objects.count() == 700
    assert tiny.asked("listZones") == sum(outcomes)
    assert sync(cloud).rows_written == 0
