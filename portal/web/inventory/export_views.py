"""CSV and JSON of a filtered list: every page of it, streamed, in memory one page at a time."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from portal.http import Request, problem, require
from portal.web import cells
from portal.web.clouds.lookup import cloud_for
from portal.web.inventory.listing import spec_for, table_for
from portal.web.table_spec import Column, Viewer
from portal.web.tables import Table
from provisioning.accounts import policies
from provisioning.spreadsheet import safe_cell

CHUNK_ROWS = 2_000
# What a spreadsheet would run as a formula when a cell begins with it (OWASP, CSV injection), full-width forms too.
FORMS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@require_GET
@require(policies.can_use_console)
def export(request: Request, cloud: uuid.UUID, kind: str, form: str) -> HttpResponse | StreamingHttpResponse:
    """The rows of a list as its address filters and sorts them, with its columns. 400 when a filter cannot be meant."""
    if form not in FORMS:
        raise Http404
    found = cloud_for(request, cloud)
    table = table_for(request, spec_for(request.user, kind), Viewer(request.user, found))
    _checked = table.rows
    if table.errors:
        return problem(request, 400, " ".join(str(error) for error in table.errors))
    writer = _csv if form == "csv" else _json
    response = StreamingHttpResponse(writer(table), content_type=FORMS[form])
    stamp = timezone.now().strftime("%Y%m%d-%H%M%SZ")
    response["Content-Disposition"] = f'attachment; filename="{slugify(found.name) or "cloud"}-{kind}-{stamp}.{form}"'
    response["Cache-Control"] = "no-store"
    return response


def _next_rows(table: Table, after: str) -> tuple[list[Any], str]:
    _named = table.viewer.tenant_names  # a query of its own: not in the event loop
    page = table.fetch(CHUNK_ROWS, after)
    return page.rows, page.next_cursor


async def chunks(table: Table) -> AsyncIterator[list[Any]]:
    """The rows in order, by keyset pages: no transaction stays open while a slow reader reads."""
    after = ""
    while True:
        rows, after = await sync_to_async(_next_rows)(table, after)
        if rows:
            yield rows
        if not after:
            return


def flat(column: Column, value: Any) -> Iterator[tuple[str, Any]]:
    """The CSV columns of one value: relations are name and uuid, fills are used and total."""
    if column.cell in {"link", "linked", "tenant", "changed"}:
        value = value or {}
        yield column.key, value.get("name", "")
        yield f"{column.key}_uuid", value.get("uuid", "")
    elif column.cell == "fill":
        value = value or {}
        yield column.key, value.get("used")
        yield column.second.rsplit(".", 1)[-1], value.get("total")
    elif isinstance(value, (dict, list)):
        yield column.key, json.dumps(value, ensure_ascii=False) if value else ""
    else:
        yield column.key, value


def exported_columns(table: Table) -> list[Column]:
    """The visible columns; what identifies a row is always first and not written twice."""
    return [column for column in table.columns if column.key not in {"uuid", "cloudstack_id"}]


def as_dict(row: Any, columns: list[Column], viewer: Viewer) -> dict[str, Any]:
    identity = {"uuid": str(row.uuid)}
    if hasattr(row, "cloudstack_id"):
        identity["cloudstack_id"] = row.cloudstack_id
    return {**identity, **{column.key: cells.plain(column, row, viewer) for column in columns}}


async def _csv(table: Table) -> AsyncIterator[bytes]:
    columns, buffer = exported_columns(table), io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    header = ["uuid", *(["cloudstack_id"] if has_cloudstack_id(table) else [])]
    header = list(dict.fromkeys([*header, *(name for column in columns for name, _none in flat(column, None))]))
    writer.writerow(header)
    yield buffer.getvalue().encode()
    async for rows in chunks(table):
        buffer.seek(0)
        buffer.truncate()
        for row in rows:
            values = as_dict(row, columns, table.viewer)
            for column in columns:
                values.update(flat(column, values[column.key]))
            writer.writerow([safe_cell("" if values[name] is None else values[name]) for name in header])
        yield buffer.getvalue().encode("utf-8", "replace")


def has_cloudstack_id(table: Table) -> bool:
    return any(item.name == "cloudstack_id" for item in table.base.model._meta.get_fields())


async def _json(table: Table) -> AsyncIterator[bytes]:
    columns, first = exported_columns(table), True
    yield b"["
    async for rows in chunks(table):
        parts = [
            json.dumps(as_dict(row, columns, table.viewer), ensure_ascii=False, default=str).encode("utf-8", "replace")
            for row in rows
        ]
        yield (b"\n" if first else b",\n") + b",\n".join(parts)
        first = False
    yield b"\n]\n"
