"""Reading live events in order, without losing those that commit late.

Sequence numbers are handed out at insert, but become visible at commit: on Postgres 8 can appear before 7.
A reader that only remembers "the highest I saw" loses 7. `Cursor` therefore keeps a *settled* position, below which
nothing can appear any more, and remembers what it has seen above it. A gap in the numbers is open until it is filled or
until `GAP_OPEN_S` have gone by (a rolled-back insert leaves a gap for ever; no write transaction lasts that long).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Min
from django.utils import timezone

from provisioning.live.models import LiveEvent

GAP_OPEN_S = 60
# Read at most this many rows at a time.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """One live event; `seq` is unique and roughly ascending."""

    seq: int
    topic: str
    kind: str
    payload: dict[str, Any]
    created_at: datetime

    def as_message(self) -> dict[str, Any]:
        """What a browser gets."""
        return {"seq": self.seq, "topic": self.topic, "kind": self.kind, "payload": self.payload}


@dataclass
class Cursor:
    """A place in the stream of all events: the highest number seen, and the lower numbers that may still appear."""

    top: int
    # number that has not appeared → when the number after it was handed out
    gaps: dict[int, datetime] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """Every event up to here was read or will never come: what a reader may safely go on from after a break."""
        return min(self.gaps) - 1 if self.gaps else self.top

    def read(self, now: datetime | None = None) -> list[Event]:
        """Events that became visible since the last call, ascending, late ones first; at most `BATCH` new. Moves on."""
        late = list(LiveEvent.objects.filter(pk__in=self.gaps).order_by("pk")) if self.gaps else []
        new = list(LiveEvent.objects.filter(pk__gt=self.top).order_by("pk")[:BATCH])
        for row in new:
            # A jump of the sequence may be huge (a restore): only numbers just below can belong to open transactions.
            for missing in range(max(self.top + 1, row.pk - BATCH), row.pk):
                self.gaps[missing] = row.created_at
            self.top = row.pk
        for row in late:
            self.gaps.pop(row.pk, None)
        closed_before = (now or timezone.now()) - timedelta(seconds=GAP_OPEN_S)
        self.gaps = {seq: noticed for seq, noticed in self.gaps.items() if noticed > closed_before}
        return [_event(row) for row in (*late, *new)]


def cursor_now() -> Cursor:
    """A cursor behind everything that is visible now, still waiting for lower numbers that are on their way."""
    now = timezone.now()
    old = LiveEvent.objects.filter(created_at__lte=now - timedelta(seconds=GAP_OPEN_S)).aggregate(Max("pk"))["pk__max"]
    if old is None:
        first = LiveEvent.objects.aggregate(Min("pk"))["pk__min"]
        # Nothing older to stand on: a lower number may still be on its way.
        old = 0 if first is None or first <= BATCH else first - BATCH
    cursor = Cursor(top=old)
    while cursor.read(now):
        pass
    return cursor


def position() -> int:
    """A sequence number from which a catch-up misses nothing that is not visible now; 0 when there are no events.

    A page puts it beside the data it was rendered from, *before* it reads them.
    """
    return cursor_now().settled


def events_after(after: int, topics: set[str], limit: int) -> list[Event] | None:
    """Events on `topics` above `after`, ascending. None when there are more than `limit`, or when some of them may have
    been trimmed already: then only a fresh page tells the truth."""
    ends = LiveEvent.objects.aggregate(oldest=Min("pk"), newest=Max("pk"))
    if after != 0 and (ends["oldest"] is None or not ends["oldest"] - 1 <= after <= ends["newest"]):
        # Trimmed since, or a number from another life of this database (restored from a backup).
        return None
    rows = list(LiveEvent.objects.filter(topic__in=topics, pk__gt=after).order_by("pk")[: limit + 1])
    return None if len(rows) > limit else [_event(row) for row in rows]


def trim(keep: timedelta, max_rows: int) -> int:
    """Delete events older than `keep`, and the oldest beyond `max_rows`. Returns how many. Short transactions only."""
    cutoff = LiveEvent.objects.filter(created_at__lt=timezone.now() - keep).aggregate(Max("pk"))["pk__max"] or 0
    newest = LiveEvent.objects.aggregate(Max("pk"))["pk__max"] or 0
    # The newest row always stays: it tells a reconnecting page whether it missed something that was trimmed.
    cutoff = min(max(cutoff, newest - max_rows), newest - 1)
    deleted = 0
    while True:
        batch = list(LiveEvent.objects.filter(pk__lte=cutoff).order_by("pk").values_list("pk", flat=True)[:5000])
        if not batch:
            return deleted
        deleted += LiveEvent.objects.filter(pk__gte=batch[0], pk__lte=batch[-1]).delete()[0]


def _event(row: LiveEvent) -> Event:
    return Event(row.pk, row.topic, row.kind, row.payload, row.created_at)
