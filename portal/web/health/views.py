"""Health: what is not as it should be, most harmful first."""

from __future__ import annotations

import csv
import json
import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from monitoring.health.reading import closed_problems, problems
from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for, remember_cloud
from portal.web.health.listing import FACETS, kinds, listing, records
from portal.web.inventory.export_views import safe_cell
from portal.web.nav_counts import health_of
from provisioning.accounts import policies


@require_safe
@require(policies.can_see_health)
def index(request: Request, cloud: uuid.UUID) -> HttpResponse:
    """The page; htmx gets its body alone. Filters: severity, plane, kind, zone."""
    found = cloud_for(request, cloud)
    ranked = problems(found, request.user)
    health = health_of(request, request.user, found)
    context = {
        "cloud": found,
        "topic": f"cloud.{found.uuid}",
        "health": health,
        "list": listing(found, ranked, request.GET.dict()),
        "kinds": kinds(found, health),
        "ended": closed_problems(found, request.user, limit=8),
    }
    template = "health/index.html#body" if request.htmx and not request.htmx.boosted else "health/index.html"
    return remember_cloud(render(request, template, context), found)


@require_safe
@require(policies.can_see_health)
def export(request: Request, cloud: uuid.UUID, form: str) -> HttpResponse:
    """The problems that the filters let through, as CSV or JSON, times in UTC."""
    if form not in {"csv", "json"}:
        raise Http404
    found = cloud_for(request, cloud)
    chosen = {key: request.GET[key] for key in FACETS if request.GET.get(key)}
    rows = records(problems(found, request.user), chosen)
    if form == "json":
        body = json.dumps({"cloud": found.name, "problems": rows}, ensure_ascii=False, indent=1)
        response = HttpResponse(body, content_type="application/json")
    else:
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        names = ["uuid", "rule", "severity"] if not rows else list(rows[0])
        writer = csv.writer(response)
        writer.writerow(names)
        writer.writerows([safe_cell(row[name]) for name in names] for row in rows)
    stamp = timezone.now().strftime("%Y%m%d-%H%M%SZ")
    response["Content-Disposition"] = f'attachment; filename="{slugify(found.name) or "cloud"}-health-{stamp}.{form}"'
    response["Cache-Control"] = "no-store"
    return response
