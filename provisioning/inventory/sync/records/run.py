"""One round for one cloud: jobs, events, alerts, each on its own so that one that is refused hinders no other."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.utils import timezone

from provisioning.cloudstack import CloudStackError, Gateway, PermissionRefused
from provisioning.inventory.gateway import gateway_of
from provisioning.inventory.models import Cloud, SyncLease
from provisioning.inventory.sync.lease import Lease, LeaseLost
from provisioning.inventory.sync.owners import Owners
from provisioning.inventory.sync.records import alerts, events, jobs, outage
from provisioning.secrets.keyring import CannotDecrypt

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
RETRY_BUDGET_S = 5.0

Step = Callable[[Cloud, Gateway, Owners, Lease], int]
STEPS: tuple[tuple[str, str, Step], ...] = (
    ("jobs", "listAsyncJobs", jobs.poll),
    ("events", "listEvents", events.poll),
    ("alerts", "listAlerts", alerts.poll),
)


def run(cloud_id: int, owner: str = "") -> dict[str, int]:
    """Fetch what is new. Returns rows written by record; {} when another worker is at it or the cloud is off."""
    cloud = Cloud.objects.filter(pk=cloud_id, is_enabled=True).first()
    if cloud is None:
        return {}
    lease = Lease.take(cloud, SyncLease.Purpose.RECORDS, owner)
    if lease is None:
        return {}
    written: dict[str, int] = {}
    try:
        owners = Owners.of(cloud)
        with gateway_of(cloud, timeout_s=TIMEOUT_S, retry_budget_s=RETRY_BUDGET_S) as gateway:
            for name, command, step in STEPS:
                try:
                    if gateway.offers(command):
                        written[name] = step(cloud, gateway, owners, lease)
                except PermissionRefused:
                    continue
            if written:
                Cloud.objects.filter(pk=cloud.pk).update(last_answer_at=timezone.now())
    except CloudStackError as error:
        outage.notice(cloud, error)
        log.info("inventory.records_failed", cloud=cloud.name, kind=error.kind, error=error.sentence)
    except CannotDecrypt as error:
        log.warning("inventory.records_failed", cloud=cloud.name, error=str(error))
    except LeaseLost:
        log.warning("inventory.records_overtaken", cloud=cloud.name)
    finally:
        lease.release()
    return written
