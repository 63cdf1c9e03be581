"""Problems as the overview shows them: the worst twenty one by one, the rest by cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from monitoring.health.reading import Problem, closed_problems, problems
from portal.web import figures
from portal.web.health.listing import link_of
from provisioning.accounts import policies
from provisioning.accounts.models import User
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Cloud

ONE_BY_ONE = 20


@dataclass(frozen=True)
class Row:
    """A problem with where its button leads."""

    problem: Problem
    url: str
    action: str
    is_first: bool = False
    ack_url: str = ""


@dataclass(frozen=True)
class CauseGroup:
    """Problems of one rule and state beyond the first twenty."""

    group: str
    headline: str
    number: int
    hosts: int
    instances: int
    since_at: datetime
    impact: int
    url: str
    plane_label: str | Promise


@dataclass(frozen=True)
class Ranked:
    """`number` is how many things need a person: the page's title and the navigation say the same."""

    rows: Sequence[Row] = ()
    groups: Sequence[CauseGroup] = ()
    acknowledged: Sequence[Row] = ()
    last_closed: Problem | None = None
    held: int = 0
    number: int = field(default=0)


def ranked(user: User, cloud: Cloud) -> Ranked:
    """Open problems of `cloud`, most harmful first (impact × blast radius, worked out by monitoring.health)."""
    found = problems(cloud, user)
    seen = [problem for problem in found if problem.acknowledged_at is not None]
    may_acknowledge = policies.can_acknowledge_problems(user)
    open_ones = [problem for problem in found if problem.needs_you]
    shown = open_ones if len(open_ones) <= ONE_BY_ONE else open_ones[:ONE_BY_ONE]
    closed = [] if open_ones else closed_problems(cloud, user, limit=1)
    return Ranked(
        rows=[_row(problem, cloud, may_acknowledge, index == 0) for index, problem in enumerate(shown)],
        groups=_by_cause(open_ones[len(shown) :], cloud),
        acknowledged=[_row(problem, cloud, may_acknowledge) for problem in seen],
        last_closed=closed[0] if closed else None,
        held=sum(problem.severity == "held" for problem in found),
        number=len(open_ones),
    )


def _row(problem: Problem, cloud: Cloud, may_acknowledge: bool, is_first: bool = False) -> Row:
    url, action = link_of(problem, cloud)
    ack_url = reverse("health:acknowledge", args=[cloud.uuid, problem.uuid]) if may_acknowledge else ""
    return Row(problem, url, action, is_first, ack_url)


def _by_cause(rest: Iterable[Problem], cloud: Cloud) -> list[CauseGroup]:
    alike: dict[tuple[str, str, str, str], list[Problem]] = {}
    for problem in rest:
        alike.setdefault((problem.rule, problem.kind, problem.state, problem.zone_name), []).append(problem)
    groups = []
    for (_rule, kind, state, zone), members in alike.items():
        worst = members[0]
        if len(members) == 1:
            headline = worst.headline
        else:
            what = str(KINDS[kind].plural).lower() if kind in KINDS else _("problems")
            headline = _("%(number)s more %(what)s: %(state)s") % {
                "number": figures.count(len(members)), "what": what, "state": state or str(worst.severity.label),
            }  # fmt: skip
            if zone:
                headline = _("%(headline)s in %(zone)s") % {"headline": headline, "zone": zone}
        try:
            url = reverse("health:index", args=[cloud.uuid])
        except NoReverseMatch:
            url = ""
        groups.append(
            CauseGroup(
                worst.group.value, headline, len(members), sum(one.hosts for one in members),
                sum(one.instances for one in members), min(one.since_at for one in members), worst.impact, url,
                worst.plane.label,
            )
        )  # fmt: skip
    return groups
