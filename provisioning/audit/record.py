"""The only writer of audit rows.

`record` inserts in the transaction of the change it tells of: both are there or neither is. `record_refusal` tells of
an attempt that was denied or failed, and survives the rollback of the transaction it is called in.

How it survives. A second connection would wait for the caller's own write lock on SQLite, and would take a second
connection of a small pool on PostgreSQL while the first is held. So the refusal is kept on the connection and written
in a transaction of its own at the moment the caller's outermost transaction has ended, be it by commit or rollback:
both end in `connection.set_autocommit(True)`, which is where we wait. It is logged at once, too, so that a process
killed in between has left a trace.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from provisioning.audit import actions
from provisioning.audit.canonical import VERSION, clean_text, commitment, storable
from provisioning.audit.context import AuditContext, current
from provisioning.audit.models import AuditEvent, AuditPersonalData
from provisioning.secrets.redaction import redact, redact_text

log = structlog.get_logger(__name__)

PERSON = "user"
# Fields of a person that must be erasable; they never stand in the sealed row itself.
PERSONAL_FIELDS = frozenset({"username", "full_name", "email", "name", "client_ip", "user_agent"})


def record(
    action: str,
    *,
    obj_type: str = "",
    obj_id: object = "",
    obj_name: str = "",
    cloud_uuid: uuid.UUID | str | None = None,
    tenant_uuid: uuid.UUID | str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    result: str = "success",
    error: str = "",
    run_id: object = "",
    job_id: object = "",
) -> AuditEvent:
    """Insert one event in the current transaction (or in one of its own when there is none).

    `before`/`after` hold only what changed, secrets are redacted. With `obj_type="user"` the name and the personal
    fields go to the erasable side table. Raises ValueError for an action that is not registered or an unknown result.
    """
    return _insert(
        _prepare(action, current(), obj_type, obj_id, obj_name, cloud_uuid, tenant_uuid, before, after, reason, result,
                 error, run_id, job_id)
    )  # fmt: skip


def record_refusal(
    action: str,
    *,
    obj_type: str = "",
    obj_id: object = "",
    obj_name: str = "",
    cloud_uuid: uuid.UUID | str | None = None,
    tenant_uuid: uuid.UUID | str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    result: str = "denied",
    error: str = "",
    run_id: object = "",
    job_id: object = "",
) -> None:
    """Record an attempt that was `denied` or `failed`; it stays when the caller's transaction is rolled back."""
    prepared = _prepare(
        action, current(), obj_type, obj_id, obj_name, cloud_uuid, tenant_uuid, before, after, reason, result, error,
        run_id, job_id,
    )  # fmt: skip
    event = prepared[0]
    log.warning("audit_refusal", action=action, result=result, object_type=event.object_type,
                object_id=event.object_id, event_uuid=str(event.uuid), error=event.error)  # fmt: skip
    if _depth() == 0:
        _insert_or_log(prepared)
    else:
        _after_outermost_transaction(lambda: _insert_or_log(prepared))


Prepared = tuple[AuditEvent, list[AuditPersonalData]]


def _prepare(
    action: str,
    context: AuditContext,
    obj_type: str,
    obj_id: object,
    obj_name: str,
    cloud_uuid: uuid.UUID | str | None,
    tenant_uuid: uuid.UUID | str | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    reason: str,
    result: str,
    error: str,
    run_id: object,
    job_id: object,
) -> Prepared:
    actions.known(action)
    event = AuditEvent(
        at=timezone.now(),
        actor_id=context.actor_id[:64],
        acting_role=context.acting_role[:64],
        request_id=clean_text(context.request_id)[:64],
        action=action,
        object_type=obj_type[:64],
        object_id=clean_text(str(obj_id))[:64],
        object_name=clean_text(str(obj_name))[:255],
        cloud_uuid=_uuid(cloud_uuid),
        tenant_uuid=_uuid(tenant_uuid),
        before=storable(redact(before)),
        after=storable(redact(after)),
        reason=clean_text(reason),
        result=AuditEvent.Result(result).value,
        error=clean_text(redact_text(error)),
        run_id=clean_text(str(run_id))[:64],
        job_id=clean_text(str(job_id))[:64],
        format_version=VERSION,
    )
    people = [
        _commit(event, AuditPersonalData.Part.ACTOR, context.actor_id, context.actor_name, context.client_ip,
                context.user_agent, {})
    ]  # fmt: skip
    if obj_type == PERSON:
        details: dict[str, Any] = {}
        event.before = _split(event.before, details, "before")
        event.after = _split(event.after, details, "after")
        people.append(
            _commit(event, AuditPersonalData.Part.OBJECT, event.object_id, event.object_name, "", "", details)
        )
        event.object_name = ""
    return event, people


def _uuid(value: uuid.UUID | str | None) -> uuid.UUID | None:
    return value if value is None or isinstance(value, uuid.UUID) else uuid.UUID(value)


def _split(values: dict[str, Any] | None, details: dict[str, Any], side: str) -> dict[str, Any] | None:
    if not values:
        return values
    personal = {key: value for key, value in values.items() if key in PERSONAL_FIELDS}
    if personal:
        details[side] = personal
    return {key: value for key, value in values.items() if key not in PERSONAL_FIELDS}


def committed_values(row: AuditPersonalData) -> dict[str, Any]:
    """What the commitment of a personal row is taken over."""
    return {
        "part": str(row.part), "person_id": row.person_id, "name": row.name, "client_ip": row.client_ip,
        "user_agent": row.user_agent, "details": row.details,
    }  # fmt: skip


def _commit(
    event: AuditEvent, part: str, person_id: str, name: str, client_ip: str, user_agent: str, details: dict[str, Any]
) -> AuditPersonalData:
    row = AuditPersonalData(
        event_uuid=event.uuid,
        part=str(part),
        person_id=person_id[:64],
        salt=secrets.token_hex(16),
        name=clean_text(name)[:255],
        client_ip=clean_text(client_ip)[:64],
        user_agent=clean_text(user_agent)[:300],
        details=details,
    )
    value = commitment(row.salt, committed_values(row))
    if part == AuditPersonalData.Part.ACTOR:
        event.actor_commitment = value
    else:
        event.object_commitment = value
    return row


def _insert(prepared: Prepared) -> AuditEvent:
    event, people = prepared
    if connection.in_atomic_block:
        # No savepoint: a failure here must take the change with it.
        event.save(force_insert=True)
        AuditPersonalData.objects.bulk_create(people)
    else:
        with transaction.atomic():
            event.save(force_insert=True)
            AuditPersonalData.objects.bulk_create(people)
    return event


def _insert_or_log(prepared: Prepared) -> None:
    """A refusal that cannot be stored must not turn the refusal itself into a crash; it is shouted into the log."""
    try:
        _insert(prepared)
    except Exception:
        event = prepared[0]
        log.critical("audit_refusal_not_stored", action=event.action, result=event.result,
                     actor_id=event.actor_id, object_type=event.object_type, object_id=event.object_id,
                     request_id=event.request_id, exc_info=True)  # fmt: skip


def _wrapper() -> BaseDatabaseWrapper:
    """The real connection object of this thread behind Django's proxy."""
    return connections[DEFAULT_DB_ALIAS]


def _of_testcase(wrapper: BaseDatabaseWrapper) -> int:
    return sum(1 for block in wrapper.atomic_blocks if getattr(block, "_from_testcase", False))


def _depth() -> int:
    """How many transactions of the caller are open. A test case's own wrapping one does not count (as for
    Django's `durable`): it stands for "no transaction"."""
    wrapper = _wrapper()
    return len(wrapper.atomic_blocks) - _of_testcase(wrapper) if wrapper.in_atomic_block else 0


def _after_outermost_transaction(write: Callable[[], None]) -> None:
    """Call `write` once when the outermost transaction on this connection has ended, whichever way."""
    wrapper = _wrapper()
    waiting: list[Callable[[], None]] | None = vars(wrapper).get("_zonewright_refusals")
    if waiting is not None:
        waiting.append(write)
        return
    waiting = vars(wrapper)["_zonewright_refusals"] = [write]
    # Inside a test case's transaction the outermost block of the caller is only a savepoint.
    names = ["set_autocommit"] + (["savepoint_commit", "savepoint_rollback"] if _of_testcase(wrapper) else [])

    def hooked(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            finally:
                if _depth() == 0 and vars(wrapper).pop("_zonewright_refusals", None) is not None:
                    for name in names:
                        vars(wrapper).pop(name, None)
                    for one in waiting:
                        one()

        return call

    for name in names:
        setattr(wrapper, name, hooked(getattr(wrapper, name)))
