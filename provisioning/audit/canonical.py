"""The canonical form of an event: the same bytes on every database, Python and machine.

Version 1: JSON after RFC 8785 (JCS) in what matters here: keys sorted by UTF-16 code units, no white space, numbers as
ECMAScript prints them, strings with the shortest escapes, UTF-8. A later version adds a function; the old ones stay,
because old rows keep their `format_version`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import math
import uuid
from typing import Any

VERSION = 1
# Every column but the row number; the order is of no importance, the names are part of the form.
FIELDS_V1 = (
    "uuid", "at", "actor_id", "actor_commitment", "acting_role", "request_id", "action", "object_type", "object_id",
    "object_name", "object_commitment", "cloud_uuid", "tenant_uuid", "before", "after", "reason", "result", "error",
    "run_id", "job_id", "format_version",
)  # fmt: skip
GENESIS = "0" * 64


def storable(value: Any) -> Any:
    """`value` as plain JSON that SQLite and PostgreSQL give back unchanged.

    Unknown types become text, NUL (which PostgreSQL's jsonb cannot hold) the replacement character, and numbers that
    one of them would print in another way (beyond 2**53, not finite, whole floats) whole numbers or text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, str):
        return clean_text(str(value))
    if isinstance(value, dict):
        return {clean_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(storable(item)) for item in value)
    if isinstance(value, dt.datetime):
        return timestamp(value)
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """Without NUL and lone surrogates, which not every database can store."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")


def timestamp(at: dt.datetime) -> str:
    """UTC, microseconds always present: 2026-11-23T06:00:00.000000Z. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("An audit time without a time zone cannot be ordered.")
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("JSON has no such number.")
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa.removesuffix('.0')}e{'+' if int(exponent) > 0 else ''}{int(exponent)}"
    return text


def jcs(value: Any) -> str:
    """RFC 8785 for None, bool, int, float, str, list and dict. Raises TypeError for anything else."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(jcs(item) for item in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{jcs(value[key])}" for key in keys) + "}"
    raise TypeError(f"{type(value).__name__} has no canonical form.")


def canonical(fields: dict[str, Any]) -> bytes:
    """The bytes that are sealed for an event given as {column: value as the database gave it}.

    Raises ValueError for a format version that this program does not know.
    """
    if fields["format_version"] != VERSION:
        raise ValueError(f"format version {fields['format_version']} is unknown to this program")
    plain: dict[str, Any] = {}
    for name in FIELDS_V1:
        value = fields[name]
        if isinstance(value, uuid.UUID):
            value = str(value)
        elif isinstance(value, dt.datetime):
            value = timestamp(value)
        plain[name] = value
    return jcs(plain).encode("utf-8", "surrogatepass")


def link(key: bytes, previous_hash: str, position: int, body: bytes) -> str:
    """The hash of one link: HMAC-SHA-256 over a label, the previous hash, the position and the canonical event."""
    message = f"zonewright-audit-1\n{previous_hash}\n{position}\n".encode() + body
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def commitment(salt: str, values: dict[str, Any]) -> str:
    """HMAC-SHA-256(salt, canonical values): binds the plain text without telling it. `salt` is hex."""
    return hmac.new(bytes.fromhex(salt), jcs(values).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
