"""What every CloudStack installation ships, read from ``data/`` (see ``data/README.md``).

Everything here is immutable for the process: callers copy what they change. Identifiers are absent on purpose, because
an installation makes its own.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DATA_DIR = Path(__file__).parent / "data"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command as ``listApis`` tells it; ``length`` is in characters."""

    name: str
    type: str
    required: bool
    length: int
    since: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseField:
    """One field of a command's answer; ``response`` holds the fields of a nested object or list."""

    name: str
    type: str
    response: tuple[ResponseField, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One API command. ``user``: the default *User* role may call it."""

    name: str
    isasync: bool
    since: str | None
    related: tuple[str, ...]
    user: bool
    params: tuple[Parameter, ...]
    response: tuple[ResponseField, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One global setting with its released default (``None``: the server lists no default)."""

    name: str
    category: str
    group: str
    subgroup: str
    type: str
    isdynamic: bool
    component: str
    displaytext: str
    described: bool
    defaultvalue: str | None = None
    parent: str | None = None
    options: str | None = None
    scopes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class OsType:
    """One guest operating system and the name of its category."""

    name: str
    description: str
    category: str
    isuserdefined: bool
    fordisplay: bool


def _read(name: str) -> Any:
    path = DATA_DIR / f"{name}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    with gzip.open(DATA_DIR / f"{name}.json.gz", "rt", encoding="utf-8") as stream:
        return json.load(stream)


def _fields(raw: list[list[Any]]) -> tuple[ResponseField, ...]:
    return tuple(ResponseField(r[0], r[1], _fields(r[2]) if len(r) > 2 else ()) for r in raw)


@cache
def commands() -> dict[str, Command]:
    """Every command by its exact name (865 of 4.23)."""
    return {
        raw["name"]: Command(
            name=raw["name"],
            isasync=raw["isasync"],
            since=raw["since"],
            related=tuple(raw["related"]),
            user=raw["user"],
            params=tuple(Parameter(*p) for p in raw["params"]),
            response=_fields(raw["response"]),
        )
        for raw in _read("commands")
    }


@cache
def settings() -> dict[str, Setting]:
    """Global settings by name, in the order the server lists them."""
    found = {}
    for raw in _read("settings"):
        raw["scopes"] = tuple(raw.get("scopes", ()))
        found[raw["name"]] = Setting(**raw)
    return found


@cache
def os_types() -> tuple[OsType, ...]:
    """Guest operating systems in the order the server lists them."""
    return tuple(OsType(*raw) for raw in _read("os_types"))


@cache
def rows(name: str) -> tuple[Row, ...]:
    """The entries of one of the plain lists in ``data/`` (file name without suffix). Do not change them in place."""
    return tuple(_read(name))


@cache
def names(name: str) -> tuple[str, ...]:
    """The entries of a list of plain names: ``event_types``, ``hypervisors``, ``deployment_planners``."""
    return tuple(_read(name))


@cache
def capabilities() -> Row:
    """What ``listCapabilities`` says of a fresh installation, without what its settings change."""
    return dict(_read("capabilities"))


@cache
def mapping(name: str) -> dict[str, Any]:
    """One of the plain mappings in ``data/`` (file name without suffix). Do not change it in place."""
    return dict(_read(name))
