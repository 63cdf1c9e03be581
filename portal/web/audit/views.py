"""The audit trail, for reading: the chain's verdict, the list, one event, exports. Nothing here changes an event."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.http import Request, bad_request, require
from portal.web.accounts.devices import device_of
from portal.web.audit.diff import diff
from portal.web.audit.forms import AuditFilterForm
from provisioning.accounts.policies import can_export_audit, can_see_audit, can_verify_audit
from provisioning.audit import export as exporting
from provisioning.audit.models import AuditEvent
from provisioning.audit.read import neighbours, page, with_people
from provisioning.audit.record import record
from provisioning.audit.verdicts import ask_for_check, chain_state
from provisioning.inventory.models import Cloud

SIZE = 50
PAGING = ("before", "after", "event")


@require(can_see_audit)
@require_GET
def audit_list(request: Request) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    filters = form.filters()
    cursors = {name: _number(request.GET.get(name)) for name in ("before", "after")}
    found = page(filters, size=SIZE, **cursors) if filters is not None else None
    kept = request.GET.copy()
    for name in PAGING:
        kept.pop(name, None)
    for name in [name for name in kept if not kept[name]]:
        kept.pop(name)
    clouds: dict[UUID | None, str] = dict(Cloud.objects.values_list("uuid", "name"))
    context: dict[str, Any] = {
        "form": form,
        "found": found,
        "entries": [(entry, clouds.get(entry.event.cloud_uuid, "")) for entry in found.entries] if found else [],
        "active": filters.active() if filters else [],
        "query": kept.urlencode(),
        "chain": chain_state(),
        "can_verify": can_verify_audit(request.user),
        "can_export": can_export_audit(request.user),
        "is_newest": not any(cursors.values()),
    }
    part = "#results" if request.htmx and request.htmx.target == "audit-results" else ""
    return render(request, f"audit/list.html{part}", context, status=200 if filters is not None else 400)


@require(can_see_audit)
@require_GET
def detail(request: Request, uuid: UUID) -> HttpResponse:
    event = get_object_or_404(AuditEvent, uuid=uuid)
    entry = with_people([event])[0]
    clouds: dict[UUID | None, str] = dict(Cloud.objects.values_list("uuid", "name"))
    context = {
        "entry": entry,
        "event": event,
        "device": device_of(entry.user_agent) if entry.user_agent else "",
        "diff": diff(entry.side("before"), entry.side("after")),
        "has_diff": bool(entry.side("before") or entry.side("after")),
        "around": neighbours(event),
        "cloud_name": clouds.get(event.cloud_uuid, ""),
        "chain": chain_state(),
    }
    return render(request, "audit/detail.html", context)


@require(can_verify_audit, see=can_see_audit)
@require_POST
def verify(request: Request) -> HttpResponse:
    ask_for_check()
    if request.htmx:
        return render(request, "audit/list.html#verdict", {"chain": chain_state(), "can_verify": True})
    return HttpResponseRedirect(reverse("audit:list"))


@require(can_see_audit)
@require_GET
def verdict(request: Request) -> HttpResponse:
    """The banner alone, asked again while a check is running."""
    context = {"chain": chain_state(), "can_verify": can_verify_audit(request.user)}
    return render(request, "audit/list.html#verdict", context)


@require(can_export_audit, see=can_see_audit)
@require_GET
def export(request: Request, form: str) -> HttpResponse | StreamingHttpResponse:
    filters = AuditFilterForm(request.GET).filters()
    if filters is None:
        return bad_request(request)
    record("audit.export", obj_type="audit", after={"format": form, "filters": filters.active()})
    rows = exporting.csv_rows(filters) if form == "csv" else exporting.json_lines(filters)
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
    response = StreamingHttpResponse(_in_chunks(rows), content_type=kind)
    stamp = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    response["Content-Disposition"] = f'attachment; filename="audit-{stamp}.{form}"'
    response["Cache-Control"] = "no-store"
    return response


async def _in_chunks(rows: Iterator[str], size: int = 200) -> AsyncIterator[bytes]:
    """Under ASGI a plain iterator would be read whole before the first byte leaves."""

    def take() -> bytes:
        lines = list(islice(rows, size))
        close_old_connections()
        return "".join(lines).encode()

    while chunk := await sync_to_async(take, thread_sensitive=True)():
        yield chunk


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
