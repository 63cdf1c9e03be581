"""The database itself refuses to change the trail, however one asks."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from provisioning.audit import triggers
from provisioning.audit.models import AuditEvent, AuditPending, AuditPersonalData, AuditSeal
from provisioning.audit.record import record
from provisioning.audit.sealer import seal_all


def an_event() -> AuditEvent:
    event = record("audit.verify", obj_type="cloud", obj_id="1", obj_name="prod-eu", reason="why")
    seal_all()
    return event


def refused(sql: str, *params: object) -> None:
    guard = pytest.raises(DatabaseError, match=r"append-only|only be erased")
    with guard, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.mark.parametrize("table", ["audit_auditevent", "audit_auditseal"])
def test_update_and_delete_are_refused(trail: str, table: str) -> None:
    an_event()
    column = "reason" if table == "audit_auditevent" else "hash"
    refused(f"UPDATE {table} SET {column} = 'other'")
    refused(f"DELETE FROM {table}")
    assert AuditEvent.objects.get().reason == "why"
    assert AuditSeal.objects.count() == 1


def test_the_orm_is_refused_too(trail: str) -> None:
    event = an_event()
    event.reason = "other"
    for change in (
        event.save,
        event.delete,
        lambda: AuditEvent.objects.update(reason="x"),
        lambda: AuditSeal.objects.all().delete(),
        lambda: AuditPersonalData.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert AuditEvent.objects.get().reason == "why"


def test_replacing_a_row_is_refused(trail: str) -> None:
    event = an_event()
    columns = [field.column for field in AuditEvent._meta.concrete_fields]
    listed = ", ".join(columns)
    values = ", ".join("'other'" if column == "reason" else column for column in columns)
    if trail == "sqlite":
        # Also from a connection that has not set recursive_triggers.
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers=OFF")
        try:
            refused(f"INSERT OR REPLACE INTO audit_auditevent ({listed}) SELECT {values} FROM audit_auditevent")
            by_uuid = ", ".join({"id": "99", "reason": "'other'"}.get(column, column) for column in columns)
            refused(f"INSERT OR REPLACE INTO audit_auditevent ({listed}) SELECT {by_uuid} FROM audit_auditevent")
            refused(
                "INSERT OR REPLACE INTO audit_auditseal (position, event_id, event_uuid, key_id, previous_hash, hash, "
                "sealed_at) SELECT position, 99, event_uuid, key_id, previous_hash, 'x', sealed_at FROM audit_auditseal"
            )
        finally:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA recursive_triggers=ON")
    refused(
        f"INSERT INTO audit_auditevent ({listed}) SELECT {values} FROM audit_auditevent WHERE true "
        "ON CONFLICT (id) DO UPDATE SET reason = 'other'"
    )
    assert AuditEvent.objects.get(pk=event.pk).reason == "why"
    assert AuditEvent.objects.count() == 1


def test_truncating_is_refused(trail: str) -> None:
    an_event()
    for table in ("audit_auditevent", "audit_auditseal", "audit_auditpersonaldata"):
        refused(f"DELETE FROM {table}" if trail == "sqlite" else f"TRUNCATE {table} CASCADE")
    assert AuditEvent.objects.count() == AuditSeal.objects.count() == 1


def test_a_replica_session_is_refused_as_well(trail: str) -> None:
    if trail == "sqlite":
        pytest.skip("Postgres alone has this way around triggers.")
    an_event()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        refused("UPDATE audit_auditevent SET reason = 'other'")
        refused("TRUNCATE audit_auditseal")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = origin")


def test_personal_data_can_be_erased_once_and_in_no_other_way_changed(trail: str) -> None:
    an_event()
    refused("UPDATE audit_auditpersonaldata SET name = 'somebody else'")
    refused("DELETE FROM audit_auditpersonaldata")
    refused("UPDATE audit_auditpersonaldata SET erased_at = %s", timezone.now().isoformat())
    emptied = {"name": "", "client_ip": "", "user_agent": "", "details": {}, "salt": "", "erased_at": timezone.now()}
    assert AuditPersonalData.objects.update(**emptied) == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditPersonalData.objects.update(name="back again")


def test_every_inserted_event_waits_for_its_seal_however_it_was_inserted(trail: str) -> None:
    event = AuditEvent(action="audit.verify", result="success")
    event.save()
    assert list(AuditPending.objects.values_list("event_id", flat=True)) == [event.pk]
    with transaction.atomic():
        record("audit.verify")
        transaction.set_rollback(True)
    assert AuditPending.objects.count() == 1


def test_a_guard_that_is_gone_or_changed_is_named(trail: str) -> None:
    assert triggers.missing(connection) == []
    name = triggers.names(connection.vendor)[0]
    try:
        with connection.cursor() as cursor:
            if trail == "sqlite":
                cursor.execute(f"DROP TRIGGER {name}")
            else:
                cursor.execute(f"ALTER TABLE audit_auditevent DISABLE TRIGGER {name}")
        assert triggers.missing(connection) == [name]
    finally:
        triggers.remove(connection)
        triggers.install(connection)
    assert triggers.missing(connection) == []
