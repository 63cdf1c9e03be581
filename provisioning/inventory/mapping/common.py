"""Reading CloudStack's loosely typed JSON: every field is optional, numbers may be text, percentages carry a sign."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Raw = Mapping[str, Any]

_NUMBER = re.compile(r"^\s*(-?\d+(?:\.\d+)?)")
_MAX_BIGINT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Mapped:
    """One object for the mirror, before its links are resolved.

    `fields` are columns; `refs` are links by CloudStack id, "" for none, as {column: id}; `metrics` are columns that
    change with every look and are written apart, without counting as a change.
    """

    fields: dict[str, Any]
    refs: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


def text(raw: Raw, *names: str) -> str:
    """The first of `names` that has a value, as text."""
    for name in names:
        value = raw.get(name)
        if value is not None and value != "":
            return value if isinstance(value, str) else str(value)
    return ""


def listed(raw: Raw, name: str) -> str:
    """A value that is text in one version and a list in another, as comma-separated text."""
    value = raw.get(name)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


def number(raw: Raw, *names: str) -> float | None:
    """The first of `names` that holds a number: 1.5, "1.5", "1.56%", "23.54 GB" (the unit is dropped)."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, bool) or value is None:
            continue
        found = None if isinstance(value, int | float) else _NUMBER.match(str(value).replace(",", ""))
        if found or isinstance(value, int | float):
            try:
                read = float(found[1] if found else value)
            except OverflowError:
                continue
            if math.isfinite(read):
                return read
    return None


def whole(raw: Raw, *names: str) -> int | None:
    """Like `number`, rounded down; None when it does not fit the database."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value if -_MAX_BIGINT <= value <= _MAX_BIGINT else None
    found = number(raw, *names)
    return int(found) if found is not None and abs(found) < _MAX_BIGINT else None


def flag(raw: Raw, name: str, default: bool = False) -> bool:
    value = raw.get(name)
    if isinstance(value, bool):
        return value
    if value is None:
        return default
    return str(value).strip().lower() in ("true", "1", "yes")


def maybe(raw: Raw, name: str) -> bool | None:
    """A flag that may be unknown."""
    return None if raw.get(name) is None else flag(raw, name)


def when(raw: Raw, *names: str) -> datetime | None:
    """An aware time from `YYYY-MM-DDTHH:MM:SS+0000`; None when it is missing or not one."""
    for name in names:
        value = raw.get(name)
        if value:
            found = parse_time(str(value))
            if found:
                return found
    return None


def parse_time(value: str) -> datetime | None:
    """CloudStack's time with an offset, or without one (then UTC)."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def tags(raw: Raw) -> dict[str, str]:
    """Resource tags as {key: value}, in the order of their keys."""
    rows = raw.get("tags")
    if not isinstance(rows, list):
        return {}
    pairs = {str(row["key"]): str(row.get("value") or "") for row in rows if isinstance(row, dict) and row.get("key")}
    return dict(sorted(pairs.items()))


def dicts(raw: Raw, name: str) -> list[dict[str, Any]]:
    """The objects in the list under `name`; none when it is no list."""
    rows = raw.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def link(raw: Raw, name: str) -> str:
    """The CloudStack id under `name`, "" for none."""
    value = raw.get(name)
    return str(value) if value else ""


_LIMITED = (
    "vm", "ip", "volume", "snapshot", "template", "project", "network", "vpc", "cpu", "memory", "primarystorage",
    "secondarystorage", "backup", "backupstorage", "bucket", "objectstorage", "gpu",
)  # fmt: skip


def limits(raw: Raw) -> dict[str, dict[str, float | None]]:
    """{resource: {"limit", "used", "available"}} of an account, domain or project; a limit of None is unlimited.

    CPU in cores, memory in MiB, storage in GiB, as CloudStack counts them.
    """
    found: dict[str, dict[str, float | None]] = {}
    for resource in _LIMITED:
        if f"{resource}limit" in raw or f"{resource}total" in raw:
            found[resource] = {
                "limit": _amount(raw, f"{resource}limit"),
                "used": _amount(raw, f"{resource}total"),
                "available": _amount(raw, f"{resource}available"),
            }
    return found


def _amount(raw: Raw, name: str) -> float | None:
    value = number(raw, name)
    if value is None or value == -1:
        return None
    return int(value) if value == int(value) else value


def common(raw: Raw, *, state: str = "state", name: tuple[str, ...] = ("name",)) -> dict[str, Any]:
    """The columns that every kind has."""
    return {
        "name": text(raw, *name),
        "state": text(raw, state),
        "tags": tags(raw),
        "cloudstack_created_at": when(raw, "created"),
    }


def owner_refs(raw: Raw) -> dict[str, str]:
    """Links to domain, account and project. An account is named by domain and name: `account_key`."""
    return {
        "domain": link(raw, "domainid"),
        "account": account_key(text(raw, "domainid"), text(raw, "account")),
        "project": link(raw, "projectid"),
    }


def account_key(domain_id: str, account_name: str) -> str:
    """How an account is found from other objects, which never give its id."""
    return f"{domain_id}/{account_name}" if domain_id and account_name else ""


_SEGMENT = re.compile(r"^(?P<type>[a-z0-9]+)://(?P<id>\d+)", re.IGNORECASE)


def segment(uri: str) -> tuple[str, int | None]:
    """(type, id) of a broadcast URI: vlan://176 → ("vlan", 176), vlan://untagged → ("vlan", None), "" → ("", None).

    CloudStack also writes pvlan://100-i200: the primary id counts.
    """
    if found := _SEGMENT.match(uri):
        return found["type"].lower(), int(found["id"])
    if "://" in uri:
        return uri.partition("://")[0].lower()[:16], None
    return "", None


def joined(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values if value)
