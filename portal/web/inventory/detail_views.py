"""The page of one object: states, relations, facts, lists, history, events, jobs and the raw answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for
from portal.web.inventory import history as histories
from portal.web.inventory.detail_extras import extras_of, thresholds_of
from portal.web.inventory.detail_specs import Related, parts_of, related_of
from portal.web.inventory.listing import respond, table_for
from portal.web.inventory.raw import raw_of
from portal.web.inventory.tables import RECORDS, TABLES
from portal.web.table_spec import BadParameter, Viewer
from portal.web.tables import Count, Table, bounded_count
from provisioning.accounts import policies
from provisioning.inventory.kinds import KINDS, Kind


@dataclass
class Tab:
    key: str
    label: str | Promise
    url: str
    is_current: bool
    count: Count | None = None


def find_object(request: Request, cloud_uuid: uuid.UUID, slug: str, object_uuid: uuid.UUID) -> tuple[Viewer, Kind, Any]:
    """The object if there is one and this person may see it; Http404 alike in both other cases."""
    viewer = Viewer(request.user, cloud_for(request, cloud_uuid))
    kind = KINDS.get(slug)
    if kind is None:
        raise Http404
    spec = TABLES[slug]
    links = sorted({(c.path or c.key).replace(".", "__") for c in spec.columns if c.cell == "link"})
    row = spec.rows(viewer).filter(uuid=object_uuid).select_related(*links).first()
    if row is None:
        raise Http404
    row.cloud = viewer.cloud
    return viewer, kind, row


@require_GET
@require(policies.can_use_console)
def object_detail(request: Request, cloud: uuid.UUID, kind: str, uuid: uuid.UUID) -> HttpResponse:
    """One object. `?tab=` chooses what is below its head; an unknown tab is the overview."""
    viewer, found_kind, obj = find_object(request, cloud, kind, uuid)
    base = reverse("inventory:detail", args=[cloud, kind, uuid])
    related = {item.slug: item for item in related_of(kind, viewer)}
    wanted = request.GET.get("tab", "overview")
    tables = {slug: _related_table(request, viewer, obj, item, base) for slug, item in related.items()}
    parts = parts_of(kind, viewer)
    context: dict[str, Any] = {
        "obj": obj,
        "kind": found_kind,
        "slug": kind,
        "spec": TABLES[kind],
        "parts": parts,
        "extras": extras_of(obj, kind, viewer),
        "viewer": viewer,
        "cloud": viewer.cloud,
        "tab": wanted,
    }
    fixed = {
        "overview": _("Overview"),
        **{slug: KINDS[slug].plural for slug in related},
        "history": _("History"),
        "events": _("CloudStack events"),
        "jobs": _("Jobs"),
        **({"raw": _("Raw")} if viewer.sees_infrastructure else {}),
    }
    if wanted not in fixed:
        wanted = context["tab"] = "overview"
    is_part = bool(request.htmx and request.htmx.target == "zw-list")
    counts = {} if is_part else {
        slug: bounded_count(table.base.filter(gone_at__isnull=True)) for slug, table in tables.items()
    }  # fmt: skip
    context["tabs"] = [
        Tab(key, label, base if key == "overview" else f"{base}?tab={key}", key == wanted, counts.get(key))
        for key, label in fixed.items()
    ]
    if wanted in tables:
        return respond(
            request, "inventory/detail.html", tables[wanted], {**context, **_full_list(related[wanted], obj)}
        )
    if wanted in {"events", "jobs"}:
        table = _record_table(request, viewer, obj, wanted, base)
        return respond(request, "inventory/detail.html", table, context)
    if wanted == "history":
        context["source"] = request.GET.get("source", "") if request.GET.get("source") in histories.SOURCES else ""
        try:
            context["history"] = histories.history_of(obj, viewer, context["source"], request.GET.get("after", ""))
        except BadParameter as problem:
            context["history"], context["history_problem"] = histories.History(), problem
    elif wanted == "raw":
        context["raw"] = raw_of(obj, kind)
        context["raw_url"] = reverse("inventory:raw", args=[cloud, kind, uuid])
    else:
        context["recent"] = histories.history_of(obj, viewer).entries[:8]
        context["thresholds"] = thresholds_of(obj, kind, parts.meters)
    return render(request, "inventory/detail.html", context)


def _related_table(request: Request, viewer: Viewer, obj: Any, item: Related, base: str) -> Table:
    hidden = frozenset({item.key} if item.key else ())
    return table_for(request, TABLES[item.slug], viewer, path=base, fixed=item.rows(obj), hidden=hidden)


def _full_list(item: Related, obj: Any) -> dict[str, str]:
    """The same rows as a list of its own, with its exports, when a filter can say so."""
    if not item.key:
        return {}
    query = f"?{item.key}={obj.uuid}"
    return {
        "full_list_url": reverse("inventory:list", args=[obj.cloud.uuid, item.slug]) + query,
        "csv_url": reverse("inventory:export", args=[obj.cloud.uuid, item.slug, "csv"]) + query,
        "json_url": reverse("inventory:export", args=[obj.cloud.uuid, item.slug, "json"]) + query,
    }


def _record_table(request: Request, viewer: Viewer, obj: Any, slug: str, base: str) -> Table:
    field = {"events": "resource_cloudstack_id", "jobs": "instance_cloudstack_id"}[slug]
    fixed = Q(**{field: obj.cloudstack_id})
    return table_for(request, RECORDS[slug], viewer, path=base, fixed=fixed, hidden=frozenset({"object"}))


@require_GET
@require(policies.can_see_infrastructure)
def raw_download(request: Request, cloud: uuid.UUID, kind: str, uuid: uuid.UUID) -> HttpResponse:
    """The raw answer as a file. Without secrets."""
    _viewer, _kind, obj = find_object(request, cloud, kind, uuid)
    raw = raw_of(obj, kind)
    if raw is None:
        raise Http404
    response = HttpResponse(raw.text, content_type="application/json")
    name = slugify(str(obj)) or "object"
    response["Content-Disposition"] = f'attachment; filename="{kind}-{name}.json"'
    return response
