"""Async jobs: `listAsyncJobs` shows only running ones, so each is remembered and asked for by id when it left it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.cloudstack import CloudStackError, Gateway, JobResult, NotFound, ParameterRefused
from provisioning.inventory.mapping.common import text, when
from provisioning.inventory.models import AsyncJob, Cloud
from provisioning.inventory.sync import queue
from provisioning.inventory.sync.apply import batches
from provisioning.inventory.sync.lease import Lease
from provisioning.inventory.sync.owners import Owners
from provisioning.live import CLOUD, TENANT, publish_many, topic_of

# Ended jobs resolved in one round; the rest waits for the next.
MOST_RESOLVED = 100
# CloudStack forgets a job after `job.expire.minutes` (1440).
FORGOTTEN_AFTER = timedelta(hours=25)

# What to look at again when a job on such an object has ended.
KINDS_OF_INSTANCE: dict[str, tuple[str, ...]] = {
    "virtualmachine": ("instances", "volumes"),
    "volume": ("volumes",),
    "network": ("networks", "routers"),
    "host": ("hosts",),
    "storagepool": ("storage-pools",),
    "systemvm": ("system-vms",),
    "consoleproxy": ("system-vms",),
    "secondarystoragevm": ("system-vms",),
    "domainrouter": ("routers",),
    "router": ("routers",),
    "zone": ("zones",),
    "pod": ("pods",),
    "cluster": ("clusters",),
    "physicalnetwork": ("physical-networks",),
    "template": ("templates",),
    "iso": ("templates",),
    "account": ("accounts",),
    "domain": ("domains",),
    "project": ("projects",),
}


def poll(cloud: Cloud, gateway: Gateway, owners: Owners, lease: Lease) -> int:
    """Remember running jobs, resolve ended ones, ask for a targeted sync of what they touched. Returns rows written."""
    running: dict[str, dict[str, Any]] = {}
    for page in gateway.pages(
        "listAsyncJobs", "asyncjobs", optional={"listall": True}, row_key=lambda row: text(row, "jobid")
    ):
        running.update({text(row, "jobid"): row for row in page})
    written = _remember(cloud, running, owners, lease)
    return written + _resolve(cloud, gateway, owners, lease, set(running))


def _remember(cloud: Cloud, running: dict[str, dict[str, Any]], owners: Owners, lease: Lease) -> int:
    known = set(AsyncJob.objects.filter(cloud=cloud, cloudstack_id__in=running).values_list("cloudstack_id", flat=True))
    new = [
        AsyncJob(cloud=cloud, cloudstack_id=job_id, status=AsyncJob.Status.RUNNING, **_fields(row, owners))
        for job_id, row in running.items()
        if job_id not in known
    ]
    for some in batches(new):
        with transaction.atomic():
            lease.renew()
            AsyncJob.objects.bulk_create(some, ignore_conflicts=True)
            _tell(cloud, list(some))
    if known:
        AsyncJob.objects.filter(cloud=cloud, cloudstack_id__in=known).update(last_seen_at=timezone.now())
    return len(new)


def _resolve(cloud: Cloud, gateway: Gateway, owners: Owners, lease: Lease, running: set[str]) -> int:
    open_jobs = AsyncJob.objects.filter(cloud=cloud, status=AsyncJob.Status.RUNNING).order_by("pk")
    ended = [job for job in open_jobs[: MOST_RESOLVED + len(running)] if job.cloudstack_id not in running]
    done: list[AsyncJob] = []
    for job in ended[:MOST_RESOLVED]:
        try:
            result = gateway.poll(job.cloudstack_id)
        except (NotFound, ParameterRefused):
            job.status = None
            done.append(job)
            continue
        except CloudStackError:
            if timezone.now() - job.last_seen_at < FORGOTTEN_AFTER:
                break
            job.status = None
            done.append(job)
            continue
        if result.is_done:
            _conclude(job, result, owners)
            done.append(job)
    for some in batches(done):
        with transaction.atomic():
            lease.renew()
            for job in some:
                job.save()
            _tell(cloud, list(some))
    kinds = {kind for job in done for kind in KINDS_OF_INSTANCE.get(job.instance_type.lower(), ())}
    if kinds:
        queue.ask(cloud, kinds, requested_by="job")
    return len(done)


def _conclude(job: AsyncJob, result: JobResult, owners: Owners) -> None:
    for name, value in _fields(result.answer, owners).items():
        if value not in ("", None):
            setattr(job, name, value)
    job.status = int(result.status)
    job.result_code = result.result_code
    job.result_text = result.error_text
    job.completed_at = when(result.answer, "completed") or timezone.now()
    job.last_seen_at = timezone.now()


def _fields(row: dict[str, Any], owners: Owners) -> dict[str, Any]:
    return {
        "tenant_uuid": owners.of_row(row),
        "command": text(row, "cmd").rsplit(".", 1)[-1][:255],
        "account_name": text(row, "account")[:255],
        "domain_path": text(row, "domainpath")[:1000],
        "user_cloudstack_id": text(row, "userid")[:64],
        "instance_type": text(row, "jobinstancetype")[:64],
        "instance_cloudstack_id": text(row, "jobinstanceid")[:64],
        "created_at": when(row, "created"),
    }


def _tell(cloud: Cloud, jobs: list[AsyncJob]) -> None:
    live = []
    for job in jobs[:50]:
        payload = {
            "uuid": str(job.uuid),
            "job_id": job.cloudstack_id,
            "command": job.command,
            "status": job.status,
            "instance_type": job.instance_type,
            "instance_id": job.instance_cloudstack_id,
        }
        live.append((topic_of(CLOUD, cloud.uuid), "job.changed", payload))
        if job.tenant_uuid:
            live.append((topic_of(TENANT, job.tenant_uuid), "job.changed", payload))
    publish_many(live)


def remember(cloud: Cloud, job_id: str, command: str = "", **fields: Any) -> AsyncJob:
    """Store a job that we submitted ourselves, before it is polled: a short one may never be seen running."""
    job, _made = AsyncJob.objects.get_or_create(
        cloud=cloud,
        cloudstack_id=job_id,
        defaults={"status": AsyncJob.Status.RUNNING, "command": command, "created_at": timezone.now(), **fields},
    )
    return job
