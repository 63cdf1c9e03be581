"""Tidying: sessions that nobody can use any more, and tries at signing in that no longer count."""

from __future__ import annotations

import datetime as dt
from importlib import import_module

from axes.models import AccessAttempt
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from provisioning.accounts.models import UserSession

KEEP_ENDED = dt.timedelta(days=30)


@shared_task(name="accounts.tidy")  # type: ignore[untyped-decorator]
def tidy() -> None:
    """Delete expired sessions, rows of sessions that ended a month ago, and tries older than a day (they hold names and
    addresses, and the trail has them anyway)."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    ended_before = timezone.now() - KEEP_ENDED
    UserSession.objects.filter(last_seen_at__lt=ended_before).delete()
    AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - dt.timedelta(days=1)).delete()
