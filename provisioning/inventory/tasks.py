"""Celery tasks: they carry ids only, may run twice, and may be lost; the sweeper starts again what was left behind."""

from __future__ import annotations

from celery import shared_task

from provisioning.inventory.sync import queue
from provisioning.inventory.sync.records import run as records


@shared_task(name="inventory.sync_cloud", ignore_result=True)  # type: ignore[untyped-decorator]
def sync_cloud(sync_id: int) -> None:
    """Run one sync; harmless when it has ended or another worker is at it."""
    queue.work(sync_id)


@shared_task(name="inventory.schedule", ignore_result=True)  # type: ignore[untyped-decorator]
def schedule() -> None:
    """Every few seconds: ask for the full syncs that are due, and start again what a dead worker left."""
    queue.sweep()
    queue.schedule_due()


@shared_task(name="inventory.poll_records", ignore_result=True)  # type: ignore[untyped-decorator]
def poll_records() -> None:
    """Every few seconds: one task per cloud for its jobs, events and alerts."""
    for cloud_id in queue.clouds_to_poll():
        poll_cloud_records.apply_async((cloud_id,), expires=30)


@shared_task(name="inventory.poll_cloud_records", ignore_result=True)  # type: ignore[untyped-decorator]
def poll_cloud_records(cloud_id: int) -> None:
    records.run(cloud_id)


@shared_task(name="inventory.prune", ignore_result=True)  # type: ignore[untyped-decorator]
def prune() -> None:
    """Once a day: forget syncs, jobs and raw answers that nobody asks for any more."""
    queue.prune()
