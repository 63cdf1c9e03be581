from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from provisioning.live.models import LiveEvent
from provisioning.live.reading import BATCH, GAP_OPEN_S, Cursor, events_after, position, trim

pytestmark = pytest.mark.django_db
TOPIC = f"cloud.{uuid.UUID(int=1)}"
OTHER = f"cloud.{uuid.UUID(int=2)}"


def store(*seqs: int, topic: str = TOPIC, at: datetime | None = None) -> None:
    LiveEvent.objects.bulk_create(
        LiveEvent(pk=seq, topic=topic, kind="k", created_at=at or timezone.now()) for seq in seqs
    )


def seqs(events: list | None) -> list[int]:
    assert events is not None
    return [event.seq for event in events]


def test_cursor_reads_each_event_once() -> None:
    store(1, 2)
    cursor = Cursor(top=0)
    assert seqs(cursor.read()) == [1, 2]
    assert seqs(cursor.read()) == []
    store(3)
    assert seqs(cursor.read()) == [3]
    assert cursor.settled == 3


def test_cursor_delivers_a_lower_number_that_commits_late() -> None:
    cursor = Cursor(top=0)
    store(1, 3, 6)
    assert seqs(cursor.read()) == [1, 3, 6]
    assert cursor.settled == 1
    store(2)
    assert seqs(cursor.read()) == [2]
    assert cursor.settled == 3
    store(7, 4)
    assert seqs(cursor.read()) == [4, 7]
    assert cursor.settled == 4


def test_gap_of_a_rolled_back_insert_closes_in_time() -> None:
    cursor = Cursor(top=0)
    store(1, 3)
    cursor.read()
    assert cursor.settled == 1
    cursor.read(timezone.now() + timedelta(seconds=GAP_OPEN_S + 1))
    assert cursor.settled == 3


def test_jump_of_the_sequence_costs_no_memory() -> None:
    cursor = Cursor(top=0)
    store(10_000_000)
    assert seqs(cursor.read()) == [10_000_000]
    assert len(cursor.gaps) <= BATCH


def test_position_stops_below_an_open_gap_only() -> None:
    assert position() == 0
    old = timezone.now() - timedelta(seconds=GAP_OPEN_S * 2)
    store(1, 2, 5, at=old)
    assert position() == 5
    store(6, 8)
    assert position() == 6


def test_catch_up_gives_the_topics_asked_for() -> None:
    store(1, 2)
    store(3, topic=OTHER)
    store(4)
    assert seqs(events_after(1, {TOPIC}, 10)) == [2, 4]
    assert seqs(events_after(0, {TOPIC, OTHER}, 10)) == [1, 2, 3, 4]
    assert seqs(events_after(4, {TOPIC}, 10)) == []


def test_catch_up_is_bounded() -> None:
    store(1, 2, 3)
    assert seqs(events_after(1, {TOPIC}, 2)) == [2, 3]
    assert events_after(0, {TOPIC}, 2) is None


def test_catch_up_says_when_it_may_lack_trimmed_events() -> None:
    store(10, 11)
    assert seqs(events_after(9, {TOPIC}, 10)) == [10, 11]
    assert events_after(8, {TOPIC}, 10) is None
    assert events_after(12, {TOPIC}, 10) is None, "a number from before the database was restored"


def test_trim_keeps_what_is_young_and_the_newest() -> None:
    old = timezone.now() - timedelta(hours=30)
    store(1, 2, at=old)
    store(3, 4)
    assert trim(timedelta(hours=24), 100) == 2
    assert trim(timedelta(hours=24), 1) == 1
    LiveEvent.objects.update(created_at=old)
    assert trim(timedelta(hours=24), 100) == 0
    assert LiveEvent.objects.get().pk == 4
