"""Management servers (M1, M37), system VMs (M29) and virtual routers (M6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext_noop as _

from monitoring.health.facts import Blast, Facts, Thing
from monitoring.health.finding import Finding
from monitoring.health.models import Plane, Severity

_HELD_SERVER = {"Maintenance", "PreparingForMaintenance", "PreparingForShutDown", "ReadyToShutDown", "ShuttingDown"}
_TYPE_NAMES = {"consoleproxy": _("Console proxy"), "secondarystoragevm": _("Secondary storage VM")}
_TYPE_LOSS = {
    "consoleproxy": _("No console of an instance opens in %(zone)s. Instances run on."),
    "secondarystoragevm": _("Templates, snapshots and uploads wait in %(zone)s. Instances run on."),
}
# Normal at most (facts sheet §3).
_PASSING = {"Starting": timedelta(minutes=10), "Stopping": timedelta(minutes=5), "Migrating": timedelta(hours=1)}


def management_servers(facts: Facts) -> Iterator[Finding]:
    """A management server that isn't Up. Instances run on; its agents go to the others (M13)."""
    servers = facts.of("management-servers")
    up = [server for server in servers if server.state == "Up"]
    for server in servers:
        if server.state == "Up":
            continue
        agents = sum(1 for h in facts.of("hosts") if h["management_server"] == server.fields.get("cloudstack_id") != "")
        if server.state in _HELD_SERVER:
            severity, headline = Severity.HELD, _("Management server %(name)s is %(state)s")
        elif server.state == "Down":
            severity, headline = Severity.CRITICAL, _("Management server %(name)s is Down")
        else:
            severity, headline = Severity.WARNING, _("The state of management server %(name)s is unknown")
        yield Finding(
            rule="management.servers",
            severity=severity,
            plane=Plane.MANAGEMENT,
            impact=10,
            headline=headline,
            detail=(
                _("Instances keep running; %(others)s carries the API and the agents. CloudStack says “%(state)s”.")
                if up
                else _("No other management server is Up. Instances keep running. CloudStack says “%(state)s”.")
            ),
            params={
                "name": server.name,
                "state": server.state or "—",
                "others": ", ".join(sorted(other.name for other in up)[:3]),
            },
            thing=server,
            since_at=server.since_at,
            blast=Blast(hosts=agents),
        )


def system_vms(facts: Facts) -> Iterator[Finding]:
    """Console proxies and secondary storage VMs that don't run, or run with an agent that isn't Up."""
    vms = facts.of("system-vms")
    for vm in vms:
        if _serves(vm):
            continue
        passing = _PASSING.get(vm.state)
        if passing and facts.age(vm) <= passing:
            continue
        if vm.state in {"Destroyed", "Expunging"}:
            continue
        others = [o.name for o in vms if o.zone == vm.zone and o["vm_type"] == vm["vm_type"] and _serves(o)]
        if vm.state == "Running":
            headline = _("The agent of %(what)s %(name)s is %(agent)s")
        else:
            headline = (
                _("%(what)s %(name)s is in %(state)s") if vm.state else _("%(what)s %(name)s is in no known state")
            )
        yield Finding(
            rule="system_vm.up",
            severity=Severity.WARNING if others else Severity.CRITICAL,
            plane=Plane.MANAGEMENT,
            impact=8,
            headline=headline,
            detail=(
                _("%(others)s carries the zone. Error is final: destroy it and CloudStack makes a new one.")
                if others and vm.state == "Error"
                else _("%(others)s carries the zone.")
                if others
                else _TYPE_LOSS.get(str(vm["vm_type"]).lower(), "")
            ),
            params={
                "what": _TYPE_NAMES.get(str(vm["vm_type"]).lower(), _("System VM")),
                "name": vm.name,
                "state": vm.state,
                "agent": vm["agent_state"] or "unknown",
                "others": ", ".join(sorted(others)[:3]),
                "zone": facts.zone_name(vm.zone),
            },
            thing=vm,
            zone=vm.zone,
            since_at=vm.since_at,
            blast=facts.on_zone.get(vm.zone, Blast()) if vm.zone is not None and not others else Blast(),
        )


def system_vms_there(facts: Facts) -> Iterator[Finding]:
    """An enabled zone with hosts Up that has no system VM of a kind at all."""
    for zone in facts.of("zones"):
        if zone.state != "Enabled" or zone["zone_type"] == "Edge":
            continue
        if facts.age(zone) < timedelta(minutes=15) or not any(
            host.zone == zone.pk and host.state == "Up" for host in facts.of("hosts")
        ):
            continue
        for vm_type, what in _TYPE_NAMES.items():
            if any(vm.zone == zone.pk and str(vm["vm_type"]).lower() == vm_type for vm in facts.of("system-vms")):
                continue
            yield Finding(
                rule="system_vm.missing",
                severity=Severity.CRITICAL,
                plane=Plane.MANAGEMENT,
                impact=8,
                headline=_("Zone %(zone)s has no %(what)s"),
                detail=_TYPE_LOSS[vm_type],
                params={"zone": zone.name, "what": what},
                thing=zone,
                part=vm_type,
                zone=zone.pk,
                since_at=zone.since_at,
                blast=facts.on_zone.get(zone.pk, Blast()),
            )


def routers(facts: Facts) -> Iterator[Finding]:
    """Virtual routers that don't run, fail their health checks, or are both not the primary."""
    for router in facts.of("routers"):
        found = _router(facts, router)
        if found is None:
            continue
        severity, headline, detail = found
        yield Finding(
            rule="router.up",
            severity=severity,
            plane=Plane.DATA,
            impact=7,
            headline=headline,
            detail=detail,
            params={"name": router.name, "state": router.state or "—", "network": router["network_name"] or "—"},
            thing=router,
            zone=router.zone,
            since_at=router.since_at,
            blast=facts.on_network.get(router["network"] or 0, Blast(networks=1)),
        )


def _router(facts: Facts, router: Thing) -> tuple[Severity, str, str] | None:
    state = router.state
    redundant = bool(router["is_redundant"])
    if state == "Running":
        if router["redundant_state"] == "FAULT":
            return (
                Severity.WARNING,
                _("Virtual router %(name)s is in FAULT"),
                _("Its partner carries network %(network)s."),
            )
        if router["has_failed_health_checks"]:
            return (
                Severity.WARNING,
                _("Virtual router %(name)s fails its health checks"),
                _("Network %(network)s may lack DNS, DHCP or rules. Look at the results, then restart it."),
            )
        return None
    if state in _PASSING and facts.age(router) <= _PASSING[state]:
        return None
    if state in {"Destroyed", "Expunging"}:
        return None
    severity = Severity.WARNING if redundant or state == "Stopped" else Severity.CRITICAL
    if state in _PASSING:
        headline = _("Virtual router %(name)s has been %(state)s for longer than it normally takes")
    elif state == "Stopped":
        headline = _("Virtual router %(name)s is Stopped")
    elif state == "Error":
        headline = _("Virtual router %(name)s is in Error")
    else:
        headline = _("The state of virtual router %(name)s is unknown: “%(state)s”")
    return (
        severity,
        headline,
        _("Its partner should carry network %(network)s.")
        if redundant
        else _("Network %(network)s has no gateway, DHCP and DNS until it runs."),
    )


def routers_current(facts: Facts) -> Iterator[Finding]:
    """Routers of an older system VM template (M36), one line a zone."""
    by_zone: dict[int | None, list[Thing]] = {}
    for router in facts.of("routers"):
        if router["requires_upgrade"] and router.state == "Running":
            by_zone.setdefault(router.zone, []).append(router)
    for zone, old in by_zone.items():
        yield Finding(
            rule="router.current",
            severity=Severity.NOTICE,
            plane=Plane.DATA,
            impact=7,
            headline=(
                _("%(count)d virtual routers of zone %(zone)s require an upgrade")
                if len(old) > 1
                else _("A virtual router of zone %(zone)s requires an upgrade")
            ),
            detail=_("An older system VM template runs on %(names)s."),
            params={
                "count": len(old),
                "zone": facts.zone_name(zone) or "—",
                "names": ", ".join(sorted(router.name for router in old)[:5]) + (" …" if len(old) > 5 else ""),
            },
            thing=next((z for z in facts.of("zones") if z.pk == zone), None),
            kind="routers",
            zone=zone,
            since_at=min(router.since_at for router in old),
            blast=Blast(networks=len(old)),
        )


def _serves(vm: Thing) -> bool:
    # Older versions don't tell the agent's state: then running is all that can be known.
    return vm.state == "Running" and vm["agent_state"] in {"Up", "", None}
