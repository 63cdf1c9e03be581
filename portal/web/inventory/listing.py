"""What every list view shares: which lists a person has, the table of a request, page or partial."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from portal.http import Request
from portal.web.inventory.tables import RECORDS, TABLES
from portal.web.inventory.tables.segments import SEGMENTS
from portal.web.table_spec import TableSpec, Viewer
from portal.web.tables import Table
from provisioning.accounts.models import User
from provisioning.inventory.kinds import KINDS

SESSION_KEY = "zw_columns"
MEMBER_RECORDS = frozenset({"jobs", "events", "changes"})


def spec_for(user: User, slug: str) -> TableSpec:
    """The list called `slug`. Http404 when there is none or this person may not know of it."""
    sees_all = Viewer(user, None).sees_infrastructure
    if slug in TABLES:
        if sees_all or KINDS[slug].model.scope != "infrastructure":
            return TABLES[slug]
    elif slug in RECORDS:
        if sees_all or slug in MEMBER_RECORDS:
            return RECORDS[slug]
    elif slug == SEGMENTS.slug and sees_all:
        return SEGMENTS
    raise Http404


def table_for(
    request: Request,
    spec: TableSpec,
    viewer: Viewer,
    *,
    path: str = "",
    params: QueryDict | None = None,
    fixed: Q | None = None,
    hidden: frozenset[str] = frozenset(),
) -> Table:
    """The table as this request asks for it, with the columns this person kept."""
    kept = request.session.get(SESSION_KEY, {}).get(spec.slug, [])
    return Table(
        spec=spec,
        viewer=viewer,
        params=request.GET if params is None else params,
        path=path or request.path,
        fixed=fixed,
        hidden=hidden,
        saved_columns=kept if isinstance(kept, list) else [],
    )


def respond(request: Request, template: str, table: Table, context: dict[str, Any]) -> HttpResponse:
    """The whole page, the table alone for htmx, or one filter's menu. What is in it is the same in all three."""
    context = {
        "live_topics": live_topics(table.viewer),
        "table": table,
        "viewer": table.viewer,
        "cloud": table.viewer.cloud,
        **export_urls(table),
        **context,
    }
    wanted = request.GET.get("facet", "") if request.htmx else ""
    if wanted:
        item = next((item for item in table.filters if item.key == wanted), None)
        if item is None:
            raise Http404
        params = table.params.copy()
        params.pop("facet")
        table.params = params
        response = render(request, "components/table_options.html", {**context, "item": item})
    elif request.htmx and request.htmx.target == "zw-list":
        response = render(request, f"{template}#list", context)
    else:
        response = render(request, template, context)
    # The same address answers with a page or a part: caches and the back button must not mix them up.
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store" if request.htmx else "private, no-cache"
    return response


def live_topics(viewer: Viewer) -> str:
    """The live topics that this person's lists listen to, separated by spaces."""
    if viewer.sees_infrastructure:
        return f"cloud.{viewer.cloud.uuid}" if viewer.cloud is not None else ""
    return " ".join(f"tenant.{key}" for key in viewer.tenant_names)


def export_urls(table: Table) -> dict[str, str]:
    """Addresses of the CSV and JSON of the rows that the table shows, all pages of them."""
    if table.viewer.cloud is None or table.fixed is not None:
        return {}
    query = table.url().partition("?")[2]
    return {
        f"{form}_url": reverse("inventory:export", args=[table.viewer.cloud.uuid, table.spec.slug, form])
        + (f"?{query}" if query else "")
        for form in ("csv", "json")
    }
