"""Offerings and templates: CloudStack's answers as rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provisioning.inventory.mapping.common import (
    Mapped,
    Raw,
    common,
    dicts,
    flag,
    link,
    listed,
    owner_refs,
    text,
    whole,
)
from provisioning.inventory.models import Offering


def service_offering(raw: Raw) -> Mapped:
    return _offering(raw, Offering.Kind.SERVICE)


def disk_offering(raw: Raw) -> Mapped:
    return _offering(raw, Offering.Kind.DISK)


def network_offering(raw: Raw) -> Mapped:
    return _offering(raw, Offering.Kind.NETWORK)


def _offering(raw: Raw, kind: Offering.Kind) -> Mapped:
    return Mapped(
        common(raw)
        | {
            "tags": {},
            "offering_kind": kind.value,
            "display_text": text(raw, "displaytext"),
            "is_system": flag(raw, "issystem"),
            "is_customized": flag(raw, "iscustomized"),
            # An offering of some domains names them; a public one names none.
            "is_public": not link(raw, "domainid"),
            "cpu_count": whole(raw, "cpunumber"),
            "cpu_speed_mhz": whole(raw, "cpuspeed"),
            "memory_mib": whole(raw, "memory"),
            "disk_size_gib": whole(raw, "disksize") if kind is Offering.Kind.DISK else whole(raw, "rootdisksize"),
            "host_tags": text(raw, "hosttags"),
            "storage_tags": listed(raw, "storagetags") or (listed(raw, "tags") if kind is Offering.Kind.DISK else ""),
            "storage_type": text(raw, "storagetype"),
            "guest_ip_type": text(raw, "guestiptype"),
            "traffic_type": text(raw, "traffictype"),
        }
    )


def template(raw: Raw) -> Mapped:
    """`zones` (put there by `merge_zones`) tells where it is ready. An ISO has no template type; it gets "ISO"."""
    zones = raw.get("zones") or [_zone_of(raw)]
    is_ready = all(zone["is_ready"] for zone in zones)
    unready = next((zone for zone in zones if not zone["is_ready"]), None)
    return Mapped(
        common(raw)
        | {
            "state": "Ready" if is_ready else str((unready or {}).get("state") or "NotReady"),
            "template_type": text(raw, "templatetype") or ("ISO" if text(raw, "format").upper() == "ISO" else ""),
            "format": text(raw, "format"),
            "hypervisor": text(raw, "hypervisor"),
            "os_type_name": text(raw, "ostypename"),
            "size_bytes": whole(raw, "size"),
            "is_public": flag(raw, "ispublic"),
            "is_featured": flag(raw, "isfeatured"),
            "is_ready": is_ready,
            "status_text": str((unready or zones[0])["status"]),
            "zones": [{key: zone[key] for key in ("zone_id", "zone_name", "is_ready", "status")} for zone in zones],
        },
        owner_refs(raw),
    )


def merge_zones(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """listTemplates and listIsos give one row per zone: one row per template, with all of them under `zones`."""
    merged: dict[str, dict[str, Any]] = {}
    for row in rows:
        identity = str(row.get("id") or "")
        known = merged.setdefault(identity, {**row, "zones": []})
        known["zones"].append(_zone_of(row))
    for row in merged.values():
        row["zones"].sort(key=lambda zone: zone["zone_id"])
    return list(merged.values())


def _zone_of(raw: Raw) -> dict[str, Any]:
    stores = dicts(raw, "downloaddetails")
    states = [text(store, "downloadState") for store in stores]
    return {
        "zone_id": text(raw, "zoneid"),
        "zone_name": text(raw, "zonename"),
        "is_ready": flag(raw, "isready"),
        "status": text(raw, "status"),
        "state": next((state for state in states if state and state != "DOWNLOADED"), text(raw, "status")),
    }
