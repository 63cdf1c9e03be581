"""The small numbers beside the navigation. Each comes from the same place as the page it leads to."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from monitoring.health.reading import Summary, summary
from provisioning.accounts import policies
from provisioning.accounts.models import User
from provisioning.inventory.models import AsyncJob, Cloud


@dataclass(frozen=True)
class Badge:
    """`tone`: bad, attention or neutral."""

    number: int
    tone: str = "neutral"


def badges(request: HttpRequest, user: User, cloud: Cloud | None) -> dict[str, Badge]:
    """View name or kind → badge, for one cloud. Nothing to say, no badge."""
    if cloud is None:
        return {}
    found = {}
    if policies.can_see_infrastructure(user):
        needs = health_of(request, user, cloud).needs_you
        if needs:
            found["inventory:overview"] = Badge(needs, "bad")
    running = AsyncJob.objects.for_user(user).filter(cloud=cloud, status=AsyncJob.Status.RUNNING).count()
    if running:
        found["inventory:jobs"] = Badge(running)
    return found


def health_of(request: HttpRequest, user: User, cloud: Cloud) -> Summary:
    """The cloud's health in figures, read once a request: the badge and the page's title are the same number."""
    known: dict[int, Summary] = request.__dict__.setdefault("zw_health", {})
    if cloud.pk not in known:
        known[cloud.pk] = summary(cloud, user)
    return known[cloud.pk]
