"""When capacity is sampled and rolled up. Messages carry ids only; a task may run twice."""

from __future__ import annotations

import contextlib

from celery import shared_task
from kombu.exceptions import OperationalError

from monitoring.capacity import collect as collecting
from monitoring.capacity.models import CapacityCollection
from monitoring.capacity.rollup import roll_up
from provisioning.inventory.models import Cloud, Sync


@shared_task(name="capacity.collect_due", ignore_result=True)  # type: ignore[untyped-decorator]
def collect_due() -> None:
    """One message per cloud that is switched on; the claim decides whether its time has come."""
    for pk in Cloud.objects.filter(is_enabled=True, last_complete_sync_at__isnull=False).values_list("pk", flat=True):
        collect_cloud.apply_async((pk,), expires=120)


@shared_task(name="capacity.collect", ignore_result=True)  # type: ignore[untyped-decorator]
def collect_cloud(cloud_pk: int) -> None:
    """Sample one cloud when it is due."""
    cloud = Cloud.objects.filter(pk=cloud_pk, is_enabled=True).first()
    if cloud is not None and collecting.claim(cloud):
        _sample(cloud)


def after_sync(cloud: Cloud, sync: Sync) -> None:
    """Registered with the inventory: the first sync brings the places, so the first sample follows at once."""
    sampled = CapacityCollection.objects.filter(cloud=cloud, finished_at__isnull=False).exists()
    if not sampled:
        # Not here: a sync must not wait for it. Without a broker the schedule brings it a minute later.
        with contextlib.suppress(OperationalError):
            collect_cloud.apply_async((cloud.pk,), expires=120, retry=False)


def _sample(cloud: Cloud) -> None:
    from provisioning.inventory.gateway import gateway_of

    try:
        with gateway_of(cloud, with_catalogue=False) as gateway:
            collecting.collect(cloud, gateway)
    except Exception as error:
        # Nothing could be asked at all (a lost key, an address that can't be used): the claim must not stay.
        collecting.give_up(cloud, str(error))
        raise


@shared_task(name="capacity.roll_up", ignore_result=True)  # type: ignore[untyped-decorator]
def roll_up_samples() -> None:
    """Hours and days out of samples; old samples go."""
    roll_up()
