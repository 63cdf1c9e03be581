"""Search for the command palette."""

from __future__ import annotations

import time
import uuid

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for
from portal.web.inventory.search import find
from portal.web.keyset import storable
from portal.web.table_spec import Viewer
from provisioning.accounts import policies

LONGEST = 200


@require_GET
@require(policies.can_use_console)
def search(request: Request, cloud: uuid.UUID) -> HttpResponse:
    """`?q=` → {"query", "groups": [{"kind", "label", "icon", "items": [{uuid, name, detail, note, state, url, …}]}]}.

    Exact ids first, then names that begin with the text, then names that contain it; only what this person may see.
    """
    viewer = Viewer(request.user, cloud_for(request, cloud))
    text = request.GET.get("q", "").strip()[:LONGEST]
    began = time.perf_counter()
    groups = find(text, viewer) if text and storable(text) else []
    response = JsonResponse({"query": text, "groups": groups})
    response["Cache-Control"] = "no-store"
    response["Server-Timing"] = f"search;dur={(time.perf_counter() - began) * 1000:.1f}"
    return response
