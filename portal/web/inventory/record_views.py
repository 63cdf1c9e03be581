"""Async jobs, CloudStack events, alerts and changes: lists and the pages of a job and of an event."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for
from portal.web.inventory.jobs import result_of, result_sentence
from portal.web.inventory.listing import respond, spec_for, table_for
from portal.web.inventory.tables.records import link_objects
from portal.web.table_spec import Viewer
from provisioning.accounts import policies
from provisioning.inventory import models as m

SUBTITLES = {
    "jobs": _("CloudStack forgets a job the moment it ends; this list does not. Running ones are first."),
    "events": _("What CloudStack wrote down, newest first."),
    "alerts": _("What CloudStack raised, newest first."),
    "changes": _("What each sync found different, newest first."),
}


def _records(request: Request, cloud: uuid.UUID, slug: str) -> HttpResponse:
    viewer = Viewer(request.user, cloud_for(request, cloud))
    table = table_for(request, spec_for(request.user, slug), viewer)
    return respond(request, "inventory/records.html", table, {"subtitle": SUBTITLES[slug], "kind": slug})


@require_GET
@require(policies.can_use_console)
def jobs(request: Request, cloud: uuid.UUID) -> HttpResponse:
    return _records(request, cloud, "jobs")


@require_GET
@require(policies.can_use_console)
def events(request: Request, cloud: uuid.UUID) -> HttpResponse:
    return _records(request, cloud, "events")


@require_GET
@require(policies.can_see_infrastructure)
def alerts(request: Request, cloud: uuid.UUID) -> HttpResponse:
    return _records(request, cloud, "alerts")


@require_GET
@require(policies.can_use_console)
def changes(request: Request, cloud: uuid.UUID) -> HttpResponse:
    return _records(request, cloud, "changes")


@require_GET
@require(policies.can_use_console)
def job(request: Request, cloud: uuid.UUID, uuid: uuid.UUID) -> HttpResponse:
    """One job: what ran, for whom, on what, how it ended, and the log id that leads to its story."""
    viewer = Viewer(request.user, cloud_for(request, cloud))
    found = m.AsyncJob.objects.for_user(request.user).filter(cloud=viewer.cloud, uuid=uuid).first()
    if found is None:
        raise Http404
    link_objects([found], viewer, "instance_cloudstack_id", "instance_type")
    events = _events_about(viewer, found.instance_cloudstack_id)
    result: Any = result_of(found, viewer)
    return render(
        request,
        "inventory/job.html",
        {
            "cloud": viewer.cloud,
            "viewer": viewer,
            "job": found,
            "sentence": result_sentence(found, viewer),
            "result": json.dumps(result, indent=2, ensure_ascii=False) if isinstance(result, (dict, list)) else result,
            "events": events,
        },
    )


def _events_about(viewer: Viewer, cloudstack_id: str) -> list[m.CloudEvent]:
    if not cloudstack_id:
        return []
    rows = m.CloudEvent.objects.for_user(viewer.user).filter(cloud=viewer.cloud, resource_cloudstack_id=cloudstack_id)
    return list(rows.order_by("-created_at", "-id")[:20])


@require_GET
@require(policies.can_use_console)
def event(request: Request, cloud: uuid.UUID, uuid: uuid.UUID) -> HttpResponse:
    """One CloudStack event with the others of the same call."""
    viewer = Viewer(request.user, cloud_for(request, cloud))
    mine = m.CloudEvent.objects.for_user(request.user).filter(cloud=viewer.cloud)
    found = mine.filter(uuid=uuid).first()
    if found is None:
        raise Http404
    start = found.parent_cloudstack_id or found.cloudstack_id
    family = mine.filter(parent_cloudstack_id=start) | mine.filter(cloudstack_id=start)
    link_objects([found], viewer, "resource_cloudstack_id", "resource_type")
    context = {"cloud": viewer.cloud, "viewer": viewer, "event": found,
               "family": list(family.order_by("created_at", "id")[:50])}  # fmt: skip
    return render(request, "inventory/event.html", context)
