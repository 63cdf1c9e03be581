"""What only some kinds have on their page: limits of an account, where a template is ready, a network's segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from monitoring.capacity.thresholds import Thresholds
from monitoring.capacity.types import type_of
from portal.web.table_spec import Column, Viewer


@dataclass
class Limit:
    """One resource limit. `limit` None: unlimited. `share`: used of limit, 0 to 1 and beyond."""

    name: str | Promise
    used: int | None
    limit: int | None
    share: float | None


@dataclass
class Extra:
    """A card of its own: `shape` chooses how it is drawn."""

    shape: str
    title: str | Promise
    rows: list[Any] = field(default_factory=list)
    url: str = ""


THRESHOLD_TYPES = {
    ("hosts", "memory_allocated_bytes"): (0, False),
    ("hosts", "cpu_allocated_mhz"): (1, False),
    ("storage-pools", "size_allocated_bytes"): (3, True),
    ("image-stores", "size_used_bytes"): (6, False),
}
"""Meter → CloudStack's capacity type and whether pools have a threshold of their own."""


def thresholds_of(obj: Any, slug: str, meters: list[Column]) -> dict[str, tuple[float | None, float | None]]:
    """The cloud's own notify and disable thresholds of each meter, as fractions; the narrowest scope wins."""
    wanted = {c.key: THRESHOLD_TYPES[slug, c.key] for c in meters if (slug, c.key) in THRESHOLD_TYPES}
    if not wanted:
        return {}
    known = Thresholds(obj.cloud)
    above = [getattr(getattr(obj, name, None), "uuid", None) for name in ("cluster", "zone")]
    places = (obj.uuid, *above)
    return {
        key: (known.notify(type_of(number), *places), known.disable(type_of(number), *places, pool=pool))
        for key, (number, pool) in wanted.items()
    }


LIMIT_WORDS: dict[str, str | Promise] = {
    "vm": _("Instances"),
    "cpu": _("CPU cores"),
    "memory": _("Memory (MiB)"),
    "gpu": _("GPUs"),
    "volume": _("Volumes"),
    "primarystorage": _("Primary storage (GiB)"),
    "snapshot": _("Snapshots"),
    "secondarystorage": _("Secondary storage (GiB)"),
    "template": _("Templates"),
    "network": _("Networks"),
    "vpc": _("VPCs"),
    "ip": _("Public IP addresses"),
    "project": _("Projects"),
    "backup": _("Backups"),
    "backupstorage": _("Backup storage (GiB)"),
    "bucket": _("Buckets"),
    "objectstorage": _("Object storage (GiB)"),
}
"""Field prefix in CloudStack's account and project answers → words and unit, in the order of the page. Units as its
resource limits count them. Others stand behind under their own name."""


def extras_of(obj: Any, slug: str, viewer: Viewer) -> list[Extra]:
    """The extra cards of an object's overview; empty when it has none."""
    if slug in {"accounts", "projects"}:
        return _limits(obj.limits)
    if slug == "templates":
        return [Extra("zones", _("Where it is ready"), _zones(obj.zones))] if obj.zones else []
    if slug == "physical-networks" and obj.segment_ranges and viewer.sees_infrastructure:
        url = reverse("inventory:segments", args=[obj.cloud.uuid])
        return [Extra("link", _("Segment map"), [obj.segment_ranges], f"{url}?physical_network={obj.uuid}")]
    return []


def _limits(limits: Any) -> list[Extra]:
    rows = []
    known = list(LIMIT_WORDS)

    def place(item: tuple[str, Any]) -> tuple[int, str]:
        return known.index(item[0]) if item[0] in LIMIT_WORDS else len(known), item[0]

    for name, value in sorted(limits.items(), key=place) if isinstance(limits, dict) else ():
        if not isinstance(value, dict):
            continue
        used, limit = value.get("used"), value.get("limit")
        share = used / limit if isinstance(used, int | float) and isinstance(limit, int | float) and limit > 0 else None
        rows.append(Limit(LIMIT_WORDS.get(name, name.replace("_", " ")), used, limit, share))
    return [Extra("limits", _("Limits"), rows)] if rows else []


def _zones(zones: Any) -> list[dict[str, Any]]:
    return [zone for zone in zones if isinstance(zone, dict)] if isinstance(zones, list) else []
