"""Capacity past the cloud's own thresholds (M24), and places where one failure is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext_noop as _

from monitoring.health.facts import Blast, CapacityFact, Facts, Thing
from monitoring.health.finding import Finding, fingerprint
from monitoring.health.models import Plane, Severity

# So many places of one zone past the same threshold of the same type are one problem with the places below it.
ALIKE = 4


def capacity(facts: Facts) -> Iterator[Finding]:
    """Used past the notification threshold warns, past the disable threshold nothing new is placed."""
    found: dict[tuple[int | None, str, Severity], list[tuple[CapacityFact, Finding]]] = {}
    for row in facts.capacity:
        finding = _past(row)
        if finding is not None:
            found.setdefault((finding.zone, row.type_name, finding.severity), []).append((row, finding))
    for (zone_pk, type_name, severity), members in found.items():
        zone = next((zone for zone in facts.of("zones") if zone.pk == zone_pk), None)
        if len(members) < ALIKE or zone is None:
            yield from (finding for _row, finding in members)
            continue
        worst, _finding = max(members, key=lambda pair: pair[0].fraction)
        part = f"{type_name}-{severity.value}"
        yield Finding(
            rule="capacity.threshold",
            severity=severity,
            plane=Plane.DATA,
            impact=worst.impact,
            headline=_("%(label)s runs out at %(count)d places of zone %(zone)s"),
            detail=_("The fullest is %(place)s at %(percent)d %%."),
            params={
                "label": worst.label,
                "count": len(members),
                "zone": zone.name,
                "place": worst.place_name,
                "percent": round(worst.fraction * 100),
            },
            thing=zone,
            part=part,
            zone=zone_pk,
            since_at=min(finding.since_at for _row, finding in members),
        )
        cause = fingerprint("capacity.threshold", zone, part)
        yield from (replace(finding, cause=cause) for _row, finding in members)


def _past(row: CapacityFact) -> Finding | None:
    # The planner counts what is held for stopped instances as used.
    disabled = row.disable is not None and (row.committed or row.fraction) >= row.disable
    if not disabled and (row.notify is None or row.fraction < row.notify):
        return None
    full = row.fraction >= 1
    return Finding(
        rule="capacity.threshold",
        severity=Severity.CRITICAL if disabled or full else Severity.WARNING,
        plane=Plane.DATA,
        impact=row.impact,
        headline=_("%(label)s of %(place)s is at %(percent)d %%"),
        detail=(
            _("Past the cloud's own limit of %(disable)d %%: nothing new is placed there.")
            if disabled
            else _("Used up: what asks for more is refused.")
            if full
            else _("Past the cloud's own notification threshold of %(notify)d %%.")
        ),
        params={
            "label": row.label,
            "place": row.place_name,
            "percent": round(row.fraction * 100),
            "notify": round((row.notify or 0) * 100),
            "disable": round((row.disable or 0) * 100),
        },
        thing=row.place,
        part=row.type_name,
        zone=(row.place.pk if row.place.kind == "zones" else row.place.zone) if row.place else None,
        since_at=row.since_at,
    )


def redundancy(facts: Facts) -> Iterator[Finding]:
    """What a zone has only one of: not broken, but one failure away from it. One line a zone."""
    for zone in facts.of("zones"):
        if zone.state != "Enabled":
            continue
        alone = list(_alone(facts, zone))
        if not alone:
            continue
        yield Finding(
            rule="zone.redundancy",
            severity=Severity.NOTICE,
            plane=Plane.DATA,
            impact=8,
            headline=_("Zone %(name)s has no redundancy: %(alone)s"),
            detail=_("One failure there stops what depends on it. Instances that run are not touched."),
            params={"name": zone.name, "alone": ", ".join(alone)},
            thing=zone,
            zone=zone.pk,
            since_at=zone.since_at,
            blast=facts.on_zone.get(zone.pk, Blast()),
        )


def _alone(facts: Facts, zone: Thing) -> Iterator[str]:
    for vm_type, words in (
        ("secondarystoragevm", _("one secondary storage VM")),
        ("consoleproxy", _("one console proxy")),
    ):
        of_type = [
            vm for vm in facts.of("system-vms") if vm.zone == zone.pk and str(vm["vm_type"]).lower() == vm_type
        ]
        # CloudStack keeps one of each by itself and makes a new one when it fails; one beside a broken one is a loss.
        if len(of_type) > 1 and sum(1 for vm in of_type if vm.state == "Running") == 1:
            yield words
    if sum(1 for store in facts.of("image-stores") if store.zone in {zone.pk, None}) == 1:
        yield _("one secondary storage")
    for cluster in facts.of("clusters"):
        if cluster.zone != zone.pk:
            continue
        hosts = [host for host in facts.of("hosts") if host["cluster"] == cluster.pk]
        if len(hosts) == 1:
            yield f"{hosts[0].name} ↔ {cluster.name}"
