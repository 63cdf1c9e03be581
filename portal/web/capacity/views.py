"""Capacity: how full each place is, against the cloud's own thresholds."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from monitoring.capacity.reading import CapacityRow, Level, current
from portal.http import Request, require
from portal.web.capacity.page import NoSuchPlace, Page, build
from portal.web.clouds.lookup import cloud_for, remember_cloud
from provisioning.accounts import policies
from provisioning.inventory.models import Cloud
from provisioning.spreadsheet import safe_cell


@require_safe
@require(policies.can_see_capacity)
def index(request: Request, cloud: uuid.UUID) -> HttpResponse:
    """The page; htmx gets its body alone. 404 for a place that is not there."""
    found = cloud_for(request, cloud)
    context = {"cloud": found, "topic": f"cloud.{found.uuid}", "capacity": _page(request, found)}
    template = "capacity/index.html#body" if request.htmx and not request.htmx.boosted else "capacity/index.html"
    return remember_cloud(render(request, template, context), found)


@require_safe
@require(policies.can_see_capacity)
def series_csv(request: Request, cloud: uuid.UUID) -> HttpResponse:
    """Every point of the series that the page shows, times in UTC."""
    found = cloud_for(request, cloud)
    page = _page(request, found)
    if page.chart is None or page.chosen is None or page.place is None:
        raise Http404
    unit = page.chosen.type.unit.value or "count"
    rows = (
        [
            point.at.isoformat(),
            point.used,
            point.peak,
            point.total,
            "" if point.fraction is None else f"{point.fraction:.6f}",
        ]
        for point in page.chart.points
    )
    return _csv(found, f"{page.chosen.type.name.lower()}-{page.place.name}",
                ["at", f"used_{unit}", f"peak_{unit}", f"total_{unit}", "fraction"], rows)  # fmt: skip


@require_safe
@require(policies.can_see_capacity)
def export(request: Request, cloud: uuid.UUID, form: str) -> HttpResponse:
    """Every current figure of every place, hosts too."""
    if form not in {"csv", "json"}:
        raise Http404
    found = cloud_for(request, cloud)
    records = [_record(row) for row in current(found, Level.values)]
    if form == "json":
        body = json.dumps({"cloud": found.name, "capacity": records}, ensure_ascii=False, indent=1)
        response = HttpResponse(body, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{_stem(found, "capacity")}.json"'
        response["Cache-Control"] = "no-store"
        return response
    names = list(_NAMES)
    return _csv(found, "capacity", names, ([record[name] for name in names] for record in records))


_NAMES = (
    "level", "place", "place_uuid", "path", "type", "type_name", "unit", "used", "reserved", "total", "fraction",
    "notify", "disable", "sampled_at",
)  # fmt: skip


def _record(row: CapacityRow) -> dict[str, Any]:
    return {
        "level": str(row.level),
        "place": row.place_name,
        "place_uuid": str(row.place_uuid),
        "path": row.place.path,
        "type": row.type_number,
        "type_name": row.type_name,
        "unit": row.unit.value or "count",
        "used": row.used,
        "reserved": row.reserved,
        "total": row.total,
        "fraction": None if row.fraction is None else round(row.fraction, 6),
        "notify": row.notify,
        "disable": row.disable,
        "sampled_at": row.sampled_at.isoformat(),
    }


def _page(request: Request, cloud: Cloud) -> Page:
    try:
        return build(cloud, request.GET.dict())
    except NoSuchPlace:
        raise Http404 from None


def _csv(cloud: Cloud, what: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_stem(cloud, what)}.csv"'
    response["Cache-Control"] = "no-store"
    writer = csv.writer(response)
    writer.writerow(head)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return response


def _stem(cloud: Cloud, what: str) -> str:
    return f"{slugify(cloud.name) or 'cloud'}-{slugify(what)}-{timezone.now():%Y%m%d-%H%M%SZ}"
