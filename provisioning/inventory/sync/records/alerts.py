"""CloudStack alerts, newest first; one that CloudStack archived or deleted is marked gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.cloudstack import Gateway
from provisioning.inventory.mapping.common import text, when, whole
from provisioning.inventory.models import Cloud, CloudAlert
from provisioning.inventory.sync import queue
from provisioning.inventory.sync.apply import batches
from provisioning.inventory.sync.lease import Lease
from provisioning.inventory.sync.owners import Owners
from provisioning.live import CLOUD, publish_many, topic_of

PAGE_SIZE = 100
MOST_PAGES = 50
CLOCKS_DIFFER = timedelta(minutes=2)

# What to look at again when such an alert comes (by the front of its name). A host that fell must not wait for the
# next full sync, which takes its time in a large cloud. Kinds that may be huge are left to that one.
KINDS_OF_ALERT: dict[str, tuple[str, ...]] = {
    "ALERT.COMPUTE.HOST": ("hosts",),
    "ALERT.MANAGEMENT": ("management-servers",),
    "ALERT.SERVICE.CONSOLEPROXY": ("system-vms",),
    "ALERT.SERVICE.SSVM": ("system-vms",),
    "ALERT.SERVICE.DOMAINROUTER": ("routers",),
    "ALERT.STORAGE": ("storage-pools",),
}


def poll(cloud: Cloud, gateway: Gateway, owners: Owners, lease: Lease) -> int:
    """Store alerts not seen before and mark those that vanished. Returns rows written."""
    new: list[CloudAlert] = []
    came: set[str] = set()
    oldest_at = None
    reached_end = False
    for page in range(1, MOST_PAGES + 1):
        answer = gateway.call("listAlerts", page=page, pagesize=PAGE_SIZE)
        rows = {text(row, "id"): row for row in answer.get("alert") or [] if isinstance(row, dict)}
        rows.pop("", None)
        came |= set(rows)
        known = set(
            CloudAlert.objects.filter(cloud=cloud, cloudstack_id__in=rows).values_list("cloudstack_id", flat=True)
        )
        for identity, row in rows.items():
            sent_at = when(row, "sent")
            if sent_at is None:
                continue
            oldest_at = min(oldest_at or sent_at, sent_at)
            if identity not in known:
                new.append(_alert(cloud, identity, row))
        reached_end = len(rows) < PAGE_SIZE
        if known or reached_end:
            break
    new.sort(key=lambda alert: alert.sent_at)
    for some in batches(new):
        with transaction.atomic():
            lease.renew()
            CloudAlert.objects.bulk_create(some, ignore_conflicts=True)
            publish_many(
                (topic_of(CLOUD, cloud.uuid), "alert.added", {"uuid": str(alert.uuid), "name": alert.name,
                 "description": alert.description})
                for alert in some[-20:]
            )  # fmt: skip
    # Only within the stretch of time that was looked at can something be missing.
    present = CloudAlert.objects.filter(cloud=cloud, gone_at__isnull=True).exclude(cloudstack_id__in=came)
    if not reached_end:
        present = present.filter(sent_at__gt=oldest_at) if oldest_at else present.none()
    gone = present.update(gone_at=timezone.now())
    _look_again(cloud, new)
    return len(new) + gone


def _look_again(cloud: Cloud, new: list[CloudAlert]) -> None:
    """Ask for a targeted sync of what alerts are about that came after the last complete sync."""
    since = cloud.last_complete_sync_at
    if since is None:
        return
    kinds = {
        kind
        for alert in new
        if alert.sent_at > since - CLOCKS_DIFFER
        for name, about in KINDS_OF_ALERT.items()
        if alert.name.startswith(name)
        for kind in about
    }
    if kinds:
        queue.ask(cloud, kinds, requested_by="alert")


def _alert(cloud: Cloud, identity: str, row: dict[str, Any]) -> CloudAlert:
    sent_at = when(row, "sent")
    assert sent_at is not None
    return CloudAlert(
        cloud=cloud,
        cloudstack_id=identity[:64],
        alert_type=whole(row, "type"),
        name=text(row, "name")[:120],
        description=text(row, "description").replace("\x00", "\ufffd"),
        sent_at=sent_at,
    )
