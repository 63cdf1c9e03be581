"""Health: what is not as it should be, most harmful first."""

from __future__ import annotations

import csv
import json
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from monitoring.health import operations
from monitoring.health.models import HealthProblem
from monitoring.health.reading import closed_problems, problems
from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for, remember_cloud
from portal.web.health.listing import FACETS, kinds, listing, records
from portal.web.nav_counts import health_of
from provisioning.accounts import policies
from provisioning.inventory.errors import Refused
from provisioning.spreadsheet import safe_cell


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
        "list": listing(
            found, ranked, request.GET.dict(), may_acknowledge=policies.can_acknowledge_problems(request.user)
        ),
        "kinds": kinds(found, health),
        "ended": closed_problems(found, request.user, limit=8),
    }
    template = "health/index.html#body" if request.htmx and not request.htmx.boosted else "health/index.html"
    return remember_cloud(render(request, template, context), found)


@require_http_methods(["GET", "POST"])
@require(policies.can_acknowledge_problems, see=policies.can_see_health)
def acknowledge(request: Request, cloud: uuid.UUID, problem: uuid.UUID) -> HttpResponse:
    """GET: the dialog. POST: acknowledge with a note, or `take_back`. 409 for a problem that has ended."""
    found = cloud_for(request, cloud)
    row = HealthProblem.objects.for_user(request.user).filter(cloud=found, uuid=problem).first()
    if row is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            if "take_back" in request.POST:
                operations.take_back(problem, request.user)
                messages.success(request, _("Taken back: it counts among what needs a person again."))
            else:
                operations.acknowledge(problem, request.user, request.POST.get("note", ""))
                messages.success(request, _("Acknowledged. It stays listed until it ends or gets worse."))
        except Refused as refused:
            error = refused.sentence
        else:
            response = HttpResponse(status=204) if request.htmx else redirect("health:index", cloud=found.uuid)
            response["HX-Refresh"] = "true"
            return response
    context = {"cloud": found, "problem": row, "error": error, "note_length": operations.NOTE_LENGTH}
    status = 200 if not error else 409 if row.closed_at else 422
    return render(request, "health/acknowledge.html", context, status=status)


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
