"""Answers as bytes: JSON and XML as recorded, lists with ``count``, refusals.

A handler's result is a dict, or a ``Listing`` whose objects are only turned into JSON for the asked page, from bytes
prepared earlier where nothing they show has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import orjson

from provisioning.simulator.errors import ApiError

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.state import Obj

VERSION = "4.23.0.0-SNAPSHOT"
JSON_TYPE = "application/json;charset=utf-8"
XML_TYPE = "text/xml;charset=utf-8"

View = Callable[["Obj", "Ctx"], dict[str, Any]]


def dumps(value: Any) -> bytes:
    """JSON; absent (None) fields of a view are left out by ``clean``, not here."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def clean(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that have no value, at any depth: CloudStack never prints null."""
    return {name: _clean(value) for name, value in fields.items() if value is not None}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return clean(value)
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return [_clean(item) for item in value]
    return value


class Listing:
    """A list answer: ``name`` of the array, all found objects counted, one page of them shown.

    ``rows`` are objects (shown through ``view``) or ready dicts.  ``cacheable``: the view depends on nothing but the
    object,
    names of related ones and the caller's kind of role, so its JSON may be kept with the object.
    """

    def __init__(
        self,
        name: str,
        rows: Sequence[Any],
        total: int,
        ctx: Ctx,
        view: View | None,
        cacheable: bool,
        always_count: bool = True,
    ) -> None:
        self.name = name
        self.rows = rows
        self.total = total
        self.ctx = ctx
        self.view = view
        self.cacheable = cacheable
        self.always_count = always_count

    def dicts(self) -> list[dict[str, Any]]:
        if self.view is None:
            return [clean(row) for row in self.rows]
        return [clean(self.view(row, self.ctx)) for row in self.rows]

    def items(self) -> Iterable[bytes]:
        """Each row as JSON, prepared ones first looked for."""
        view = self.view
        if view is None or not self.cacheable:
            return [dumps(row) for row in self.dicts()]
        key = f"{view.__name__}:{self.ctx.role_kind}"
        epoch = self.ctx.state.epoch
        out = []
        for obj in self.rows:
            kept = None if obj.prepared is None else obj.prepared.get(key)
            if kept is None or kept[0] != epoch:
                # orjson hands out bytes in a buffer many times their size; what is kept is copied into one that fits.
                kept = (epoch, bytes(memoryview(dumps(clean(view(obj, self.ctx))))))
                if obj.prepared is None:
                    obj.prepared = {}
                obj.prepared[key] = kept
            out.append(kept[1])
        return out

    def json(self) -> bytes:
        if not self.total:
            return b"{}"
        if not self.rows:
            # A page beyond the end keeps its count and loses its array.
            return b'{"count":%d}' % self.total
        return b'{"count":%d,%s:[%s]}' % (self.total, dumps(self.name), b",".join(self.items()))

    def fields(self) -> dict[str, Any]:
        if not self.total:
            return {}
        if not self.rows:
            return {"count": self.total}
        return {"count": self.total, self.name: self.dicts()}


Result = dict[str, Any] | Listing


def _xml_value(name: str, value: Any, out: list[str]) -> None:
    if value is None:
        return
    if isinstance(value, dict):
        out.append(f"<{name}>")
        for key, inner in value.items():
            _xml_value(str(key), inner, out)
        out.append(f"</{name}>")
    elif isinstance(value, (list, tuple)):
        for item in value:
            _xml_value(name, item, out)
    elif isinstance(value, bool):
        out.append(f"<{name}>{'true' if value else 'false'}</{name}>")
    else:
        out.append(f"<{name}>{escape(str(value))}</{name}>")


def xml(envelope: str, fields: dict[str, Any], *, version: bool = True) -> bytes:
    """An XML answer; the refusals before a caller is known carry no version attribute."""
    attribute = f' cloud-stack-version="{VERSION}"' if version else ""
    out = [f'<?xml version="1.0" encoding="UTF-8"?><{envelope}{attribute}>']
    for name, value in fields.items():
        _xml_value(name, value, out)
    out.append(f"</{envelope}>")
    return "".join(out).encode()


def success(envelope: str, result: Result, as_json: bool) -> bytes:
    if as_json:
        body = result.json() if isinstance(result, Listing) else dumps(clean(result))
        return b'{"%s":%s}' % (envelope.encode(), body)
    return xml(envelope, result.fields() if isinstance(result, Listing) else clean(result))


def refusal(envelope: str, error: ApiError, as_json: bool) -> bytes:
    fields: dict[str, Any] = {"uuidList": error.uuids, "errorcode": error.status}
    if error.cs is not None:
        fields["cserrorcode"] = error.cs
    fields["errortext"] = error.text
    if as_json:
        return dumps({envelope: fields})
    return xml(envelope, fields, version=error.status != 401)
