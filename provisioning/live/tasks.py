"""Housekeeping of live events."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from provisioning.live.reading import trim

KEEP = timedelta(hours=24)
MAX_ROWS = 200_000


@shared_task(name="live.trim", ignore_result=True)  # type: ignore[untyped-decorator]
def trim_events() -> None:
    """Forget events that no open page can still ask for."""
    trim(KEEP, MAX_ROWS)
