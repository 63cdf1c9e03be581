"""Rows stand with their change and fall with it; refusals stay."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction

from provisioning.audit.context import AuditContext, acting
from provisioning.audit.models import AuditEvent, AuditPending, AuditPersonalData
from provisioning.audit.record import record, record_refusal

MARTA = AuditContext("7c1f", "marta", "operator", "10.20.0.14", "Firefox 145", "req-1")


class Stop(Exception):
    pass


def actions() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("object_id", "result"))


def test_a_row_stands_in_the_transaction_of_its_change(trail: str) -> None:
    with transaction.atomic():
        record("audit.verify", obj_id="kept")
    with pytest.raises(Stop), transaction.atomic():
        record("audit.verify", obj_id="lost")
        raise Stop
    assert actions() == [("kept", "success")]
    assert AuditPersonalData.objects.count() == AuditPending.objects.count() == 1


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("ends", ["rollback", "commit"])
def test_a_refusal_stays_whichever_way_the_transaction_ends(trail: str, depth: int, ends: str) -> None:
    def nested(left: int) -> None:
        if left == 0:
            with acting(MARTA):
                record_refusal("audit.verify", obj_id="refused", error="no")
            if ends == "rollback" and depth:
                raise Stop
            return
        with transaction.atomic():
            nested(left - 1)

    try:
        nested(depth)
    except Stop:
        pass
    assert actions() == [("refused", "denied")]
    # Who it was is kept from the moment of the refusal, not of the writing.
    assert AuditPersonalData.objects.get().name == "marta"
    assert AuditEvent.objects.get().request_id == "req-1"


def test_a_refusal_caught_inside_does_not_disturb_the_change_that_goes_on(trail: str) -> None:
    with transaction.atomic():
        record("audit.verify", obj_id="before")
        with pytest.raises(Stop), transaction.atomic():
            record("audit.verify", obj_id="inner")
            record_refusal("audit.verify", obj_id="refused")
            record_refusal("audit.verify", obj_id="failed", result="failed")
            raise Stop
        assert ("refused", "denied") not in actions()  # our own transaction is still open
        record("audit.verify", obj_id="after")
    assert actions() == [("before", "success"), ("after", "success"), ("refused", "denied"), ("failed", "failed")]


def test_the_connection_is_as_before_afterwards(trail: str) -> None:
    wrapper = connections["default"]
    for _ in range(3):
        with pytest.raises(Stop), transaction.atomic():
            record_refusal("audit.verify")
            raise Stop
        assert "set_autocommit" not in vars(wrapper)
        assert not hasattr(wrapper, "_zonewright_refusals")
        assert connection.get_autocommit()
    assert AuditEvent.objects.count() == 3


def test_on_commit_hooks_still_run_and_once(trail: str) -> None:
    ran: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: ran.append("hook"))
        record_refusal("audit.verify")
    assert ran == ["hook"]
    assert AuditEvent.objects.count() == 1


def test_a_refusal_does_not_wait_for_its_own_callers_lock(trail: str) -> None:
    """With a second connection this would hang on SQLite: the caller holds the write lock."""
    done = threading.Event()

    def work() -> None:
        try:
            with transaction.atomic():
                record("audit.verify", obj_id="change")
                record_refusal("audit.verify", obj_id="refused")
                transaction.set_rollback(True)
            done.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(15)
    assert done.is_set()
    assert actions() == [("refused", "denied")]


def test_a_broken_connection_loses_the_change_and_keeps_the_refusal(trail: str) -> None:
    with pytest.raises(Stop), transaction.atomic():
        record("audit.verify", obj_id="change")
        record_refusal("audit.verify", obj_id="refused")
        connection.close()
        raise Stop
    assert actions() == [("refused", "denied")]


def test_a_refusal_that_cannot_be_stored_does_not_become_a_crash(trail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from provisioning.audit import record as module

    said: list[str] = []
    monkeypatch.setattr(module, "_insert", lambda prepared: 1 / 0)
    monkeypatch.setattr(module.log, "critical", lambda event, **_: said.append(event))
    record_refusal("audit.verify")
    assert said == ["audit_refusal_not_stored"]


def test_any_text_can_be_recorded(trail: str) -> None:
    nasty = "NUL \x00 lone \ud800 emoji 🛰 <b>markup</b> עברית\u202e"
    record("audit.verify", obj_name=nasty, reason=nasty, error=nasty, after={nasty: nasty, "big": 2**70, "f": 1e300},
           before={"nan": float("nan"), "bytes": b"\xff", "set": {1, 2}})  # fmt: skip
    event = AuditEvent.objects.get()
    assert "markup" in event.object_name
    assert event.after is not None and event.after["big"] == str(2**70)


def test_unknown_actions_and_results_are_refused(trail: str) -> None:
    with pytest.raises(ValueError, match="not registered"):
        record("cloud.sing")
    with pytest.raises(ValueError):
        record("audit.verify", result="perhaps")
    assert not AuditEvent.objects.exists()


def test_secrets_do_not_reach_the_trail(trail: str) -> None:
    record("audit.verify", before={"secret_key": "hush-hush"}, after={"nested": [{"apiKey": "hush-hush"}]},
           error="GET https://c/?apiKey=hush-hush&signature=hush-hush")  # fmt: skip
    event = AuditEvent.objects.get()
    assert "hush" not in f"{event.before}{event.after}{event.error}"


def test_a_person_as_object_leaves_no_name_in_the_sealed_row(trail: str) -> None:
    with acting(MARTA):
        record("audit.verify", obj_type="user", obj_id="u-1", obj_name="alice",
               after={"username": "alice", "email": "alice@example.org", "role": "auditor"})  # fmt: skip
    event = AuditEvent.objects.get()
    sealed = str({field.name: getattr(event, field.name) for field in AuditEvent._meta.concrete_fields})
    for personal in ("alice", "marta", "10.20.0.14", "Firefox"):
        assert personal not in sealed
    assert event.after == {"role": "auditor"}
    assert AuditPersonalData.objects.get(part="object").details == {
        "after": {"username": "alice", "email": "alice@example.org"}
    }


@pytest.mark.django_db
class TestInsideATestCasesTransaction:
    """The usual test wraps everything in a transaction; a refusal there stays at the end of the caller's block."""

    def test_outside_any_block_it_is_written_at_once(self) -> None:
        record_refusal("audit.verify", obj_id="refused")
        assert actions() == [("refused", "denied")]

    def test_it_survives_the_callers_rollback(self) -> None:
        with pytest.raises(Stop), transaction.atomic(), transaction.atomic():
            record("audit.verify", obj_id="change")
            record_refusal("audit.verify", obj_id="refused")
            raise Stop
        assert actions() == [("refused", "denied")]
        with transaction.atomic():
            record_refusal("audit.verify", obj_id="again")
        assert len(actions()) == 2
