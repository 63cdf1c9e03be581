"""Problems as the health page filters, counts and links them. The filters live in the address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from monitoring.health.gather import SECOND_STATE
from monitoring.health.models import Plane, Severity
from monitoring.health.reading import NEEDS_A_PERSON, Problem, Summary, group_of_counted
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Cloud
from provisioning.inventory.states import STATES, StateGroup

SHOWN = 100
MOST = 2000
FACETS = ("severity", "plane", "kind", "zone")
GROUPS = (
    StateGroup.GOOD,
    StateGroup.WORKING,
    StateGroup.ATTENTION,
    StateGroup.BAD,
    StateGroup.HELD,
    StateGroup.NEUTRAL,
)


@dataclass(frozen=True)
class Row:
    """A problem with where it leads, and those that it explains."""

    problem: Problem
    url: str
    action: str
    is_first: bool = False
    caused: Sequence[Row] = ()
    ack_url: str = ""


@dataclass(frozen=True)
class Choice:
    """One value of a facet: `number` problems have it; `url` sets or clears it."""

    value: str
    label: str | Promise
    number: int
    is_set: bool
    url: str
    group: str = ""
    icon: str = ""


@dataclass(frozen=True)
class Listing:
    """What the page shows. `found` counts all that the filters let through; `rows` are the first of them."""

    rows: Sequence[Row] = ()
    found: int = 0
    total: int = 0
    facets: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    is_filtered: bool = False
    more_url: str = ""
    query: str = ""


def listing(
    cloud: Cloud, problems: Sequence[Problem], params: Mapping[str, str], *, may_acknowledge: bool = False
) -> Listing:
    """`problems` (ranked, with causes) cut down to what `params` ask for."""
    chosen = {key: params.get(key, "") for key in FACETS if params.get(key)}
    found = [problem for problem in problems if matches(problem, chosen)]
    limit = MOST if params.get("all") else SHOWN
    rows = [_row(problem, cloud, index == 0, may_acknowledge) for index, problem in enumerate(found[:limit])]
    return Listing(
        rows=rows,
        found=len(found),
        total=len(problems),
        facets={key: _choices(key, problems, chosen) for key in FACETS},
        is_filtered=bool(chosen),
        more_url=f"?{urlencode({**chosen, 'all': 1})}" if len(found) > limit and limit == SHOWN else "",
        query=urlencode(chosen),
    )


def matches(problem: Problem, chosen: Mapping[str, str]) -> bool:
    """Whether `problem`, or one that it explains, has every chosen value."""
    return all(value_of(problem, key) == value for key, value in chosen.items()) or any(
        matches(below, chosen) for below in problem.caused
    )


def value_of(problem: Problem, facet: str) -> str:
    """A problem's value of a facet, as the address writes it."""
    if facet == "zone":
        return str(problem.zone_uuid or "-")
    if facet == "kind":
        return problem.kind or "-"
    return str(getattr(problem, facet))


def _choices(facet: str, problems: Sequence[Problem], chosen: Mapping[str, str]) -> list[Choice]:
    others = {key: value for key, value in chosen.items() if key != facet}
    counts: Counter[str] = Counter(value_of(p, facet) for p in problems if matches(p, others))
    names = {str(p.zone_uuid): p.zone_name for p in problems if p.zone_uuid}
    order = {value: number for number, value in enumerate([*Severity.values, *Plane.values, *KINDS])}
    values = sorted(
        {*counts, *([chosen[facet]] if facet in chosen else [])}, key=lambda v: (order.get(v, 99), names.get(v, v))
    )
    return [
        Choice(
            value=value,
            label=_label(facet, value, names),
            number=counts[value],
            is_set=chosen.get(facet) == value,
            url="?" + urlencode(others if chosen.get(facet) == value else {**others, facet: value}),
            group=_SEVERITY_GROUP.get(value, "") if facet == "severity" else "",
        )
        for value in values
    ]


_SEVERITY_GROUP: dict[str, str] = {
    Severity.CRITICAL: "bad",
    Severity.WARNING: "attention",
    Severity.NOTICE: "neutral",
    Severity.HELD: "held",
}


def _label(facet: str, value: str, names: Mapping[str, str]) -> str | Promise:
    if facet == "severity" and value in Severity.values:
        return Severity(value).label
    if facet == "plane" and value in Plane.values:
        return Plane(value).label
    if facet == "kind":
        return KINDS[value].plural if value in KINDS else _("The cloud itself")
    return names.get(value) or (_("No zone") if value == "-" else value)


def _row(problem: Problem, cloud: Cloud, is_first: bool = False, may_acknowledge: bool = False) -> Row:
    url, action = link_of(problem, cloud)
    below = [_row(caused, cloud) for caused in problem.caused[:SHOWN]]
    # Only what counts among "needs you" can be taken off that count.
    ack_url = ""
    if may_acknowledge and problem.severity in NEEDS_A_PERSON:
        ack_url = reverse("health:acknowledge", args=[cloud.uuid, problem.uuid])
    return Row(problem, url, action, is_first, below, ack_url)


def link_of(problem: Problem, cloud: Cloud) -> tuple[str, str]:
    """The page that helps with a problem and what its button says; two empty strings when there is none."""
    try:
        if problem.rule == "capacity.threshold":
            place = {"place": problem.object_uuid} if problem.object_uuid else {}
            return f"{reverse('capacity:index', args=[cloud.uuid])}?{urlencode(place)}", _("Open capacity")
        if problem.rule == "segment.once":
            return reverse("inventory:segments", args=[cloud.uuid]), _("Open segments")
        if problem.rule == "cloudstack.alert":
            return reverse("inventory:alerts", args=[cloud.uuid]), _("Open alerts")
        if problem.rule == "job.ends":
            return reverse("inventory:jobs", args=[cloud.uuid]), _("Open jobs")
        if problem.rule.startswith("cloud."):
            return reverse("clouds:detail", args=[cloud.uuid]), _("Open cloud")
        if problem.object_uuid and problem.kind in KINDS:
            label = KINDS[problem.kind].label
            url = reverse("inventory:detail", args=[cloud.uuid, problem.kind, problem.object_uuid])
            return url, _("Open %(kind)s") % {"kind": label if problem.kind == "system-vms" else str(label).lower()}
        if problem.kind in KINDS:
            return reverse("inventory:list", args=[cloud.uuid, problem.kind]), _("Open list")
    except NoReverseMatch:
        pass
    return "", ""


@dataclass(frozen=True)
class KindStates:
    """The objects of one kind by group of states."""

    label: str | Promise
    icon: str
    url: str
    total: int
    good: int
    strip: Sequence[tuple[str, int]]
    # what isn't good: state as CloudStack says it, group, number, address of the filtered list
    others: Sequence[tuple[str, str, int, str]]


# These have no state of their own in CloudStack, or one that says nothing about health.
_STATELESS = frozenset({"offerings", "domains", "accounts", "projects", "public-ranges", "image-stores", "templates"})


def kinds(cloud: Cloud, summary: Summary) -> list[KindStates]:
    """How many objects of each kind are in which state, as counted at the last look."""
    found = []
    for slug, states in summary.states.items():
        if slug not in KINDS or slug in _STATELESS or not states:
            continue
        groups: Counter[StateGroup] = Counter()
        for state, number in states.items():
            groups[group_of_counted(slug, state)] += number
        url = _list_url(cloud, slug)
        found.append(
            KindStates(
                label=KINDS[slug].plural,
                icon=KINDS[slug].icon,
                url=url,
                total=sum(states.values()),
                good=groups[StateGroup.GOOD],
                strip=[(group.value, groups[group]) for group in GROUPS],
                others=[
                    (state, group_of_counted(slug, state).value, number, _filtered(url, slug, state))
                    for state, number in sorted(states.items(), key=lambda pair: -pair[1])
                    if group_of_counted(slug, state) != StateGroup.GOOD
                ],
            )
        )
    return found


def _filtered(url: str, slug: str, state: str) -> str:
    """The kind's list, cut down to one state; "-" is the list's word for none."""
    second = SECOND_STATE.get(slug)
    key = "state"
    if second and state not in STATES.get(slug, {}) and state in STATES[second.words]:
        key = {"managed_state": "managed"}.get(second.field, second.field)
    return f"{url}?{urlencode({key: state or '-'})}" if url else ""


def _list_url(cloud: Cloud, slug: str) -> str:
    try:
        return reverse("inventory:list", args=[cloud.uuid, slug])
    except NoReverseMatch:
        return ""


def as_record(problem: Problem, cause: Problem | None = None) -> dict[str, Any]:
    """One problem for CSV and JSON. Times are UTC."""
    return {
        "uuid": str(problem.uuid),
        "rule": problem.rule,
        "severity": str(problem.severity.value),
        "plane": str(problem.plane.value),
        "impact": problem.impact,
        "score": problem.score,
        "kind": problem.kind,
        "object_uuid": str(problem.object_uuid or ""),
        "object_name": problem.object_name,
        "state": problem.state,
        "zone": problem.zone_name,
        "headline": problem.headline,
        "detail": problem.detail,
        "hosts": problem.hosts,
        "instances": problem.instances,
        "tenants": problem.tenants,
        "networks": problem.networks,
        "changes_in_last_hour": problem.flaps,
        "since_at": problem.since_at.isoformat(),
        "opened_at": problem.opened_at.isoformat(),
        "acknowledged_by": problem.acknowledged_by,
        "cause_uuid": str(cause.uuid) if cause else "",
    }


def records(problems: Iterable[Problem], chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every problem that the filters let through, those that another explains right after it."""
    rows = []
    for problem in problems:
        if not matches(problem, chosen):
            continue
        rows.append(as_record(problem))
        rows += [as_record(below, problem) for below in problem.caused]
    return rows
