"""Hosts, and the clusters, pods and zones around them (manual M5; states: Status.java, ResourceState.java)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext_noop as _

from monitoring.health.facts import Blast, Facts, Thing
from monitoring.health.finding import Finding, fingerprint
from monitoring.health.models import Plane, Severity

# Passing states and how long they normally last at most (facts sheet: Connecting < ready.command.wait 60 s).
_PASSING = {
    "Creating": timedelta(minutes=10),
    "Connecting": timedelta(minutes=5),
    "Rebalancing": timedelta(minutes=5),
}
_MAINTENANCE = {"Maintenance", "PrepareForMaintenance", "ErrorInMaintenance", "ErrorInPrepareForMaintenance"}

_BROKEN: dict[str, tuple[Severity, str, str]] = {
    "Down": (
        Severity.CRITICAL,
        _("Host %(name)s is Down"),
        _("CloudStack has given it up and restarts its HA instances elsewhere. %(where)s"),
    ),
    "Alert": (
        Severity.CRITICAL,
        _("Host %(name)s is in Alert"),
        _("CloudStack cannot tell whether it is dead, so HA does not start. Its instances may still run. %(where)s"),
    ),
    "Disconnected": (
        Severity.WARNING,
        _("Host %(name)s is Disconnected"),
        _("Its instances go on running, nothing new starts there and none of them can be changed. %(where)s"),
    ),
    "Error": (Severity.CRITICAL, _("Host %(name)s is in Error"), _("Its agent could not be set up. %(where)s")),
}
_RESOURCE: dict[str, tuple[Severity, str, str]] = {
    "ErrorInMaintenance": (
        Severity.WARNING,
        _("Host %(name)s could not go into maintenance"),
        _("CloudStack gave up moving its instances. Cancel the maintenance, or make room and retry. %(where)s"),
    ),
    "ErrorInPrepareForMaintenance": (
        Severity.WARNING,
        _("Host %(name)s has trouble going into maintenance"),
        _("Some instances do not move; CloudStack still tries. %(where)s"),
    ),
    "Degraded": (
        Severity.CRITICAL,
        _("Host %(name)s is declared Degraded"),
        _("Its instances were given up and restart elsewhere when they are HA-enabled. %(where)s"),
    ),
    "Error": (Severity.CRITICAL, _("Host %(name)s is in administrative Error"), _("%(where)s")),
}


def hosts_up(facts: Facts) -> Iterator[Finding]:
    """A host whose agent isn't Up, or whose administration went wrong. A host that is Down while in maintenance was
    taken out on purpose: it is held, not critical."""
    for host in facts.of("hosts"):
        resource = host["resource_state"] or ""
        found = _resource_finding(facts, host, resource) or _connection_finding(facts, host, resource)
        if found:
            yield found


def _resource_finding(facts: Facts, host: Thing, resource: str) -> Finding | None:
    if resource in _RESOURCE:
        return _host(facts, host, *_RESOURCE[resource])
    if resource == "PrepareForMaintenance" and facts.age(host) > timedelta(hours=1):
        return _host(
            facts,
            host,
            Severity.WARNING,
            _("Host %(name)s has been preparing for maintenance for over an hour"),
            _("Look at the instances that are still on it. %(where)s"),
        )
    return None


def _connection_finding(facts: Facts, host: Thing, resource: str) -> Finding | None:
    state = host.state
    if state == "Up":
        if resource in {"Maintenance", "Disabled"}:
            texts = {
                "Maintenance": _("Host %(name)s is in Maintenance"),
                "Disabled": _("Host %(name)s is Disabled"),
            }
            return _host(facts, host, Severity.HELD, texts[resource], _("Nothing new starts there. %(where)s"))
        return None
    if resource in _MAINTENANCE:
        return _host(
            facts,
            host,
            Severity.HELD,
            _("Host %(name)s is %(state)s, in Maintenance"),
            _("It was taken out on purpose before. %(where)s"),
        )
    if state in _BROKEN:
        return _host(facts, host, *_BROKEN[state])
    if state in _PASSING:
        if facts.age(host) <= _PASSING[state]:
            return None
        return _host(
            facts,
            host,
            Severity.WARNING,
            _("Host %(name)s has been %(state)s for longer than it normally takes"),
            _("%(where)s"),
        )
    if state == "Removed":
        return None
    return _host(
        facts,
        host,
        Severity.WARNING,
        _("The state of host %(name)s is unknown"),
        _("CloudStack says “%(state)s”. Unknown is not good. %(where)s"),
    )


def _host(facts: Facts, host: Thing, severity: Severity, headline: str, detail: str) -> Finding:
    return Finding(
        rule="host.up",
        severity=severity,
        plane=Plane.DATA,
        impact=9,
        headline=headline,
        detail=detail,
        params={"name": host.name, "state": host.state or "—", "where": where(facts, host)},
        thing=host,
        zone=host.zone,
        since_at=host.since_at,
        blast=Blast(hosts=1) + facts.on_host.get(host.pk, Blast()),
        cause=_cause(facts, host) if severity != Severity.HELD else "",
    )


def _cause(facts: Facts, host: Thing) -> str:
    """Its cluster isn't managed, its management server is down, or all of its cluster fell together."""
    for cluster in facts.of("clusters"):
        if cluster.pk == host["cluster"]:
            if cluster["managed_state"] in _UNMANAGED:
                # Unmanaging disconnects; it kills nothing.
                return fingerprint("cluster.managed", cluster) if host.state != "Down" else ""
            if _all_out(facts, cluster):
                return fingerprint("cluster.hosts", cluster)
    for server in facts.of("management-servers"):
        if server.state == "Down" and server.fields.get("cloudstack_id") == host["management_server"] != "":
            return fingerprint("management.servers", server)
    return ""


_UNMANAGED = {"Unmanaged", "PrepareUnmanaged", "PrepareUnmanagedError"}


def clusters_managed(facts: Facts) -> Iterator[Finding]:
    """An unmanaged cluster has cut all its hosts off: they turn Disconnected, and stay so for half a minute after."""
    for cluster in facts.of("clusters"):
        state = cluster["managed_state"] or ""
        if state not in _UNMANAGED:
            continue
        hosts = [host for host in facts.of("hosts") if host["cluster"] == cluster.pk]
        yield Finding(
            rule="cluster.managed",
            severity=Severity.CRITICAL if state == "PrepareUnmanagedError" else Severity.WARNING,
            plane=Plane.MANAGEMENT,
            impact=9,
            headline=_("Cluster %(name)s is %(state)s: CloudStack has let go of its hosts"),
            detail=_("Instances go on running, but nothing can start or change there. Manage it again. %(where)s"),
            params={"name": cluster.name, "state": state, "where": where(facts, cluster)},
            thing=cluster,
            zone=cluster.zone,
            since_at=cluster.since_at,
            blast=_on(facts, hosts),
        )


def clusters_alive(facts: Facts) -> Iterator[Finding]:
    """A whole cluster out: one problem with its hosts below it, not a page of hosts."""
    for cluster in facts.of("clusters"):
        if cluster["managed_state"] in _UNMANAGED or not _all_out(facts, cluster):
            continue
        hosts = [host for host in facts.of("hosts") if host["cluster"] == cluster.pk]
        yield Finding(
            rule="cluster.hosts",
            severity=Severity.CRITICAL,
            plane=Plane.DATA,
            impact=9,
            headline=_("All %(count)d hosts of cluster %(name)s are out"),
            detail=_("They went together: look first at what they share, network, storage, power. %(where)s"),
            params={"name": cluster.name, "count": len(hosts), "where": where(facts, cluster)},
            thing=cluster,
            zone=cluster.zone,
            since_at=max(host.since_at for host in hosts),
            blast=_on(facts, hosts),
        )


def places_enabled(facts: Facts) -> Iterator[Finding]:
    """Zones, pods and clusters that take nothing new, on purpose."""
    texts = {
        "zones": _("Zone %(name)s is %(state)s"),
        "pods": _("Pod %(name)s is %(state)s"),
        "clusters": _("Cluster %(name)s is %(state)s"),
    }
    for kind, text in texts.items():
        for place in facts.of(kind):
            if place.state == "Enabled":
                continue
            held = place.state == "Disabled"
            yield Finding(
                rule="place.enabled",
                severity=Severity.HELD if held else Severity.WARNING,
                plane=Plane.DATA,
                impact=9,
                headline=text,
                detail=_("Nothing new is placed there; what runs goes on running."),
                params={"name": place.name, "state": place.state or _("of unknown state")},
                thing=place,
                zone=place.pk if kind == "zones" else place.zone,
                since_at=place.since_at,
            )


def _all_out(facts: Facts, cluster: Thing) -> bool:
    hosts = [host for host in facts.of("hosts") if host["cluster"] == cluster.pk]
    return len(hosts) >= 2 and all(
        host.state in _BROKEN and host["resource_state"] not in _MAINTENANCE for host in hosts
    )


def _on(facts: Facts, hosts: list[Thing]) -> Blast:
    return sum((Blast(hosts=1) + facts.on_host.get(host.pk, Blast()) for host in hosts), Blast())


def where(facts: Facts, thing: Thing) -> str:
    """Where it stands: "fra-1 / POD3 / C17"."""
    names = []
    for kind, pk in (("zones", thing.zone), ("pods", thing["pod"]), ("clusters", thing["cluster"])):
        names += [place.name for place in facts.of(kind) if pk is not None and place.pk == pk]
    return " / ".join(names)
