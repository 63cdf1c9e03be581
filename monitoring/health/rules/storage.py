"""Primary storage (M4, M22) and secondary storage (M3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext_noop as _

from monitoring.health.facts import Blast, Facts
from monitoring.health.finding import Finding
from monitoring.health.models import Plane, Severity
from monitoring.health.rules.hosts import where

_PASSING = {"Initial", "Initialized", "Creating", "Attaching", "PrepareForMaintenance", "CancelMaintenance"}


def pools_up(facts: Facts) -> Iterator[Finding]:
    """A pool that isn't Up. CloudStack has no state for a dead pool: it stays Up, and its hosts and instances fall."""
    for pool in facts.of("storage-pools"):
        if pool.state in {"Up", "Removed"}:
            continue
        if pool.state in _PASSING and facts.age(pool) < timedelta(hours=1):
            continue
        if pool.state in {"Maintenance", "Disabled"}:
            severity, headline = Severity.HELD, _("Primary storage %(name)s is %(state)s")
            detail = _("Nothing new is placed on it. %(where)s")
        elif pool.state == "ErrorInMaintenance":
            severity, headline = Severity.CRITICAL, _("Primary storage %(name)s could not go into maintenance")
            detail = _("Some of its volumes are stopped, others are not. Cancel the maintenance or retry. %(where)s")
        elif pool.state in _PASSING:
            severity, headline = Severity.WARNING, _("Primary storage %(name)s has been %(state)s for over an hour")
            detail = _("%(where)s")
        else:
            severity, headline = Severity.WARNING, _("The state of primary storage %(name)s is unknown")
            detail = _("CloudStack says “%(state)s”. Unknown is not good. %(where)s")
        yield Finding(
            rule="pool.up",
            severity=severity,
            plane=Plane.DATA,
            impact=9,
            headline=headline,
            detail=detail,
            params={"name": pool.name, "state": pool.state or "—", "where": where(facts, pool)},
            thing=pool,
            zone=pool.zone,
            since_at=pool.since_at,
            blast=facts.on_pool.get(pool.pk, Blast()),
        )


def image_stores_writable(facts: Facts) -> Iterator[Finding]:
    """Read-only is all that CloudStack says about a store."""
    for store in facts.of("image-stores"):
        if store["is_readonly"]:
            yield Finding(
                rule="image_store.writable",
                severity=Severity.HELD,
                plane=Plane.DATA,
                impact=8,
                headline=_("Secondary storage %(name)s is read-only"),
                detail=_("Templates are read from it; snapshots and new templates go elsewhere."),
                params={"name": store.name},
                thing=store,
                zone=store.zone,
                since_at=store.since_at,
            )


def zone_has_image_store(facts: Facts) -> Iterator[Finding]:
    """A zone without writable secondary storage can neither keep snapshots nor load templates."""
    covered = {store.zone for store in facts.of("image-stores") if not store["is_readonly"]}
    if None in covered:
        # A region-wide store serves every zone.
        return
    for zone in facts.of("zones"):
        if zone.pk not in covered and zone.state == "Enabled" and zone["zone_type"] != "Edge":
            yield Finding(
                rule="image_store.missing",
                severity=Severity.CRITICAL,
                plane=Plane.DATA,
                impact=8,
                headline=_("Zone %(name)s has no writable secondary storage"),
                detail=_("No template can be loaded, no snapshot kept, and no system VM starts. Add one."),
                params={"name": zone.name},
                thing=zone,
                zone=zone.pk,
                since_at=zone.since_at,
                blast=facts.on_zone.get(zone.pk, Blast()),
            )
