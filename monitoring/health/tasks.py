"""When health is looked at: after every sync, and between syncs, because time alone can make things bad."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from monitoring.health.evaluation import evaluate
from monitoring.health.models import HealthEvaluation
from provisioning.inventory.models import Cloud, Sync

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=60)


@shared_task(name="health.evaluate_due", ignore_result=True)  # type: ignore[untyped-decorator]
def evaluate_due() -> None:
    """One message per cloud that nobody has looked at for `EVERY`."""
    fresh = HealthEvaluation.objects.filter(evaluated_at__gt=timezone.now() - EVERY).values("cloud_id")
    for pk in Cloud.objects.filter(is_enabled=True).exclude(pk__in=fresh).values_list("pk", flat=True):
        evaluate_cloud.apply_async((pk,), expires=60)


@shared_task(name="health.evaluate", ignore_result=True)  # type: ignore[untyped-decorator]
def evaluate_cloud(cloud_pk: int) -> None:
    """Look at one cloud."""
    cloud = Cloud.objects.filter(pk=cloud_pk).first()
    if cloud is not None:
        evaluate(cloud)


def after_sync(cloud: Cloud, sync: Sync) -> None:
    """Registered with the inventory: what a sync brought is judged at once."""
    cloud.refresh_from_db()
    evaluate(cloud)


def after_trouble(cloud: Cloud) -> None:
    """Registered with the inventory: a cloud that falls silent is said at once."""
    cloud.refresh_from_db()
    evaluate(cloud)
