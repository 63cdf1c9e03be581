"""The small numbers beside the navigation. Each comes from the same place as the page it leads to."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.accounts import policies
from provisioning.accounts.models import User
from provisioning.inventory.models import AsyncJob, Cloud


@dataclass(frozen=True)
class Badge:
    """`tone`: bad, attention or neutral. `said` is what a screen reader hears."""

    number: int
    tone: str = "neutral"


def badges(user: User, cloud: Cloud | None) -> dict[str, Badge]:
    """View name or kind → badge, for one cloud. Nothing to say, no badge."""
    if cloud is None:
        return {}
    found = {}
    if policies.can_see_infrastructure(user):
        found["inventory:overview"] = _problems(user, cloud)
    running = AsyncJob.objects.for_user(user).filter(cloud=cloud, status=AsyncJob.Status.RUNNING).count()
    found["inventory:jobs"] = Badge(running) if running else None
    return {view: badge for view, badge in found.items() if badge}


def _problems(user: User, cloud: Cloud) -> Badge | None:
    try:
        from monitoring.health.problems import problems
    except ImportError:
        return None
    open_ones = problems(cloud, user)
    return Badge(len(open_ones), "bad") if open_ones else None
