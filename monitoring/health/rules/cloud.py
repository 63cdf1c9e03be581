"""Can we see the cloud at all? When not, that is the first problem: all else is as old as the last answer."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_noop as _

from monitoring.health.facts import Facts
from monitoring.health.finding import Finding
from monitoring.health.models import Plane, Severity

_DEAD = {
    "unreachable": _("%(cloud)s does not answer"),
    "refused": _("%(cloud)s refuses our key pair"),
    "broken": _("%(cloud)s gives answers that are not CloudStack's"),
}


def cloud_answers(facts: Facts) -> Iterator[Finding]:
    """An endpoint that doesn't answer, refuses us or isn't CloudStack (manual M1, M13)."""
    cloud = facts.cloud
    if cloud.state not in _DEAD:
        return
    last = cloud.last_answer_at or cloud.last_complete_sync_at
    yield Finding(
        rule="cloud.answers",
        severity=Severity.CRITICAL,
        plane=Plane.MANAGEMENT,
        impact=10,
        first=True,
        headline=_DEAD[cloud.state],
        detail=(
            _("What you see is from %(last)s. Instances may still run: this is the management plane. %(error)s")
            if last
            else _("It has never answered. %(error)s")
        ),
        params={"cloud": cloud.name, "last": _clock(last), "error": cloud.last_error},
        since_at=cloud.last_error_at or cloud.last_answer_at or facts.now,
        blast=facts.totals,
    )


def cloud_in_step(facts: Facts) -> Iterator[Finding]:
    """A sync that fails, ends half-way, or hasn't ended for too long: the picture is stale or has holes."""
    cloud = facts.cloud
    if cloud.state in _DEAD:
        return
    if cloud.last_complete_sync_at is None:
        if cloud.last_sync_state in {"failed", "partial"} or (
            cloud.created_at and facts.now - cloud.created_at > cloud.stale_after
        ):
            yield _sync_problem(
                facts, _("%(cloud)s has never been read completely"), _("Nothing here can be called good. %(error)s")
            )
        return
    age = facts.now - cloud.last_complete_sync_at
    if cloud.last_sync_state == "partial":
        yield _sync_problem(
            facts,
            _("Part of %(cloud)s could not be read: %(kinds)s"),
            _("Those are shown as of the last complete sync at %(last)s. %(error)s"),
            warning=True,
        )
    elif cloud.last_sync_state == "failed":
        yield _sync_problem(
            facts,
            _("The sync of %(cloud)s fails"),
            _("What you see is from the last complete sync at %(last)s. %(error)s"),
            warning=age < cloud.stale_after,
        )
    elif age > cloud.stale_after:
        yield _sync_problem(
            facts,
            _("The picture of %(cloud)s is from %(last)s"),
            _("No sync has ended since. Check that the worker and the scheduler run."),
        )


def _sync_problem(facts: Facts, headline: str, detail: str, warning: bool = False) -> Finding:
    cloud = facts.cloud
    last = cloud.last_complete_sync_at
    return Finding(
        rule="cloud.in_step",
        severity=Severity.WARNING if warning else Severity.CRITICAL,
        plane=Plane.MANAGEMENT,
        impact=10,
        first=not warning,
        headline=headline,
        detail=detail,
        params={
            "cloud": cloud.name,
            "error": cloud.last_sync_error or cloud.last_error,
            "kinds": ", ".join(cloud.failed_kinds),
            "last": _clock(last),
        },
        since_at=last or cloud.created_at or facts.now,
        blast=facts.totals,
    )


def _clock(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
