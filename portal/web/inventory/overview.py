"""Overview: what must I do first? The most harmful thing comes first; the two planes are told apart."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from monitoring.health.reading import Summary
from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for, remember_cloud
from portal.web.context import LIVE_BADGES, Shell
from portal.web.inventory import overview_capacity, overview_changes, overview_problems, overview_zones
from portal.web.nav_counts import health_of
from provisioning.accounts import policies
from provisioning.inventory.models import Cloud, Instance

# What one address may ask for alone. Permission is decided before any of them is looked at.
PARTS = ("head", "zones", "problems", "running", "changes", "capacity")
BADGES = tuple(part for part, _events in LIVE_BADGES.values())


@require_safe
@require(policies.can_see_infrastructure)
def overview(request: Request, cloud: uuid.UUID) -> HttpResponse:
    """The page, or with `?part=` one of its parts. 404 for a cloud or a part that is not there."""
    found = cloud_for(request, cloud)
    part = request.GET.get("part", "")
    if part and part not in PARTS + BADGES:
        raise Http404
    if part in BADGES:
        items = [item for group in Shell(request).nav for item in group.items]
        drawn = next(item for item in items if item.refresh_url.endswith(f"?part={part}"))
        return render(request, "components/nav_badge.html", {"item": drawn})
    context = {
        "cloud": found,
        "topic": f"cloud.{found.uuid}",
        "page": Page(request, found),
        "can_sync": policies.can_request_sync(request.user),
    }
    template = f"inventory/overview.html#{part}" if part else "inventory/overview.html"
    response = render(request, template, context)
    return response if part else remember_cloud(response, found)


class Page:
    """What the template asks for is read, once: a part reads only what it shows."""

    def __init__(self, request: Request, cloud: Cloud) -> None:
        self.request = request
        self.user = request.user
        self.cloud = cloud

    @cached_property
    def health(self) -> Summary:
        return health_of(self.request, self.user, self.cloud)

    @cached_property
    def needs_you(self) -> overview_problems.Ranked:
        return overview_problems.ranked(self.user, self.cloud)

    @cached_property
    def zones(self) -> list[overview_zones.ZoneStrip]:
        return overview_zones.zones(self.user, self.cloud, self.health)

    @cached_property
    def instance_count(self) -> int:
        return Instance.objects.for_user(self.user).present().filter(cloud=self.cloud).count()

    @cached_property
    def running(self) -> overview_changes.Running:
        return overview_changes.running(self.user, self.cloud)

    @cached_property
    def changes(self) -> list[overview_changes.Change]:
        return overview_changes.recent(self.user, self.cloud)

    @cached_property
    def capacity(self) -> overview_capacity.Table:
        return overview_capacity.table(self.user, self.cloud)
