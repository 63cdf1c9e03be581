"""The trail as evidence: JSON Lines with links, or CSV for a spreadsheet. Streams in constant memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from provisioning.audit.canonical import FIELDS_V1, timestamp
from provisioning.audit.read import Entry, Filters, stream
from provisioning.spreadsheet import safe_cell

COLUMNS = (
    "position", "uuid", "at", "who", "acting_role", "client_ip", "user_agent", "request_id", "action", "object_type",
    "object_id", "object_name", "cloud_uuid", "tenant_uuid", "result", "error", "reason", "before", "after", "run_id",
    "job_id", "hash",
)  # fmt: skip


def as_json(entry: Entry) -> dict[str, Any]:
    """One event with what verifies it: the sealed columns as they stand, the open personal data with its salt, and
    the link. `personal` parts are null where they were erased."""
    event: dict[str, Any] = {}
    for name in FIELDS_V1:
        value = getattr(entry.event, name)
        event[name] = timestamp(value) if name == "at" else str(value) if name.endswith("uuid") and value else value
    return {
        "event": event,
        "personal": {"actor": _person(entry.actor), "object": _person(entry.subject)},
        "link": None
        if entry.seal is None
        else {
            "position": entry.seal.position,
            "key_id": entry.seal.key_id,
            "previous_hash": entry.seal.previous_hash,
            "hash": entry.seal.hash,
            "sealed_at": timestamp(entry.seal.sealed_at),
        },
    }


def _person(row: Any) -> dict[str, Any] | None:
    if row is None or row.erased_at is not None:
        return None
    return {
        "part": str(row.part), "person_id": row.person_id, "name": row.name, "client_ip": row.client_ip,
        "user_agent": row.user_agent, "details": row.details, "salt": row.salt,
    }  # fmt: skip


def json_lines(filters: Filters) -> Iterator[str]:
    """One JSON document a line, oldest first."""
    for entry in stream(filters):
        yield json.dumps(as_json(entry), ensure_ascii=False, separators=(",", ":")) + "\n"


def csv_rows(filters: Filters) -> Iterator[str]:
    """CSV with a head, oldest first, UTC times. Cells that a spreadsheet would run as a formula get an apostrophe."""
    yield _line(COLUMNS)
    for entry in stream(filters):
        event = entry.event
        yield _line(
            (
                entry.seal.position if entry.seal else "", event.uuid, timestamp(event.at), entry.actor_name,
                event.acting_role, entry.client_ip, entry.user_agent, event.request_id, event.action,
                event.object_type, event.object_id, entry.object_name, event.cloud_uuid or "",
                event.tenant_uuid or "", event.result, event.error, event.reason, _flat(entry.side("before")),
                _flat(entry.side("after")), event.run_id, event.job_id, entry.seal.hash if entry.seal else "",
            )
        )  # fmt: skip


def _flat(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True) if values else ""


def _line(cells: tuple[Any, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(str(cell)) for cell in cells])
    return buffer.getvalue()
