"""What people see of the chain's state: the last full check, and what was added since."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from provisioning.audit import anchors
from provisioning.audit.models import AuditEvent, AuditPending, AuditSeal, AuditVerification
from provisioning.audit.record import record
from provisioning.audit.tasks import run, verify_task

INLINE_LIMIT = 5_000  # links that are checked while somebody waits
STALLED = dt.timedelta(minutes=30)


@dataclass(frozen=True)
class ChainState:
    """`last` is the newest finished check, `running` one under way; counts are of now."""

    last: AuditVerification | None
    running: AuditVerification | None
    sealed_count: int
    waiting_count: int
    oldest_waiting_at: dt.datetime | None
    head_hash: str
    since_check: int
    anchor: anchors.Head | None

    @property
    def seal_is_late(self) -> bool:
        return self.oldest_waiting_at is not None and timezone.now() - self.oldest_waiting_at > dt.timedelta(seconds=60)

    @property
    def took_s(self) -> float:
        if self.last is None or self.last.finished_at is None:
            return 0.0
        return (self.last.finished_at - self.last.started_at).total_seconds()


def chain_state() -> ChainState:
    """A few indexed look-ups, however long the chain is: its length is its last position."""
    checks = AuditVerification.objects
    last = checks.exclude(verdict=AuditVerification.Verdict.RUNNING).order_by("-id").first()
    running = checks.filter(verdict=AuditVerification.Verdict.RUNNING, started_at__gt=timezone.now() - STALLED).first()
    end = AuditSeal.objects.order_by("-position").values_list("position", "hash").first() or (0, "")
    first = AuditPending.objects.order_by("event_id").values_list("event_id", flat=True).first()
    oldest = AuditEvent.objects.filter(pk=first).values_list("at", flat=True).first() if first is not None else None
    return ChainState(
        last=last, running=running, sealed_count=end[0], waiting_count=AuditPending.objects.count(),
        oldest_waiting_at=oldest, head_hash=end[1],
        since_check=max(0, end[0] - (last.sealed_count if last else 0)), anchor=anchors.last_head(),
    )  # fmt: skip


def ask_for_check() -> AuditVerification:
    """Check the chain: a short one at once, a long one in the background. Gives the check under way if there is one."""
    state = chain_state()
    if state.running is not None:
        return state.running
    with transaction.atomic():
        row = AuditVerification.objects.create()
        record("audit.verify", obj_type="audit", obj_id=row.uuid)
        if state.sealed_count > INLINE_LIMIT:
            transaction.on_commit(lambda: verify_task.delay(str(row.uuid)))
    if state.sealed_count <= INLINE_LIMIT:
        run(row)
    return row
