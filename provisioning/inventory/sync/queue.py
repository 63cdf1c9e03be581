"""Asking for syncs and starting them: the database holds the queue, Celery only wakes a worker."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from provisioning.inventory.models import Cloud, Sync, SyncLease
from provisioning.inventory.sync import run as running
from provisioning.inventory.sync.lease import holder, is_dead
from provisioning.inventory.sync.specs import SPECS

log = structlog.get_logger(__name__)

# A full sync begins this long after the last one began, or later: it takes a fifth of the time at most.
SHORTEST_INTERVAL = timedelta(seconds=60)
LONGEST_INTERVAL = timedelta(minutes=30)
INTERVAL_PER_DURATION = 5
# A cloud that did not answer is tried again so soon after the failure.
AGAIN_AFTER = timedelta(seconds=20)
# A queued sync whose message was lost is sent again after this long.
RESEND_AFTER = timedelta(seconds=30)
KEEP_SYNCS = timedelta(days=14)

OPEN = (Sync.State.QUEUED, Sync.State.RUNNING)


def ask(cloud: Cloud, kinds: Iterable[str] = (), requested_by: str = "") -> Sync:
    """The queued sync that will look at `kinds` (all when empty): a waiting one that covers them, or a new one.

    Inside a transaction the worker is woken on commit. Raises ValueError for a kind that does not exist.
    """
    wanted = sorted(set(kinds))
    unknown = [kind for kind in wanted if kind not in SPECS]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such kind; known are {', '.join(SPECS)}.")
    with transaction.atomic():
        # One asker at a time, so that two do not both find nothing waiting.
        Cloud.objects.select_for_update().filter(pk=cloud.pk).first()
        waiting = list(Sync.objects.filter(cloud=cloud, state=Sync.State.QUEUED).order_by("pk"))
        for sync in waiting:
            if sync.scope == Sync.Scope.FULL or (wanted and set(wanted) <= set(sync.kinds)):
                return sync
        if wanted:
            for sync in waiting:
                sync.kinds = sorted({*sync.kinds, *wanted})
                sync.save(update_fields=["kinds"])
                return sync
        scope = Sync.Scope.TARGETED if wanted else Sync.Scope.FULL
        sync = Sync.objects.create(cloud=cloud, scope=scope, kinds=wanted, requested_by=requested_by[:200])
        transaction.on_commit(lambda: send(sync.pk))
    return sync


def send(sync_id: int) -> None:
    """Wake a worker for a sync. A broker that is down is only logged: the sweeper sends again."""
    from provisioning.inventory.tasks import sync_cloud

    try:
        # A message that waited longer is not needed any more: the sweeper has sent others.
        sync_cloud.apply_async((sync_id,), retry=False, expires=300)
    except Exception as error:
        log.warning("inventory.send_failed", sync=sync_id, error=type(error).__name__)


def work(sync_id: int) -> None:
    """Run a sync, then wake a worker for the next one of the same cloud."""
    sync = Sync.objects.select_related("cloud").filter(pk=sync_id).first()
    if sync is None or not sync.cloud.is_enabled:
        return
    try:
        running.run(sync)
    finally:
        following = next_of(sync.cloud_id)
        if following is not None and following.pk != sync_id and not holder(sync.cloud, SyncLease.Purpose.INVENTORY):
            send(following.pk)


def next_of(cloud_id: int) -> Sync | None:
    return Sync.objects.filter(cloud_id=cloud_id, state=Sync.State.QUEUED).order_by("pk").first()


def sweep() -> int:
    """Send again what is queued too long, or was running under a worker that is dead or silent. Returns how many."""
    now = timezone.now()
    sent = 0
    for lease in SyncLease.objects.exclude(owner=""):
        if is_dead(lease.owner):
            SyncLease.objects.filter(pk=lease.pk, owner=lease.owner, fence=lease.fence).update(
                owner="", expires_at=None
            )
    open_syncs = Sync.objects.filter(state__in=OPEN, cloud__is_enabled=True).select_related("cloud").order_by("pk")
    woken: set[int] = set()
    for sync in open_syncs:
        if sync.cloud_id in woken or holder(sync.cloud, SyncLease.Purpose.INVENTORY):
            continue
        last_sign = sync.heartbeat_at or sync.created_at
        if sync.state == Sync.State.RUNNING or now - last_sign > RESEND_AFTER:
            woken.add(sync.cloud_id)
            send(sync.pk)
            sent += 1
    return sent


def schedule_due() -> list[Sync]:
    """Ask for a full sync of every cloud that is due and has none open."""
    due = []
    is_open = Exists(Sync.objects.filter(cloud=OuterRef("pk"), state__in=OPEN, scope=Sync.Scope.FULL))
    for cloud in Cloud.objects.filter(~is_open, is_enabled=True):
        if timezone.now() >= due_at(cloud):
            due.append(ask(cloud, requested_by="schedule"))
    return due


def due_at(cloud: Cloud) -> datetime:
    """When the next full sync should begin: a cloud that takes long is asked less often, one that fell silent is
    tried again soon."""
    last = Sync.objects.filter(cloud=cloud, scope=Sync.Scope.FULL, started_at__isnull=False).order_by("-pk").first()
    if last is None or last.started_at is None:
        return cloud.created_at
    if last.state == Sync.State.FAILED and last.finished_at and cloud.state != Cloud.State.REFUSED:
        return last.finished_at + AGAIN_AFTER
    took = (last.finished_at or timezone.now()) - last.started_at
    return last.started_at + min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, took * INTERVAL_PER_DURATION))


def clouds_to_poll() -> list[int]:
    """Clouds whose jobs, events and alerts are worth asking for: those that answered last."""
    answering = Q(state=Cloud.State.OK) | Q(last_complete_sync_at__isnull=False, state=Cloud.State.NEW)
    return list(Cloud.objects.filter(answering, is_enabled=True).values_list("pk", flat=True))


def prune() -> None:
    """Forget ended syncs older than KEEP_SYNCS, in small steps; their change events stay."""
    old = Sync.objects.filter(created_at__lt=timezone.now() - KEEP_SYNCS).exclude(state__in=OPEN)
    while True:
        some = list(old.values_list("pk", flat=True)[:200])
        if not some:
            return
        Sync.objects.filter(pk__in=some).delete()
