"""The list of one kind of object."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for
from portal.web.inventory.listing import SESSION_KEY, respond, spec_for, table_for
from portal.web.table_spec import Viewer
from provisioning.accounts import policies


@require_GET
@require(policies.can_use_console)
def object_list(request: Request, cloud: uuid.UUID, kind: str) -> HttpResponse:
    """One page of the objects of a kind. `kind` is a slug of `kinds.KINDS`; unknown or foreign: 404."""
    found = cloud_for(request, cloud)
    spec = spec_for(request.user, kind)
    table = table_for(request, spec, Viewer(request.user, found))
    return respond(request, "inventory/list.html", table, {"kind": kind})


@require_POST
@require(policies.can_use_console)
def keep_columns(request: Request, cloud: uuid.UUID, kind: str) -> HttpResponse:
    """Keep this person's choice of columns of one list for the session, and go back to it with them in the address."""
    found = cloud_for(request, cloud)
    spec = spec_for(request.user, kind)
    known = [column.key for column in spec.columns]
    chosen = [key for key in known if key in request.POST.getlist("column")]
    kept = dict(request.session.get(SESSION_KEY, {}))
    if chosen and "reset" not in request.POST:
        kept[kind] = chosen
    else:
        kept.pop(kind, None)
        chosen = []
    request.session[SESSION_KEY] = kept
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None) or not back.startswith("/"):
        names = {"jobs", "events", "alerts", "changes", "segments"}
        back = (
            reverse(f"inventory:{kind}", args=[found.uuid])
            if kind in names
            else reverse("inventory:list", args=[found.uuid, kind])
        )
    return HttpResponseRedirect(_with_columns(back, chosen))


def _with_columns(url: str, columns: list[str]) -> str:
    from django.http import QueryDict

    path, _mark, query = url.partition("?")
    params = QueryDict(query, mutable=True)
    params.pop("cols", None)
    if columns:
        params["cols"] = ",".join(columns)
    query = params.urlencode()
    return f"{path}?{query}" if query else path
