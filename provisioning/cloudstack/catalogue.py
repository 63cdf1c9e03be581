"""The command catalogue: what `listApis` says this key may call. Sync, async and parameter names come from it alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Names that only read. `getUploadParamsFor…` makes an entry and an upload address; async commands never count as reads.
_READS = re.compile(r"^(list|get|query|find)(?!UploadParams)[A-Z]\w*$")
# Every command takes these, though listApis does not list them.
UNIVERSAL_PARAMETERS = frozenset(
    {"command", "response", "apikey", "signature", "signatureversion", "expires", "sessionkey", "ctxuserid"}
)


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command; `length` in characters, 0 when CloudStack gives none."""

    name: str
    type: str = ""
    is_required: bool = False
    length: int = 0
    since: str = ""


@dataclass(frozen=True)
class Command:
    name: str
    is_async: bool
    since: str
    parameters: Mapping[str, Parameter]
    http_method: str = ""

    @property
    def is_read(self) -> bool:
        return not self.is_async and is_read_name(self.name)

    def takes(self, parameter: str) -> bool:
        """Whether this version offers `parameter`; `details[0].key` counts as `details`."""
        base = parameter.partition("[")[0].lower()
        return base in self.parameters or base in UNIVERSAL_PARAMETERS

    def as_record(self) -> list[dict[str, Any]]:
        """The parameters as JSON values, to be stored and given back to `command_from`."""
        return [
            {"name": p.name, "type": p.type, "required": p.is_required, "length": p.length, "since": p.since}
            for p in self.parameters.values()
        ]


Catalogue = Mapping[str, Command]


def is_read_name(name: str) -> bool:
    """Whether a command of this name only reads, as far as its name can tell."""
    return bool(_READS.match(name))


def command_from(
    name: str, is_async: bool, since: str, params: Iterable[Mapping[str, Any]], http_method: str = ""
) -> Command:
    parameters = {}
    for raw in params:
        parameter = str(raw.get("name") or "")
        if parameter:
            parameters[parameter.lower()] = Parameter(
                name=parameter,
                type=str(raw.get("type") or ""),
                is_required=bool(raw.get("required")),
                length=int(raw.get("length") or 0),
                since=str(raw.get("since") or ""),
            )
    return Command(name, is_async, since, parameters, http_method.upper())


def read_catalogue(answer: Mapping[str, Any]) -> dict[str, Command]:
    """The commands in the inner answer of listApis, by name. Raises ValueError when there are none."""
    rows = answer.get("api")
    if not isinstance(rows, list) or not rows:
        raise ValueError("listApis gave no commands")
    commands = {}
    for row in rows:
        if isinstance(row, dict) and row.get("name"):
            command = command_from(
                str(row["name"]),
                bool(row.get("isasync")),
                str(row.get("since") or ""),
                [p for p in row.get("params") or [] if isinstance(p, dict)],
                str(row.get("httprequesttype") or ""),
            )
            commands[command.name] = command
    if not commands:
        raise ValueError("listApis gave no commands")
    return commands
