"""One writer per cloud: a lease in the database with a heartbeat, and a fence that an overtaken owner runs into."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import psutil
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from provisioning.inventory.models import Cloud, SyncLease

# Longer than the longest single call with its repetitions; a crashed worker on this machine is noticed at once.
LEASE_S = 120


class LeaseLost(Exception):
    """Another worker took over: stop at once, write nothing more."""


def this_worker() -> str:
    """Who we are: host, process, when it started (a process number is used again), thread."""
    process = psutil.Process()
    return f"{socket.gethostname()[:60]}|{os.getpid()}|{int(process.create_time())}|{threading.get_native_id()}"


def is_dead(owner: str) -> bool:
    """Whether `owner` was a process of this machine that has ended. False for owners on other machines."""
    host, _, rest = owner.partition("|")
    parts = rest.split("|")
    if host != socket.gethostname()[:60] or len(parts) < 2 or not parts[0].isdigit():
        return False
    try:
        return int(psutil.Process(int(parts[0])).create_time()) != int(parts[1])
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


@dataclass
class Lease:
    """A held lease; every write transaction begins with `renew`."""

    pk: int
    owner: str
    fence: int

    @classmethod
    def take(cls, cloud: Cloud, purpose: str, owner: str = "") -> Lease | None:
        """The lease, or None when a living worker holds it."""
        owner = owner or this_worker()
        row, _made = SyncLease.objects.get_or_create(cloud=cloud, purpose=purpose)
        now = timezone.now()
        free = Q(owner="") | Q(expires_at__isnull=True) | Q(expires_at__lt=now)
        if row.owner and is_dead(row.owner):
            free |= Q(owner=row.owner, fence=row.fence)
        with transaction.atomic():
            taken = SyncLease.objects.filter(free, pk=row.pk).update(
                owner=owner, fence=F("fence") + 1, expires_at=_end(now)
            )
            if not taken:
                return None
            return cls(row.pk, owner, SyncLease.objects.values_list("fence", flat=True).get(pk=row.pk))

    def renew(self) -> None:
        """Prolong; in a transaction this locks the row, so nobody takes over before the commit. Raises LeaseLost."""
        held = SyncLease.objects.filter(pk=self.pk, owner=self.owner, fence=self.fence)
        if not held.update(expires_at=_end(timezone.now())):
            raise LeaseLost

    def release(self) -> None:
        SyncLease.objects.filter(pk=self.pk, owner=self.owner, fence=self.fence).update(owner="", expires_at=None)


def holder(cloud: Cloud, purpose: str) -> str:
    """The living owner of the lease, "" when it is free."""
    row = SyncLease.objects.filter(cloud=cloud, purpose=purpose).first()
    if row is None or not row.owner or row.expires_at is None or row.expires_at < timezone.now() or is_dead(row.owner):
        return ""
    return row.owner


def _end(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)
