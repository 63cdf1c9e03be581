"""What tenants run: instances, volumes, networks, templates; and jobs that don't end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext_noop as _

from monitoring.health.facts import Blast, Facts, Thing
from monitoring.health.finding import Finding
from monitoring.health.models import Plane, Severity

# More than this many alike in a zone become one line.
ALIKE = 20

# Normal at most (facts sheet §3: Starting < 10 min, Stopping < 5, Migrating ≤ migratewait, Expunging ≤ one interval).
_INSTANCE_LIMITS = {
    "Starting": timedelta(minutes=10),
    "Stopping": timedelta(minutes=5),
    "Migrating": timedelta(hours=1),
    "Restoring": timedelta(hours=1),
    "BackingUp": timedelta(hours=6),
    "Expunging": timedelta(days=2),
}
_VOLUME_LIMIT = timedelta(hours=3)
_INSTANCE_FINE = {"Running", "Stopped", "Destroyed", "Shutdown"}
_VOLUME_FINE = {"Ready", "Allocated", "Uploaded", "Destroy", "Expunged"}
_VOLUME_BAD = {"UploadError", "RestoreError", "UploadAbandoned", "NotUploaded"}


def instances(facts: Facts) -> Iterator[Finding]:
    """Instances in Error or Unknown, and those that hang in a passing state (M28)."""
    groups: dict[tuple[int | None, str], list[Thing]] = {}
    for vm in facts.of("instances"):
        limit = _INSTANCE_LIMITS.get(vm.state)
        if vm.state in _INSTANCE_FINE or (limit and facts.age(vm) <= limit):
            continue
        groups.setdefault((vm.zone, vm.state), []).append(vm)
    texts = {
        "one": {
            "stuck": _("Instance %(name)s has been %(state)s for longer than it normally takes"),
            "Error": _("Instance %(name)s is in Error"),
            "": _("The state of instance %(name)s is unknown: “%(state)s”"),
        },
        "many": {
            "stuck": _("%(count)d instances have been %(state)s for longer than it normally takes"),
            "Error": _("%(count)d instances are in Error"),
            "": _("The state of %(count)d instances is unknown: “%(state)s”"),
        },
    }
    details = {
        "stuck": _("First see on which host it runs and whether a job is in progress. %(zone)s"),
        "Error": _("It could not be created; only destroying it leads out. %(zone)s"),
        "": _("Unknown is not good. %(zone)s"),
    }
    for (zone, state), found in groups.items():
        key = "stuck" if state in _INSTANCE_LIMITS else state if state == "Error" else ""
        yield from _alike(
            facts, "instance.state", zone, state, found, texts["one"][key], texts["many"][key], details[key]
        )


def volumes(facts: Facts) -> Iterator[Finding]:
    """Volumes in an error, and those that hang."""
    groups: dict[tuple[int | None, str], list[Thing]] = {}
    for volume in facts.of("volumes"):
        if volume.state in _VOLUME_FINE or (volume.state not in _VOLUME_BAD and facts.age(volume) <= _VOLUME_LIMIT):
            continue
        groups.setdefault((volume.zone, volume.state), []).append(volume)
    for (zone, state), found in groups.items():
        bad = state in _VOLUME_BAD
        yield from _alike(
            facts,
            "volume.state",
            zone,
            state,
            found,
            _("Volume %(name)s is in %(state)s") if bad else _("Volume %(name)s has been %(state)s for over 3 hours"),
            _("%(count)d volumes are in %(state)s")
            if bad
            else _("%(count)d volumes have been %(state)s for over 3 hours"),
            _("%(zone)s"),
        )


def _alike(
    facts: Facts, rule: str, zone: int | None, state: str, found: list[Thing], one: str, many: str, detail: str
) -> Iterator[Finding]:
    params = {"state": state or "—", "zone": facts.zone_name(zone)}
    # Where the list was cut, the crowd is larger than what was gathered (those that pass as normal included).
    number = max(len(found), facts.crowds.get((found[0].kind, zone, state), 0))
    if number > ALIKE:
        yield Finding(
            rule=rule,
            severity=Severity.WARNING,
            plane=Plane.DATA,
            impact=4,
            headline=many,
            detail=detail,
            params={**params, "count": number, "name": ""},
            thing=next((z for z in facts.of("zones") if z.pk == zone), None),
            kind=found[0].kind,
            part=f"{found[0].kind}-{state}",
            zone=zone,
            since_at=min(thing.since_at for thing in found),
            blast=Blast(instances=number, owners=frozenset(str(t["owner"]) for t in found if t["owner"])),
        )
        return
    for thing in found:
        yield Finding(
            rule=rule,
            severity=Severity.WARNING,
            plane=Plane.DATA,
            impact=4,
            headline=one,
            detail=detail,
            params={**params, "name": thing.name, "count": 1},
            thing=thing,
            zone=zone,
            since_at=thing.since_at,
            blast=Blast(instances=1, owners=frozenset([str(thing["owner"])] if thing["owner"] else [])),
        )


def templates(facts: Facts) -> Iterator[Finding]:
    """Templates that are not ready. The system VM template is what no system VM starts without (M29)."""
    for template in facts.of("templates"):
        system = template["template_type"] == "SYSTEM"
        status = str(template["status_text"] or "")
        # "30% Downloaded" is on its way; half a minute after a registration everything is.
        loading = "%" in status or not status
        if facts.age(template) <= (timedelta(hours=6) if loading else timedelta(minutes=10)):
            continue
        yield Finding(
            rule="template.ready",
            severity=Severity.CRITICAL if system else Severity.WARNING,
            plane=Plane.MANAGEMENT if system else Plane.DATA,
            impact=8 if system else 5,
            headline=_("Template %(name)s is not ready in %(places)s"),
            detail=_("Status: “%(status)s”."),
            params={"name": template.name, "places": template["places"] or "—", "status": status or "—"},
            thing=template,
            since_at=template.since_at,
        )


def networks(facts: Facts) -> Iterator[Finding]:
    """Networks that hang, and those whose changes wait for a restart."""
    for network in facts.of("networks"):
        stuck = network.state in {"Implementing", "Shutdown"} and facts.age(network) > timedelta(minutes=15)
        if stuck:
            headline = _("Network %(name)s has been in %(state)s for over 15 minutes")
            severity = Severity.WARNING
        elif network["is_restart_required"]:
            headline, severity = _("Network %(name)s waits for a restart"), Severity.NOTICE
        else:
            continue
        yield Finding(
            rule="network.state",
            severity=severity,
            plane=Plane.DATA,
            impact=7,
            headline=headline,
            detail=_("%(zone)s"),
            params={"name": network.name, "state": network.state, "zone": facts.zone_name(network.zone)},
            thing=network,
            zone=network.zone,
            since_at=network.since_at,
            blast=facts.on_network.get(network.pk, Blast(networks=1)),
        )


def physical_networks(facts: Facts) -> Iterator[Finding]:
    """Physical networks that are not enabled: no guest network can be implemented on them."""
    for network in facts.of("physical-networks"):
        if network.state == "Enabled":
            continue
        held = network.state == "Disabled"
        yield Finding(
            rule="physical_network.enabled",
            severity=Severity.HELD if held else Severity.WARNING,
            plane=Plane.DATA,
            impact=7,
            headline=_("Physical network %(name)s is %(state)s"),
            detail=_("No guest network can be implemented on it. %(zone)s"),
            params={"name": network.name, "state": network.state or "—", "zone": facts.zone_name(network.zone)},
            thing=network,
            zone=network.zone,
            since_at=network.since_at,
        )


def segments_once(facts: Facts) -> Iterator[Finding]:
    """One VLAN or VXLAN id on two guest networks joins two tenants (M40)."""
    for segment in facts.segments:
        several = len(segment.owners) > 1
        yield Finding(
            rule="segment.once",
            severity=Severity.CRITICAL if several else Severity.WARNING,
            plane=Plane.DATA,
            impact=7,
            headline=_("%(segment)s is used by %(count)d networks of %(zone)s"),
            detail=(
                _("Their tenants can see each other's traffic: %(names)s.")
                if several
                else _("All belong to one tenant: %(names)s.")
            ),
            params={
                "segment": segment.segment,
                "count": len(segment.networks),
                "zone": facts.zone_name(segment.zone) or "—",
                "names": ", ".join(sorted(network.name for network in segment.networks)[:6]),
            },
            thing=segment.networks[0],
            part=segment.segment,
            zone=segment.zone,
            since_at=max(network.since_at for network in segment.networks),
            blast=Blast(networks=len(segment.networks), owners=segment.owners),
        )


def jobs_end(facts: Facts) -> Iterator[Finding]:
    """Async jobs that run longer than `job.cancel.threshold.minutes` (60) lets them block others."""
    for job in facts.jobs:
        yield Finding(
            rule="job.ends",
            severity=Severity.WARNING,
            plane=Plane.MANAGEMENT,
            impact=5,
            headline=(
                _("%(count)d jobs of %(command)s run for over an hour")
                if job.count > 1
                else _("A job of %(command)s runs for over an hour")
            ),
            detail=_("The oldest is %(id)s; its lines in the management log carry logid:%(logid)s."),
            params={"count": job.count, "command": job.command, "id": job.oldest_id, "logid": job.oldest_id[:8]},
            part=job.command,
            since_at=job.oldest_at,
        )


def flapping(facts: Facts) -> Iterator[Finding]:
    """Good now, but it went back and forth: three state changes or more within the hour."""
    for thing in facts.flapping_good:
        yield Finding(
            rule="object.flaps",
            severity=Severity.WARNING,
            plane=Plane.DATA,
            impact=7 if thing.kind in {"hosts", "routers", "system-vms"} else 4,
            headline=_("%(name)s is %(state)s now, after %(flaps)d changes of state in the last hour"),
            detail=_("%(zone)s"),
            params={
                "name": thing.name,
                "state": thing.state,
                "flaps": facts.flaps.get(thing.uuid, 0),
                "zone": facts.zone_name(thing.zone),
            },
            thing=thing,
            zone=thing.zone,
            since_at=thing.since_at,
            blast=facts.on_host.get(thing.pk, Blast()) if thing.kind == "hosts" else Blast(),
        )


def alerts(facts: Facts) -> Iterator[Finding]:
    """CloudStack's own alerts of the last day that no later good news of the same name answered."""
    for alert in facts.alerts:
        yield Finding(
            rule="cloudstack.alert",
            severity=Severity.NOTICE,
            plane=Plane.MANAGEMENT,
            impact=5,
            headline=_("CloudStack raised %(name)s"),
            detail=_("“%(description)s”"),
            params={"name": alert.name, "description": alert.description[:500], "count": alert.count},
            part=alert.name,
            since_at=alert.sent_at,
        )
