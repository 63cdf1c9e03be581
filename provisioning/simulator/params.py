"""A request's parameters: names in any case, checked against the command's catalogue entry as CloudStack does.

Order and texts of the refusals are the recorded ones: control characters, then each parameter in the catalogue's order
(missing, unreadable, entity unknown), then paging.
"""

from __future__ import annotations

import builtins
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioning.simulator.errors import PARAM_ERROR, ApiError, invalid, server_error

if TYPE_CHECKING:
    from provisioning.simulator.catalog_data import Command
    from provisioning.simulator.state import Obj, State

# What a uuid parameter names, where the command itself does not say otherwise (``refs=`` of ``@command``).
DEFAULT_REFS: dict[str, tuple[str, ...]] = {
    "zoneid": ("zone",),
    "podid": ("pod",),
    "clusterid": ("cluster",),
    "hostid": ("host",),
    "storageid": ("pool",),
    "physicalnetworkid": ("physicalnetwork",),
    "networkid": ("network",),
    "associatednetworkid": ("network",),
    "domainid": ("domain",),
    "accountid": ("account",),
    "projectid": ("project",),
    "userid": ("user",),
    "roleid": ("role",),
    "virtualmachineid": ("vm",),
    "volumeid": ("volume",),
    "snapshotid": ("snapshot",),
    "vmsnapshotid": ("vmsnapshot",),
    "templateid": ("template", "iso"),
    "isoid": ("iso",),
    "serviceofferingid": ("serviceoffering",),
    "diskofferingid": ("diskoffering",),
    "networkofferingid": ("networkoffering",),
    "vpcofferingid": ("vpcoffering",),
    "ipaddressid": ("ip",),
    "publicipid": ("ip",),
    "jobid": ("job",),
    "ostypeid": ("ostype",),
    "oscategoryid": ("oscategory",),
    "affinitygroupid": ("affinitygroup",),
    "securitygroupid": ("securitygroup",),
    "nspid": ("provider",),
    "vpcid": ("vpc",),
    "managementserverid": ("managementserver",),
    "imagestoreuuid": ("imagestore",),
    "imagestoreid": ("imagestore",),
    "nicid": ("nic",),
    "overridediskofferingid": ("diskoffering",),
    "routerid": ("router",),
    "parentdomainid": ("domain",),
    "keypairid": ("keypair",),
    "vlanid": ("vlan",),
}

_MAP = re.compile(r"^(\w+)\[(\d+)\](?:\.(.+))?$")
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
_UUID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
# Parameters of the request itself, in any case.
OWN = frozenset(
    {
        "apikey",
        "signature",
        "signatureversion",
        "expires",
        "command",
        "response",
        "sessionkey",
        "ctxaccountid",
        "ctxstarteventid",
        "ctxdetails",
        "_",
    }
)


def bad_value(command: str, name: str, value: str) -> ApiError:
    return ApiError(
        PARAM_ERROR,
        9999,
        f"Unable to execute API command {command.lower()} due to invalid value. Invalid parameter {name} "
        f"value={value} due to "
        "incorrect long value format, or entity does not exist or due to incorrect parameter annotation for "
        "the field in api "
        "cmd class.",
    )


class Params:
    """Typed access.  ``obj("zoneid")`` is the object that a uuid (or, as CloudStack allows, a database id) names."""

    def __init__(self, command: builtins.str, raw: dict[builtins.str, builtins.str]) -> None:
        self.command = command
        self.raw: dict[builtins.str, builtins.str] = {}
        self.maps_: dict[builtins.str, dict[builtins.int, dict[builtins.str, builtins.str]]] = {}
        for sent, value in raw.items():
            name = sent.lower()
            found = _MAP.match(sent)
            if found:
                entry = self.maps_.setdefault(found[1].lower(), {}).setdefault(int(found[2]), {})
                entry[found[3] or ""] = value
            elif name not in OWN:
                self.raw[name] = value
        self.objects: dict[builtins.str, Obj] = {}

    def has(self, name: builtins.str) -> builtins.bool:
        return self.raw.get(name, "") != "" or name in self.maps_

    def sent(self, name: builtins.str) -> builtins.bool:
        """Sent at all, an empty value included."""
        return name in self.raw

    def str(self, name: builtins.str) -> builtins.str | None:
        value = self.raw.get(name)
        return None if value is None or value == "" else value

    def text(self, name: builtins.str, default: builtins.str = "") -> builtins.str:
        return self.str(name) or default

    def need(self, name: builtins.str) -> builtins.str:
        value = self.str(name)
        if value is None:
            raise server_error(
                f"Unable to execute API command {self.command.lower()} due to missing parameter {name}", PARAM_ERROR
            )
        return value

    def int(self, name: builtins.str, default: builtins.int | None = None) -> builtins.int | None:
        value = self.str(name)
        return default if value is None else int(value)

    def bool(self, name: builtins.str, default: builtins.bool | None = None) -> builtins.bool | None:
        value = self.str(name)
        return default if value is None else value.lower() == "true"

    def flag(self, name: builtins.str) -> builtins.bool:
        return self.text(name).lower() == "true"

    def list(self, name: builtins.str) -> builtins.list[builtins.str]:
        value = self.str(name)
        return [] if value is None else [part.strip() for part in value.split(",") if part.strip()]

    def maps(self, name: builtins.str) -> builtins.list[dict[builtins.str, builtins.str]]:
        """``tags[0].key=a&tags[0].value=b`` → ``[{"key": "a", "value": "b"}]``, in order of index."""
        return [entry for _, entry in sorted(self.maps_.get(name, {}).items())]

    def merged(self, name: builtins.str) -> dict[builtins.str, builtins.str]:
        """``details[0].a=1&details[1].b=2`` → ``{"a": "1", "b": "2"}``; key/value pairs too."""
        out: dict[builtins.str, builtins.str] = {}
        for entry in self.maps(name):
            if set(entry) == {"key", "value"}:
                out[entry["key"]] = entry["value"]
            else:
                out.update(entry)
        return out

    def date(self, name: builtins.str) -> float | None:
        """Epoch seconds of ``yyyy-MM-dd`` or ``yyyy-MM-dd HH:mm:ss`` or ISO 8601."""
        value = self.str(name)
        return None if value is None else _date(value)

    def obj(self, name: builtins.str) -> Obj | None:
        return self.objects.get(name)

    def the(self, name: builtins.str) -> Obj:
        """The object a required parameter names; refused when the parameter is not there."""
        found = self.objects.get(name)
        if found is None:
            raise self._missing(name)
        return found

    # -- checks -------------------------------------------------------------------------------------------------------
    def check(self, entry: Command, refs: dict[builtins.str, tuple[builtins.str, ...]], state: State) -> None:
        for sent, value in self.raw.items():
            if _CONTROL.search(value):
                raise ApiError(
                    PARAM_ERROR,
                    9999,
                    f"Received value containing illegal ASCII non-printable characters for parameter {sent}",
                )
        self._check_paging_pair()
        for spec in entry.params:
            name = spec.name
            if name not in self.raw or (self.raw[name] == "" and spec.type != "string"):
                if spec.required and name not in self.maps_:
                    raise self._missing(name)
                continue
            value = self.raw[name]
            if spec.required and value == "" and not (entry.name == "updateConfiguration" and name == "value"):
                raise self._missing(name)
            self._check_value(spec.name, spec.type, value, spec.length)
            kinds = refs.get(name) or (DEFAULT_REFS.get(name) if spec.type == "uuid" else None)
            if kinds:
                self._resolve(name, spec.type, value, kinds, state)

    def _missing(self, name: builtins.str) -> ApiError:
        return server_error(
            f"Unable to execute API command {self.command.lower()} due to missing parameter {name}", PARAM_ERROR
        )

    def _check_paging_pair(self) -> None:
        if self.has("page") != self.has("pagesize") and self.raw.get("pagesize") != "-1":
            given, other = ("page", "pagesize") if self.has("page") else ("pagesize", "page")
            raise server_error(f'"{other}" parameter is required when "{given}" is specified', PARAM_ERROR)

    def _check_value(self, name: builtins.str, kind: builtins.str, value: builtins.str, length: builtins.int) -> None:
        if kind in ("integer", "long", "short"):
            try:
                int(value)
            except ValueError:
                raise bad_value(self.command, name, value) from None
        elif kind == "date" and _date(value) is None:
            raise ApiError(
                PARAM_ERROR,
                9999,
                f"Invalid date parameter {value} passed to command {self.command[:1].upper()}"
                f"{self.command[1:]}Cmd. Please pass dates in the format yyyy-MM-dd or yyyy-MM-dd HH:mm:ss",
            )
        elif kind == "string" and length and len(value) > length:
            raise invalid(f"Value greater than max allowed length {length} for param: {name}")

    def _resolve(
        self, name: builtins.str, kind: builtins.str, value: builtins.str, kinds: tuple[builtins.str, ...], state: State
    ) -> None:
        if kind == "list":
            for part in self.list(name):
                if self._find(part, kinds, state) is None:
                    raise bad_value(self.command, name, part)
            return
        found = self._find(value, kinds, state)
        if found is None:
            if value == "-1" and kind == "uuid":
                return
            raise bad_value(self.command, name, value)
        self.objects[name] = found

    def objs(self, name: builtins.str, kind: builtins.str, state: State) -> builtins.list[Obj]:
        """The objects a comma list names."""
        out = []
        for part in self.list(name):
            found = self._find(part, (kind,), state)
            if found is None:
                raise bad_value(self.command, name, part)
            out.append(found)
        return out

    @staticmethod
    def _find(value: builtins.str, kinds: tuple[builtins.str, ...], state: State) -> Obj | None:
        for kind in kinds:
            table = state.table(kind)
            found = table.get(value) or table.get(value.lower())
            if found is None and value.isdigit() and not _UUID.match(value):
                found = table.by_dbid.get(int(value))
            if found is not None:
                return found
        return None


def _date(text: str) -> float | None:
    for pattern in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S"):
        try:
            parsed = datetime.strptime(text, pattern)
        except ValueError:
            continue
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    return None
