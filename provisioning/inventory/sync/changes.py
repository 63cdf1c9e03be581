"""Change events with before and after, and what open pages hear of them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.inventory.models import ChangeEvent, Cloud, Sync
from provisioning.inventory.sync.specs import Spec
from provisioning.live import CLOUD, TENANT, publish_many, topic_of

# Beyond this many changes in one sync, pages hear counts instead of every single one.
MOST_LIVE_EVENTS = 200

Change = ChangeEvent.Change
Snapshot = dict[int, dict[str, Any]]


def snapshot(spec: Spec, pks: list[int]) -> Snapshot:
    """The tracked values of rows, by primary key; {label: value} under "values"."""
    labels = {path: path.replace("__name", "") for path in spec.tracked}
    names = ["pk", "uuid", "tenant_uuid", *{"name", *spec.tracked}]
    found: Snapshot = {}
    for row in spec.model.objects.filter(pk__in=pks).order_by().values(*names):
        found[row["pk"]] = {
            "uuid": row["uuid"],
            "name": row["name"],
            "tenant_uuid": row["tenant_uuid"],
            "values": {label: _jsonable(row[path]) for path, label in labels.items()},
        }
    return found


def _jsonable(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


@dataclass
class Story:
    """What one sync found different, told in the database and to open pages."""

    cloud: Cloud
    sync: Sync
    told: int = 0
    untold: Counter[tuple[str, str]] = field(default_factory=Counter)
    untold_of_tenants: dict[uuid.UUID, Counter[tuple[str, str]]] = field(default_factory=dict)

    def changed(self, spec: Spec, before: Snapshot, after: Snapshot) -> int:
        """Events for rows whose tracked values differ. Returns how many rows that were."""
        events = []
        rows = 0
        for pk, now in after.items():
            then = before.get(pk)
            if then is None:
                continue
            labels = [label for label, value in now["values"].items() if then["values"].get(label) != value]
            if labels:
                rows += 1
                events += self._split(spec, now, Change.CHANGED, then["values"], now["values"], labels)
        self._tell(events)
        return rows

    def appeared(self, spec: Spec, rows: Snapshot, change: str) -> None:
        """Events for rows that were created or came back."""
        events = []
        for now in rows.values():
            values = {label: value for label, value in now["values"].items() if value not in (None, "", {}, [])}
            events += self._split(spec, now, change, {}, values, list(values))
        self._tell(events)

    def gone(self, spec: Spec, rows: Snapshot) -> None:
        events = []
        for then in rows.values():
            values = {label: value for label, value in then["values"].items() if value not in (None, "", {}, [])}
            events += self._split(spec, then, Change.GONE, values, {}, list(values))
        self._tell(events)

    def _split(
        self, spec: Spec, row: Mapping[str, Any], change: str, before: Mapping[str, Any], after: Mapping[str, Any],
        labels: Iterable[str],
    ) -> list[ChangeEvent]:  # fmt: skip
        """One event, or two where a tenant's object changed something that only the infrastructure's people may see."""
        tenant = row["tenant_uuid"]
        for_all = [label for label in labels if tenant is None or label not in spec.infrastructure_only]
        hidden = [label for label in labels if label not in for_all]
        events = []
        if for_all or change != Change.CHANGED:
            events.append(self._event(spec, row, tenant, change, before, after, for_all))
        if hidden and change == Change.CHANGED:
            events.append(self._event(spec, row, None, change, before, after, hidden))
        return events

    def _event(
        self, spec: Spec, row: Mapping[str, Any], tenant: uuid.UUID | None, change: str, before: Mapping[str, Any],
        after: Mapping[str, Any], labels: list[str],
    ) -> ChangeEvent:  # fmt: skip
        return ChangeEvent(
            cloud=self.cloud,
            sync=self.sync,
            kind=spec.slug,
            object_uuid=row["uuid"],
            object_name=row["name"],
            tenant_uuid=tenant,
            change=change,
            before={label: before[label] for label in labels if label in before},
            after={label: after[label] for label in labels if label in after},
        )

    def _tell(self, events: list[ChangeEvent]) -> None:
        ChangeEvent.objects.bulk_create(events, batch_size=200)
        live: list[tuple[str, str, dict[str, Any]]] = []
        for event in events:
            if self.told < MOST_LIVE_EVENTS:
                self.told += 1
                payload = {
                    "kind": event.kind,
                    "uuid": str(event.object_uuid),
                    "name": event.object_name,
                    "change": str(event.change),
                    "before": event.before,
                    "after": event.after,
                }
                kind = f"{event.kind}.{event.change}"
                live.append((topic_of(CLOUD, self.cloud.uuid), kind, payload))
                if event.tenant_uuid:
                    live.append((topic_of(TENANT, event.tenant_uuid), kind, payload))
            else:
                key = (event.kind, str(event.change))
                self.untold[key] += 1
                if event.tenant_uuid:
                    self.untold_of_tenants.setdefault(event.tenant_uuid, Counter())[key] += 1
        publish_many(live)

    def summarise(self) -> None:
        """Tell open pages of what was too much to tell one by one. Inside the caller's transaction."""
        if not self.untold:
            return
        live = [(topic_of(CLOUD, self.cloud.uuid), "inventory.many_changes", _counts(self.untold))]
        live += [
            (topic_of(TENANT, tenant), "inventory.many_changes", _counts(counter))
            for tenant, counter in self.untold_of_tenants.items()
        ]
        publish_many(live)
        self.untold = Counter()
        self.untold_of_tenants = {}


def _counts(counter: Counter[tuple[str, str]]) -> dict[str, Any]:
    """{"counts": {kind: {change: n}}}"""
    counts: dict[str, dict[str, int]] = {}
    for (kind, change), number in counter.items():
        counts.setdefault(kind, {})[change] = number
    return {"counts": counts}
