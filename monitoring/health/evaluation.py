"""One look at a cloud: gather facts, ask every rule, and bring the stored problems in step."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from monitoring.health.facts import Facts
from monitoring.health.finding import Finding
from monitoring.health.gather import gather, state_counts
from monitoring.health.models import HealthEvaluation, HealthProblem, Severity
from monitoring.health.rules import RULES
from provisioning.inventory.models import Cloud
from provisioning.live import CLOUD, publish, topic_of

log = structlog.get_logger(__name__)

# Closed problems are history for this long.
KEEP_CLOSED = timedelta(days=90)

# A shorter name may stand in a sentence by chance.
SHORTEST_NAME = 4

# What a stored problem takes from its finding; a difference in the first group is worth telling open pages.
_TOLD = ("severity", "impact", "headline_text", "object_state", "cause")
_QUIET = (
    "plane", "score", "kind", "object_name", "zone_uuid", "zone_name", "detail_text", "params", "hosts", "instances",
    "tenants", "networks", "flaps", "since_at", "object_uuid",
)  # fmt: skip


_ACKNOWLEDGED = ("acknowledged_at", "acknowledged_by", "acknowledged_note")


def find(facts: Facts) -> list[Finding]:
    """Every finding of every rule, one per fingerprint, best rank first. A rule that fails is logged and skipped: the
    others still speak."""
    found: dict[str, Finding] = {}
    for rule in RULES:
        try:
            for finding in rule(facts):
                found.setdefault(finding.fingerprint, finding)
        except Exception:
            log.exception("health.rule_failed", rule=rule.__name__)
    found = {finding.fingerprint: finding for finding in _with_subjects(list(found.values()))}
    return sorted(found.values(), key=lambda finding: (-finding.score, finding.since_at, finding.fingerprint))


def _with_subjects(findings: list[Finding]) -> list[Finding]:
    """CloudStack's own alerts below the problem that they speak of, when they name its object."""
    named = [finding for finding in findings if finding.thing and len(finding.thing.name) >= SHORTEST_NAME]
    named.sort(key=lambda finding: -finding.score)
    told = []
    for finding in findings:
        if finding.rule == "cloudstack.alert":
            said = str(finding.params.get("description", ""))
            about = next((one for one in named if one.thing and _mentions(said, one.thing.name)), None)
            if about is not None:
                finding = replace(finding, cause=about.fingerprint)
        told.append(finding)
    return told


def _mentions(text: str, name: str) -> bool:
    return name in text and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def evaluate(cloud: Cloud, now: datetime | None = None) -> int:
    """Look at `cloud` and store what was found. Returns the number of open problems. Two at once do no harm: the second
    waits for the first one's short transaction."""
    started = time.monotonic()
    now = now or timezone.now()
    facts = gather(cloud, now)
    findings = find(facts)
    counts = state_counts(cloud)
    with transaction.atomic():
        HealthEvaluation.objects.get_or_create(cloud=cloud)
        evaluation = HealthEvaluation.objects.select_for_update().get(cloud=cloud)
        if evaluation.evaluated_at and evaluation.evaluated_at > now:
            # A later look was stored while this one gathered.
            return HealthProblem.objects.filter(cloud=cloud, closed_at__isnull=True).count()
        opened, closed, changed = _store(cloud, facts, findings)
        moved = counts != evaluation.counts
        evaluation.evaluated_at = now
        evaluation.counts = counts
        evaluation.duration_ms = int((time.monotonic() - started) * 1000)
        evaluation.save()
        if opened or closed or changed or moved:
            publish(
                topic_of(CLOUD, cloud.uuid),
                "health.changed",
                {"open": len(findings), "opened": opened, "closed": closed, "changed": changed},
            )
        HealthProblem.objects.filter(cloud=cloud, closed_at__lt=now - KEEP_CLOSED).delete()
    return len(findings)


def _store(cloud: Cloud, facts: Facts, findings: list[Finding]) -> tuple[int, int, int]:
    """Open what is new, bring up to date what goes on, close what is gone. Returns how many of each to tell."""
    open_rows = {row.fingerprint: row for row in HealthProblem.objects.filter(cloud=cloud, closed_at__isnull=True)}
    there = {finding.fingerprint for finding in findings}
    zones = {zone.pk: zone for zone in facts.of("zones")}
    new: list[HealthProblem] = []
    dirty: list[HealthProblem] = []
    changed = 0
    for finding in findings:
        values = _values(finding, facts, zones, there)
        row = open_rows.pop(finding.fingerprint, None)
        if row is None:
            new.append(HealthProblem(cloud=cloud, fingerprint=finding.fingerprint, rule=finding.rule,
                                     opened_at=facts.now, **values))  # fmt: skip
            continue
        if finding.rule in {"capacity.threshold", "cloud.answers"}:
            # Samples, and failed attempts, are young for ever; the problem is as old as its first one.
            values["since_at"] = row.since_at
        if row.acknowledged_at and row.severity != Severity.CRITICAL and values["severity"] == Severity.CRITICAL:
            # It was acknowledged for what it was.
            values |= {"acknowledged_at": None, "acknowledged_by": "", "acknowledged_note": ""}
        different = [name for name, value in values.items() if getattr(row, name) != value]
        if different:
            changed += any(name in _TOLD for name in different)
            for name in different:
                setattr(row, name, values[name])
            dirty.append(row)
    HealthProblem.objects.bulk_create(new, batch_size=500)
    HealthProblem.objects.bulk_update(dirty, [*_TOLD, *_QUIET, *_ACKNOWLEDGED], batch_size=200)
    if open_rows:
        states = _states_now(facts)
        for row in open_rows.values():
            row.closed_at = facts.now
            row.closed_state = states(row)
        HealthProblem.objects.bulk_update(open_rows.values(), ["closed_at", "closed_state"], batch_size=200)
    return len(new), len(open_rows), changed


def _values(finding: Finding, facts: Facts, zones: dict[int, Any], there: set[str]) -> dict[str, Any]:
    thing = finding.thing
    zone = zones.get(finding.zone) if finding.zone is not None else None
    return {
        "severity": finding.severity.value,
        "impact": finding.impact,
        "headline_text": finding.headline,
        "object_state": thing.state if thing else "",
        # A cause that is not there (any more) explains nothing.
        "cause": finding.cause if finding.cause in there else "",
        "plane": finding.plane.value,
        "score": finding.score,
        "kind": finding.kind or (thing.kind if thing else ""),
        "object_name": thing.name if thing else str(finding.params.get("name", "")),
        "zone_uuid": zone.uuid if zone else None,
        "zone_name": zone.name if zone else "",
        "detail_text": finding.detail,
        "params": dict(finding.params),
        "hosts": finding.blast.hosts,
        "instances": finding.blast.instances,
        "tenants": finding.blast.tenants,
        "networks": finding.blast.networks,
        "flaps": facts.flaps.get(thing.uuid, 0) if thing else 0,
        "since_at": finding.since_at,
        "object_uuid": thing.uuid if thing and (not finding.kind or finding.kind == thing.kind) else None,
    }


def _states_now(facts: Facts) -> Callable[[HealthProblem], str]:
    by_uuid = {thing.uuid: thing for things in facts.things.values() for thing in things}

    def state(row: HealthProblem) -> str:
        thing = by_uuid.get(row.object_uuid) if row.object_uuid else None
        return thing.state if thing else ""

    return state
