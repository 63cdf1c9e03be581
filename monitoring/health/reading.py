"""Problems and their summary for pages, API and exports: one source, so that no figure is told twice differently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from monitoring.health.gather import SECOND_STATE
from monitoring.health.models import HealthEvaluation, HealthProblem, Plane, Severity
from provisioning.accounts.models import User
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Cloud
from provisioning.inventory.states import STATES, StateGroup, group_of

# Severities that "need you".
NEEDS_A_PERSON = (Severity.CRITICAL, Severity.WARNING)
# A look older than this says nothing about now.
STALE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Problem:
    """One problem as a page shows it. `headline` and `detail` are in the reader's language; `caused` are the problems
    that this one explains."""

    uuid: UUID
    rule: str
    severity: Severity
    plane: Plane
    impact: int
    score: float
    # A kind's slug and our UUID of the object, for a link; "" and None for the cloud as a whole.
    kind: str
    object_uuid: UUID | None
    object_name: str
    state: str
    zone_uuid: UUID | None
    zone_name: str
    headline: str
    detail: str
    hosts: int
    instances: int
    tenants: int
    networks: int
    flaps: int
    since_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    closed_state: str
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledged_note: str
    fingerprint: str
    caused: tuple[Problem, ...] = ()

    @property
    def icon(self) -> str:
        """The Tabler icon of its severity."""
        return {
            Severity.CRITICAL: "circle-x",
            Severity.WARNING: "alert-triangle",
            Severity.NOTICE: "info-circle",
            Severity.HELD: "tool",
        }[self.severity]

    @property
    def group(self) -> StateGroup:
        """The group of states whose colour it has."""
        return {
            Severity.CRITICAL: StateGroup.BAD,
            Severity.WARNING: StateGroup.ATTENTION,
            Severity.NOTICE: StateGroup.NEUTRAL,
            Severity.HELD: StateGroup.HELD,
        }[self.severity]

    @property
    def needs_you(self) -> bool:
        """Whether somebody should do something about it and nobody said so yet."""
        return self.severity in NEEDS_A_PERSON and self.acknowledged_at is None


@dataclass(frozen=True)
class ZoneSummary:
    """What is wrong in one zone."""

    uuid: UUID
    critical: int = 0
    warning: int = 0
    data_plane_hurt: bool = False
    management_plane_hurt: bool = False
    lacks_redundancy: bool = False


@dataclass(frozen=True)
class Summary:
    """One cloud in figures. Causes count once, with what they explain below them."""

    open: int = 0
    critical: int = 0
    warning: int = 0
    notice: int = 0
    held: int = 0
    acknowledged: int = 0
    management_plane: StateGroup = StateGroup.NEUTRAL
    data_plane: StateGroup = StateGroup.NEUTRAL
    evaluated_at: datetime | None = None
    is_stale: bool = True
    zones: dict[UUID, ZoneSummary] = field(default_factory=dict)
    # kind slug → {state group: number}
    counts: dict[str, dict[StateGroup, int]] = field(default_factory=dict)
    # kind slug → {state as CloudStack says it: number}
    states: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def needs_you(self) -> int:
        """How many things need a person now: critical and warning, not acknowledged."""
        return self.open


def problems(cloud: Cloud, user: User, *, grouped: bool = True) -> list[Problem]:
    """Open problems of `cloud` that `user` may see, best rank first; none for people who see no infrastructure.

    `grouped` puts what another problem explains below its cause (`caused`) instead of beside it.
    """
    open_rows = HealthProblem.objects.for_user(user).filter(cloud=cloud, closed_at__isnull=True)
    rows = list(open_rows.order_by("-score", "since_at", "id"))
    found = [_problem(row) for row in rows]
    causes = {row.fingerprint: row.cause for row in rows if row.cause}
    if not grouped or not causes:
        return found
    there = {problem.fingerprint for problem in found}
    below: dict[str, list[Problem]] = defaultdict(list)
    top = []
    for problem in found:
        cause = causes.get(problem.fingerprint, "")
        if cause in there and cause != problem.fingerprint:
            below[cause].append(problem)
        else:
            top.append(problem)
    return [_with(problem, tuple(below.get(problem.fingerprint, ()))) for problem in top]


def closed_problems(cloud: Cloud, user: User, limit: int = 50) -> list[Problem]:
    """Problems that ended, latest first."""
    rows = HealthProblem.objects.for_user(user).filter(cloud=cloud, closed_at__isnull=False)
    return [_problem(row) for row in rows.order_by("-closed_at", "-id")[:limit]]


def summary(cloud: Cloud, user: User) -> Summary:
    """The figures of `cloud` for `user`. Never looked at, or not for long: planes are neutral, not good."""
    found = problems(cloud, user)
    evaluation = HealthEvaluation.objects.filter(cloud=cloud).first()
    evaluated_at = evaluation.evaluated_at if evaluation else None
    stale = evaluated_at is None or timezone.now() - evaluated_at > STALE_AFTER
    unseen = cloud.last_complete_sync_at is None or any(p.rule == "cloud.answers" for p in found)
    states = evaluation.counts if evaluation else {}
    return Summary(
        open=sum(problem.needs_you for problem in found),
        critical=_count(found, Severity.CRITICAL),
        warning=_count(found, Severity.WARNING),
        notice=_count(found, Severity.NOTICE),
        held=_count(found, Severity.HELD),
        acknowledged=sum(problem.acknowledged_at is not None for problem in found),
        management_plane=_plane(found, Plane.MANAGEMENT, stale or cloud.last_complete_sync_at is None),
        data_plane=_plane(found, Plane.DATA, stale or unseen),
        evaluated_at=evaluated_at,
        is_stale=stale,
        zones=_zones(found),
        counts=_groups(states),
        states=states,
    )


def _count(found: Iterable[Problem], severity: Severity) -> int:
    return sum(problem.severity == severity and problem.acknowledged_at is None for problem in found)


def _plane(found: Iterable[Problem], plane: Plane, unknown: bool) -> StateGroup:
    severities = {problem.severity for problem in found if problem.plane == plane}
    if Severity.CRITICAL in severities:
        return StateGroup.BAD
    if unknown:
        return StateGroup.NEUTRAL
    return StateGroup.ATTENTION if Severity.WARNING in severities else StateGroup.GOOD


def _zones(found: Iterable[Problem]) -> dict[UUID, ZoneSummary]:
    by_zone: dict[UUID, list[Problem]] = defaultdict(list)
    for problem in found:
        if problem.zone_uuid:
            by_zone[problem.zone_uuid].append(problem)
    return {
        zone: ZoneSummary(
            uuid=zone,
            critical=_count(inside, Severity.CRITICAL),
            warning=_count(inside, Severity.WARNING),
            data_plane_hurt=any(p.plane == Plane.DATA and p.severity == Severity.CRITICAL for p in inside),
            management_plane_hurt=any(p.plane == Plane.MANAGEMENT and p.severity == Severity.CRITICAL for p in inside),
            lacks_redundancy=any(p.rule == "zone.redundancy" for p in inside),
        )
        for zone, inside in by_zone.items()
    }


def _groups(states: dict[str, dict[str, int]]) -> dict[str, dict[StateGroup, int]]:
    grouped: dict[str, dict[StateGroup, int]] = {}
    for kind, by_state in states.items():
        if kind not in KINDS:
            continue
        counts: dict[StateGroup, int] = defaultdict(int)
        for state, number in by_state.items():
            counts[group_of_counted(kind, state)] += number
        grouped[kind] = dict(counts)
    return grouped


def group_of_counted(kind: str, state: str) -> StateGroup:
    """The group of a state as `Summary.states` counts it: a kind with two states is counted by the one that matters."""
    second = SECOND_STATE.get(kind)
    if second and state.lower() in {word.lower() for word in STATES.get(second.words, {})} - {
        word.lower() for word in STATES.get(kind, {})
    }:
        return group_of(state, second.words)
    return group_of(state, kind)


def _with(problem: Problem, caused: tuple[Problem, ...]) -> Problem:
    return Problem(**{**problem.__dict__, "caused": caused}) if caused else problem


def _problem(row: HealthProblem) -> Problem:
    return Problem(
        uuid=row.uuid,
        rule=row.rule,
        severity=Severity(row.severity),
        plane=Plane(row.plane),
        impact=row.impact,
        score=row.score,
        kind=row.kind,
        object_uuid=row.object_uuid,
        object_name=row.object_name,
        state=row.object_state,
        zone_uuid=row.zone_uuid,
        zone_name=row.zone_name,
        headline=row.headline,
        detail=row.detail.strip(),
        hosts=row.hosts,
        instances=row.instances,
        tenants=row.tenants,
        networks=row.networks,
        flaps=row.flaps,
        since_at=row.since_at,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_state=row.closed_state,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_note=row.acknowledged_note,
        fingerprint=row.fingerprint,
    )
