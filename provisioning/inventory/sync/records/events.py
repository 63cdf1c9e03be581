"""CloudStack events, newest first: pages are read until one holds something that is known already."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from provisioning.cloudstack import Gateway
from provisioning.inventory.mapping.common import text, when
from provisioning.inventory.models import Cloud, CloudEvent
from provisioning.inventory.sync.apply import batches
from provisioning.inventory.sync.lease import Lease
from provisioning.inventory.sync.owners import Owners
from provisioning.live import CLOUD, TENANT, publish_many, topic_of

PAGE_SIZE = 100
# At first, and after a long pause, no more than this many pages are read back.
MOST_PAGES = 100


def poll(cloud: Cloud, gateway: Gateway, owners: Owners, lease: Lease) -> int:
    """Store events not seen before. Returns how many."""
    new: dict[str, CloudEvent] = {}
    for page in range(1, MOST_PAGES + 1):
        answer = gateway.call("listEvents", optional={"listall": True}, page=page, pagesize=PAGE_SIZE)
        rows = {text(row, "id"): row for row in answer.get("event") or [] if isinstance(row, dict)}
        rows.pop("", None)
        known = set(
            CloudEvent.objects.filter(cloud=cloud, cloudstack_id__in=rows).values_list("cloudstack_id", flat=True)
        )
        for identity, row in rows.items():
            if identity not in known and (event := _event(cloud, identity, row, owners)):
                new[identity] = event
        # Events of one second may come in any order, so one known event ends the reading only with its page.
        if known or len(rows) < PAGE_SIZE:
            break
    in_order = sorted(new.values(), key=lambda event: event.created_at)
    for some in batches(in_order):
        with transaction.atomic():
            lease.renew()
            CloudEvent.objects.bulk_create(some, ignore_conflicts=True)
    _tell(cloud, in_order[-20:])
    return len(new)


def _event(cloud: Cloud, identity: str, row: dict[str, Any], owners: Owners) -> CloudEvent | None:
    created_at = when(row, "created")
    if created_at is None:
        return None
    return CloudEvent(
        cloud=cloud,
        cloudstack_id=identity[:64],
        tenant_uuid=owners.of_row(row),
        event_type=text(row, "type")[:120],
        level=text(row, "level")[:16],
        state=text(row, "state")[:32],
        description=text(row, "description").replace("\x00", "\ufffd"),
        account_name=text(row, "account")[:255],
        domain_path=text(row, "domainpath", "domain")[:1000],
        user_name=text(row, "username")[:255],
        parent_cloudstack_id=text(row, "parentid")[:64],
        resource_type=text(row, "resourcetype")[:64],
        resource_cloudstack_id=text(row, "resourceid")[:64],
        created_at=created_at,
    )


def _tell(cloud: Cloud, events: list[CloudEvent]) -> None:
    live = []
    for event in events:
        payload = {
            "uuid": str(event.uuid),
            "type": event.event_type,
            "level": event.level,
            "state": event.state,
            "description": event.description,
            "resource_id": event.resource_cloudstack_id,
        }
        live.append((topic_of(CLOUD, cloud.uuid), "event.added", payload))
        if event.tenant_uuid:
            live.append((topic_of(TENANT, event.tenant_uuid), "event.added", payload))
    publish_many(live)
