"""The single sealer: chains events in the order it finds them, within a second of their commit.

Why not in each change's transaction: a chain has one end, so all writers of the installation would queue for it. Why
not by row number: numbers are given before commit, so a lower one can appear after a higher one was sealed. A trigger
lists every inserted event as pending, in its own transaction; the sealer takes what is listed.

Safe with two at once: the batch runs under a lock on the lease's row (SQLite: the only write transaction), reads the
chain's end inside, and position, event and uuid are unique. The lease keeps the second one from trying at all.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import time
import uuid
from collections.abc import Callable

import structlog
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from provisioning.audit import anchors
from provisioning.audit.canonical import FIELDS_V1, GENESIS, canonical, link
from provisioning.audit.keys import KeyRing, ring
from provisioning.audit.models import AuditEvent, AuditPending, AuditSeal, AuditSealerLease

log = structlog.get_logger(__name__)

BATCH = 500
LEASE = dt.timedelta(seconds=15)
RENEW_EVERY_S = 5.0
POLL_EVERY_S = 0.25
ANCHOR_EVERY_S = 60.0
LEASE_ID = 1


class NotMyTurn(Exception):
    """Another sealer holds the lease."""


def owner_name() -> str:
    """Host, process and a random part: a restarted process is somebody else."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def take_lease(owner: str) -> bool:
    """Take or renew the lease. False while somebody else's has not run out."""
    now = timezone.now()
    with transaction.atomic():
        AuditSealerLease.objects.get_or_create(pk=LEASE_ID)
        lease = AuditSealerLease.objects.select_for_update().get(pk=LEASE_ID)
        if lease.owner != owner and lease.expires_at is not None and lease.expires_at > now:
            return False
        lease.owner, lease.expires_at = owner, now + LEASE
        lease.save()
    return True


def give_up_lease(owner: str) -> None:
    """Let the next sealer start at once."""
    AuditSealerLease.objects.filter(pk=LEASE_ID, owner=owner).update(expires_at=timezone.now())


def seal_batch(owner: str = "", keys: KeyRing | None = None, limit: int = BATCH) -> int:
    """Seal up to `limit` waiting events in one transaction; returns how many.

    With an `owner`, raises NotMyTurn when the lease is not theirs any more; without one (tests, `audit seal`) the
    lock alone decides.
    """
    if not AuditPending.objects.exists():  # no write transaction for nothing
        return 0
    keys = keys or ring()
    with transaction.atomic():
        AuditSealerLease.objects.get_or_create(pk=LEASE_ID)
        lease = AuditSealerLease.objects.select_for_update().get(pk=LEASE_ID)
        if owner and lease.owner != owner:
            raise NotMyTurn
        waiting = list(AuditPending.objects.order_by("event_id").values_list("event_id", flat=True)[:limit])
        if not waiting:
            return 0
        end = AuditSeal.objects.order_by("-position").values_list("position", "hash").first()
        position, previous = end if end else (0, GENESIS)
        seals = []
        now = timezone.now()
        for event in AuditEvent.objects.filter(pk__in=waiting).order_by("pk").values("id", *FIELDS_V1):
            position += 1
            digest = link(keys.newest, previous, position, canonical(event))
            seals.append(
                AuditSeal(position=position, event_id=event["id"], event_uuid=event["uuid"], key_id=keys.newest_id,
                          previous_hash=previous, hash=digest, sealed_at=now)
            )  # fmt: skip
            previous = digest
        AuditSeal.objects.bulk_create(seals)
        AuditPending.objects.filter(pk__in=waiting).delete()
    return len(seals)


def seal_all(limit: int = BATCH) -> int:
    """Seal everything that waits, whoever holds the lease; returns how many. For tests and the command line."""
    total = 0
    while sealed := seal_batch(limit=limit):
        total += sealed
    return total


class Sealer:
    """The loop of `manage.py audit_sealer`: lease, seal, copy the head outside every minute, until told to stop."""

    def __init__(self, *, stopping: Callable[[], bool], wait: Callable[[float], None] = time.sleep) -> None:
        self.owner = owner_name()
        self.stopping = stopping
        self.wait = wait
        self._renew_at = 0.0
        self._anchor_at = 0.0
        self._mine = False

    def run(self) -> None:
        ring()  # a missing or wrong key stops the start with its own sentence
        while not self.stopping():
            try:
                busy = self.step()
            except DatabaseError as error:
                # The database is away or locked: events stay listed, nothing is lost; try again calmly.
                self._mine = False
                log.warning("audit_sealer_waits", error=str(error)[:200])
                if not connection.in_atomic_block:
                    connection.close()
                self.wait(1.0)
                continue
            if not busy:
                self.wait(POLL_EVERY_S if self._mine else 1.0)
        self._finish()

    def step(self) -> bool:
        """One turn. True when more may be waiting."""
        now = time.monotonic()
        if now >= self._renew_at or not self._mine:
            held, self._mine = self._mine, take_lease(self.owner)
            if self._mine and not held:
                log.info("audit_sealer_works", owner=self.owner)
            self._renew_at = now + RENEW_EVERY_S
        if not self._mine:
            return False
        try:
            sealed = seal_batch(self.owner)
        except NotMyTurn:
            self._mine = False
            return False
        if now >= self._anchor_at:
            self._anchor_at = now + ANCHOR_EVERY_S
            self._anchor()
        return sealed == BATCH

    def _anchor(self) -> None:
        try:
            anchors.write_head()
        except OSError as error:
            log.error("audit_head_not_copied", error=str(error), path=str(anchors.path()))

    def _finish(self) -> None:
        """On an orderly stop nothing stays unsealed and the head outside is the newest."""
        if self._mine:
            try:
                while seal_batch(self.owner):
                    pass
                self._anchor()
                give_up_lease(self.owner)
            except (DatabaseError, NotMyTurn) as error:
                log.warning("audit_sealer_stopped_early", error=str(error)[:200])
