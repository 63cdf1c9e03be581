"""Copies of the chain's head outside the database, so that a tail cut off inside it is found.

One JSON line each, appended and synced to disk: `at`, `position`, `hash`, and `mac`, an HMAC by the newest chain key,
so that a line cannot be made up by somebody who has only the file. Send the file elsewhere (syslog, object storage,
mail) to be safe from somebody who has the machine.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from provisioning.audit.canonical import jcs, timestamp
from provisioning.audit.keys import KeyRing, ring
from provisioning.audit.models import AuditSeal


@dataclass(frozen=True)
class Head:
    """A copied head: at time `at`, the link at `position` was the newest and had `hash`."""

    at: dt.datetime
    position: int
    hash: str


class BadAnchor(Exception):
    """A line of the file is damaged or was not written with a key of the ring."""


def path() -> Path:
    """Setting AUDIT_HEADS_PATH; `audit-heads.jsonl` in ZONEWRIGHT_HOME when it is not set."""
    chosen = getattr(settings, "AUDIT_HEADS_PATH", "")
    return Path(chosen) if chosen else Path(settings.HOME) / "audit-heads.jsonl"


def write_head() -> Head | None:
    """Append the current head unless the file ends with it already. None when the chain is empty.

    Raises OSError when the file cannot be written.
    """
    end = AuditSeal.objects.order_by("-position").values_list("position", "hash").first()
    if end is None:
        return None
    newest = last_head(ring())
    if newest is not None and newest.position >= end[0]:
        return newest
    keys = ring()
    head = Head(timezone.now(), end[0], end[1])
    body = {"at": timestamp(head.at), "position": head.position, "hash": head.hash, "key_id": keys.newest_id}
    line = jcs({**body, "mac": _mac(keys.newest, body)}) + "\n"
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = "\n" + line  # a power cut left half a line: end it, it will be reported
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return head


def _mac(key: bytes, body: dict[str, object]) -> str:
    return hmac.new(key, b"zonewright-audit-head-1\n" + jcs(body).encode(), hashlib.sha256).hexdigest()


def heads(keys: KeyRing | None = None, source: Path | None = None) -> Iterator[Head]:
    """Every copied head, oldest first, line by line. Raises BadAnchor; yields nothing when there is no file."""
    keys = keys or ring()
    source = source or path()
    if not source.exists():
        return
    with source.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _parse(line, number, keys)


def last_head(keys: KeyRing | None = None, source: Path | None = None) -> Head | None:
    """The newest whole line; a torn one at the end is passed over. Reads the file's end only."""
    keys = keys or ring()
    source = source or path()
    if not source.exists():
        return None
    with source.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        lines = file.read().decode("utf-8", "replace").splitlines()
    for line in reversed(lines):
        try:
            return _parse(line, 0, keys)
        except BadAnchor:
            continue
    return None


def _parse(line: str, number: int, keys: KeyRing) -> Head:
    try:
        body = json.loads(line)
        mac = body.pop("mac")
        key = keys.keys.get(body["key_id"])
        head = Head(dt.datetime.fromisoformat(body["at"]), int(body["position"]), str(body["hash"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadAnchor(f"line {number} of the heads outside is damaged") from None
    if key is None:
        raise BadAnchor(f"line {number} of the heads outside names a key that is not in ZONEWRIGHT_AUDIT_KEYS")
    if not hmac.compare_digest(_mac(key, body), str(mac)):
        raise BadAnchor(f"line {number} of the heads outside was not written by this installation")
    return head


def set_aside(label: str) -> Path | None:
    """Rename the file, so that a new series begins: after a restore from a backup, whose chain is shorter than the
    heads say. The old file is kept as evidence. None when there was none."""
    source = path()
    if not source.exists():
        return None
    target = source.with_name(f"{source.stem}.{label}{source.suffix}")
    source.rename(target)
    return target
