"""Sealing, verifying, and every way of tampering that verification must see."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from provisioning.audit import anchors, triggers
from provisioning.audit.context import AuditContext, acting
from provisioning.audit.erase import erase_person
from provisioning.audit.models import AuditEvent, AuditPending, AuditPersonalData, AuditSeal, AuditSealerLease
from provisioning.audit.record import record
from provisioning.audit.sealer import NotMyTurn, Sealer, seal_all, seal_batch, take_lease
from provisioning.audit.verify import verify
from tests.integration.audit.trails import sql, unguarded, write


def test_an_empty_trail_is_intact(trail: str) -> None:
    assert verify().intact


def test_rows_link_in_order_and_verify(trail: str) -> None:
    write(7)
    assert seal_batch(limit=3) == 3
    assert seal_all() == 4
    assert seal_batch() == 0
    seals = list(AuditSeal.objects.order_by("position"))
    assert [seal.position for seal in seals] == list(range(1, 8))
    assert all(later.previous_hash == earlier.hash for earlier, later in itertools.pairwise(seals))
    found = verify()
    assert (found.intact, found.sealed_count, found.waiting_count, found.problem) == (True, 7, 0, "")


def test_a_transaction_that_commits_late_is_linked_after_the_later_rows(trail: str) -> None:
    """Row numbers are given before commit; the chain's order is the sealer's."""
    if trail == "sqlite":
        pytest.skip("SQLite has one writer at a time.")
    inserted, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                record("audit.verify", obj_id="slow")
                inserted.set()
                may_commit.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert inserted.wait(20)
    record("audit.verify", obj_id="fast")
    assert seal_all() == 1
    may_commit.set()
    thread.join(20)
    assert seal_all() == 1
    order = [AuditEvent.objects.get(pk=pk).object_id for pk in AuditSeal.objects.values_list("event_id", flat=True)]
    assert order == ["fast", "slow"]
    assert verify().intact


FOURTH_EVENT = "id = (SELECT event_id FROM audit_auditseal WHERE position = 4)"
FOURTH_PERSON = "event_uuid = (SELECT event_uuid FROM audit_auditseal WHERE position = 4)"
# what was done → (statements, what verification says)
TAMPERING: dict[str, tuple[list[str], str]] = {
    "an event's reason was changed": (
        [f"UPDATE audit_auditevent SET reason = 'other' WHERE {FOURTH_EVENT}"],
        "changed after it was sealed",
    ),
    "a result was changed": (
        [f"UPDATE audit_auditevent SET result = 'denied' WHERE {FOURTH_EVENT}"],
        "changed after it was sealed",
    ),
    "an event was deleted": (
        [f"DELETE FROM audit_auditevent WHERE {FOURTH_EVENT}"],
        "event of this link was deleted",
    ),
    "event and link were deleted": (
        [f"DELETE FROM audit_auditevent WHERE {FOURTH_EVENT}", "DELETE FROM audit_auditseal WHERE position = 4"],
        "position 4 is gone",
    ),
    "two links were swapped": (
        [
            "UPDATE audit_auditseal SET position = -1 WHERE position = 4",
            "UPDATE audit_auditseal SET position = 4 WHERE position = 5",
            "UPDATE audit_auditseal SET position = 5 WHERE position = -1",
        ],
        "does not follow the one before",
    ),
    "a hash was changed": (
        ["UPDATE audit_auditseal SET hash = previous_hash WHERE position = 4"],
        "changed after it was sealed, or its link was",
    ),
    "a name was changed": (
        [f"UPDATE audit_auditpersonaldata SET name = 'somebody' WHERE {FOURTH_PERSON}"],
        "name, address or browser",
    ),
    "an address was changed": (
        [f"UPDATE audit_auditpersonaldata SET client_ip = '10.0.0.1' WHERE {FOURTH_PERSON}"],
        "name, address or browser",
    ),
    "personal data was deleted": (
        [f"DELETE FROM audit_auditpersonaldata WHERE {FOURTH_PERSON}"],
        "deleted instead of erased",
    ),
    "a key that nobody has": (
        ["UPDATE audit_auditseal SET key_id = 'stolen' WHERE position = 4"],
        "key stolen of this link",
    ),
    "a link from before the beginning": (
        ["UPDATE audit_auditseal SET position = 0 WHERE position = 4"],
        "before the beginning",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found_at_the_first_broken_row(trail: str, what: str) -> None:
    write(8)
    seal_all()
    statements, said = TAMPERING[what]
    with unguarded():
        for statement in statements:
            sql(statement)
    found = verify()
    assert not found.intact
    assert said in found.problem
    if what != "a link from before the beginning":
        assert found.broken_position == 4
        assert found.sealed_count == 3


def test_a_cut_tail_is_found_by_the_head_outside_and_only_by_it(trail: str) -> None:
    write(6)
    seal_all()
    head = anchors.write_head()
    assert head is not None and head.position == 6
    with unguarded():
        for pk in list(AuditSeal.objects.filter(position__gt=4).values_list("event_id", flat=True)):
            event = AuditEvent.objects.get(pk=pk)
            AuditPersonalData.objects.filter(event_uuid=event.uuid).delete()
            sql("DELETE FROM audit_auditevent WHERE id = %s", pk)
        sql("DELETE FROM audit_auditseal WHERE position > 4")
    found = verify()
    assert not found.intact
    assert "tail was cut" in found.problem and found.broken_position == 5
    # Life goes on: new events take the old positions, and the copied head still disagrees.
    write(4)
    seal_all()
    found = verify()
    assert not found.intact and "another hash" in found.problem and found.broken_position == 6
    anchors.path().unlink()
    assert verify().intact


def test_heads_outside_are_written_once_a_change_and_guarded(trail: str) -> None:
    write(1)
    seal_all()
    anchors.write_head()
    anchors.write_head()
    assert len(anchors.path().read_text().splitlines()) == 1
    assert anchors.path().stat().st_mode & 0o077 == 0
    write(1)
    seal_all()
    with anchors.path().open("a") as file:
        file.write('{"torn')  # power went away
    anchors.write_head()
    assert [line[:1] for line in anchors.path().read_text().splitlines()] == ["{", "{", "{"]
    assert "line 2 of the heads outside is damaged" in verify().problem.lower()
    lines = anchors.path().read_text().splitlines()
    forged = json.loads(lines[2])
    forged["position"] = 1
    anchors.path().write_text(lines[0] + "\n" + json.dumps(forged) + "\n")
    assert "not written by this installation" in verify().problem


def test_a_link_that_was_removed_alone_is_found(trail: str) -> None:
    write(3)
    seal_all()
    with unguarded():
        sql("DELETE FROM audit_auditseal WHERE position = 3")
    found = verify()
    assert not found.intact and "its link was removed" in found.problem


def test_missing_guards_are_a_broken_trail(trail: str) -> None:
    write(2)
    seal_all()
    triggers.remove(connection)
    try:
        assert "Guards of the database" in verify().problem
    finally:
        triggers.install(connection)
    assert verify().intact


def test_waiting_events_are_no_fault_until_they_are_late(trail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(3)
    found = verify()
    assert found.intact and found.waiting_count == 3 and not found.warnings
    monkeypatch.setattr("provisioning.audit.verify.LATE", dt.timedelta(0))
    assert "Is the sealer running?" in verify().warnings[0]


def test_keys_can_be_rotated(trail: str, settings: Any) -> None:
    write(2)
    seal_all()
    settings.AUDIT_KEYS = ["new:" + "bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleS0=", *settings.AUDIT_KEYS]
    write(2)
    seal_all()
    assert list(AuditSeal.objects.order_by("position").values_list("key_id", flat=True)) == [
        "test",
        "test",
        "new",
        "new",
    ]
    assert verify().intact
    settings.AUDIT_KEYS = settings.AUDIT_KEYS[:1]
    assert "test of this link is not in ZONEWRIGHT_AUDIT_KEYS" in verify().problem


def test_erasing_a_person_keeps_the_chain_whole(trail: str) -> None:
    write(3)
    with acting(AuditContext("u-2", "jonas", "administrator")):
        record("audit.verify", obj_type="user", obj_id="u-1", obj_name="marta", after={"email": "m@example.org"})
    seal_all()
    assert erase_person("marta", reason="asked for it") == 4
    seal_all()
    left = str(list(AuditPersonalData.objects.values())) + str(list(AuditEvent.objects.values()))
    for personal in ("marta", "m@example.org", "10.20.0.14", "Firefox"):
        assert personal not in left
    assert "jonas" in left
    assert verify().intact
    assert AuditEvent.objects.order_by("-pk").first().after == {"rows_erased": 4}  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="reason"):
        erase_person("jonas", reason=" ")


def test_two_sealers_at_once_make_one_chain(trail: str) -> None:
    write(120)
    failures: list[BaseException] = []

    def race() -> None:
        try:
            while seal_batch(limit=7):
                pass
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    seal_all()
    assert AuditSeal.objects.count() == 120
    assert verify().intact


def test_one_lease_at_a_time(trail: str) -> None:
    assert take_lease("a")
    assert take_lease("a")
    assert not take_lease("b")
    write(1)
    with pytest.raises(NotMyTurn):
        seal_batch("b")
    AuditSealerLease.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert take_lease("b")
    with pytest.raises(NotMyTurn):
        seal_batch("a")
    assert seal_batch("b") == 1


def test_writers_and_the_sealer_together_within_a_second(trail: str) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)
            finally:
                connections.close_all()

        return run

    sealer = Sealer(stopping=stop.is_set, wait=lambda seconds: stop.wait(seconds) and None)
    chain = threading.Thread(target=guarded(sealer.run))
    chain.start()
    writers = [threading.Thread(target=guarded(lambda: write(25))) for _ in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join(60)
    written = time.monotonic()
    while AuditPending.objects.exists() and time.monotonic() - written < 20:
        time.sleep(0.02)
    took = time.monotonic() - written
    stop.set()
    chain.join(20)
    assert not failures
    assert took < 5, f"sealed {took:.1f} s after the last write (the goal is 1 s on a quiet machine)"
    found = verify()
    assert found.intact and found.sealed_count == 100
    # An orderly stop copied the newest head out.
    assert found.anchor_position == 100
