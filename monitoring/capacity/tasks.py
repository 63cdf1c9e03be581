"""When capacity is sampled and rolled up. Messages carry ids only; a task may run twice."""

from __future__ import annotations

from celery import shared_task

from monitoring.capacity import collect as collecting
from monitoring.capacity.rollup import roll_up
from provisioning.inventory.models import Cloud


@shared_task(name="capacity.collect_due", ignore_result=True)  # type: ignore[untyped-decorator]
def collect_due() -> None:
    """One message per cloud that is switched on; the claim decides whether its time has come."""
    for pk in Cloud.objects.filter(is_enabled=True, last_complete_sync_at__isnull=False).values_list("pk", flat=True):
        collect_cloud.apply_async((pk,), expires=120)


@shared_task(name="capacity.collect", ignore_result=True)  # type: ignore[untyped-decorator]
def collect_cloud(cloud_pk: int) -> None:
    """Sample one cloud when it is due."""
    from provisioning.inventory.gateway import gateway_of

    cloud = Cloud.objects.filter(pk=cloud_pk, is_enabled=True).first()
    if cloud is None or not collecting.claim(cloud):
        return
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
