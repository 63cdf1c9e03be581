"""Facts by hand: `host("h1", "Down")` and so on, for tables of rules."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.health.facts import CloudFact, Facts, Thing

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ZONE, POD, CLUSTER = 1, 2, 3


def thing(
    kind: str, name: str, state: str, minutes: float = 30, *, pk: int = 0, zone: int | None = ZONE, **fields: Any
) -> Thing:
    number = pk or int(uuid.uuid5(uuid.NAMESPACE_DNS, kind + name)) % 10**9
    return Thing(
        kind=kind,
        pk=number,
        uuid=uuid.uuid5(uuid.NAMESPACE_URL, kind + name),
        name=name,
        state=state,
        since_at=NOW - timedelta(minutes=minutes),
        zone=number if kind == "zones" else zone,
        fields=fields,
    )


def host(name: str, state: str, resource: str = "Enabled", minutes: float = 30, **fields: Any) -> Thing:
    fields = {"pod": POD, "cluster": CLUSTER, "management_server": "ms-1", **fields}
    return thing("hosts", name, state, minutes, resource_state=resource, **fields)


def zone(name: str = "fra-1", state: str = "Enabled", **fields: Any) -> Thing:
    return thing("zones", name, state, 600, pk=ZONE, **fields)


def cluster(name: str = "C0", state: str = "Enabled", managed: str = "Managed", pk: int = CLUSTER) -> Thing:
    return thing("clusters", name, state, pk=pk, pod=POD, managed_state=managed)


def system_vm(name: str, vm_type: str, state: str = "Running", agent: str = "Up", minutes: float = 60) -> Thing:
    return thing("system-vms", name, state, minutes, vm_type=vm_type, agent_state=agent)


def facts(*things: Thing, **more: Any) -> Facts:
    by_kind: dict[str, list[Thing]] = {}
    for one in things:
        by_kind.setdefault(one.kind, []).append(one)
    more.setdefault("cloud", CloudFact(name="prod-eu", last_complete_sync_at=NOW, last_answer_at=NOW))
    return Facts(now=NOW, things={kind: tuple(found) for kind, found in by_kind.items()}, **more)
