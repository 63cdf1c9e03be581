"""Turns samples into hours and hours into days, and forgets what is too fine to keep."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Avg, Max
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone

from monitoring.capacity.models import CapacitySample, CapacitySeries

Resolution = CapacitySample.Resolution

KEEP = {
    Resolution.RAW: timedelta(hours=50),
    Resolution.HOUR: timedelta(days=35),
    Resolution.DAY: timedelta(days=3 * 366),
}


def roll_up(now: datetime | None = None) -> int:
    """Make the hours and days that are complete and not made yet; delete what is past its time. Returns rows made.

    Running it twice changes nothing. Hours without a sample get no row.
    """
    now = now or timezone.now()
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    today = this_hour.replace(hour=0)
    made = _make(Resolution.RAW, Resolution.HOUR, this_hour, timedelta(hours=1))
    made += _make(Resolution.HOUR, Resolution.DAY, today, timedelta(days=1))
    for resolution, keep in KEEP.items():
        _forget(resolution, now - keep)
    return made


def _make(source: int, target: int, before: datetime, step: timedelta) -> int:
    """One step's worth at a time, so that no transaction grows with the time that the scheduler was off."""
    oldest = CapacitySample.objects.filter(resolution=source).order_by("at").values_list("at", flat=True).first()
    if oldest is None:
        return 0
    truncate = TruncHour if target == Resolution.HOUR else TruncDay
    start = oldest.replace(minute=0, second=0, microsecond=0)
    if target == Resolution.DAY:
        start = start.replace(hour=0)
    made = 0
    # The last steps are made again: a sample of theirs may have been stored after they were.
    # (Hosts are sampled by the hour to begin with and say nothing about what was made.)
    made_ones = CapacitySample.objects.filter(resolution=target).exclude(series__level=CapacitySeries.Level.HOST)
    latest = made_ones.order_by("-at").values_list("at", flat=True).first()
    if latest is not None and source == Resolution.RAW:
        start = max(start, latest - 2 * step)
    elif latest is not None:
        start = max(start, latest - step)
    while start < before:
        rows = (
            CapacitySample.objects.filter(resolution=source, at__gte=start, at__lt=start + step)
            .annotate(step=truncate("at"))
            .values("series_id", "step")
            .annotate(mean=Avg("used"), highest=Max("peak"), whole=Max("total"))
            .order_by()
        )
        points = [
            CapacitySample(
                series_id=row["series_id"],
                resolution=target,
                at=row["step"],
                used=round(row["mean"]),
                peak=row["highest"],
                total=row["whole"],
            )
            for row in rows
        ]
        CapacitySample.objects.bulk_create(
            points,
            update_conflicts=True,
            unique_fields=["series", "resolution", "at"],
            update_fields=["used", "peak", "total"],
            batch_size=500,
        )
        made += len(points)
        start += step
    return made


def _forget(resolution: int, before: datetime) -> None:
    while True:
        old = CapacitySample.objects.filter(resolution=resolution, at__lt=before).order_by("at")
        batch = list(old.values_list("pk", flat=True)[:5000])
        if not batch:
            return
        CapacitySample.objects.filter(pk__in=batch).delete()
