"""Signed-in browsers: listed for their owner, ended at the next request after they were revoked.

A session is good only while its `UserSession` row says so. The row is found by a digest, so reading this table gives
nobody a session. `SessionStore` asks on every load: pages and websockets go through the same door.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from provisioning.accounts.models import User, UserSession

SEEN_EVERY = dt.timedelta(seconds=60)


def digest_of(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()


def idle_limit() -> dt.timedelta:
    """How long a session lives without its person doing anything."""
    return dt.timedelta(seconds=getattr(settings, "SESSION_IDLE_SECONDS", 4 * 3600))


def alive(session_key: str | None) -> UserSession | None:
    """The session's row while it is neither revoked nor idle for too long; None otherwise."""
    if not session_key:
        return None
    row = UserSession.objects.filter(session_key_digest=digest_of(session_key), revoked_at__isnull=True).first()
    now = timezone.now()
    if row is None or now - row.last_seen_at > idle_limit():
        return None
    # However often it was used: saving a session moves its cookie's life on, this one ends all the same.
    if now - row.created_at > dt.timedelta(seconds=settings.SESSION_COOKIE_AGE):
        return None
    return row


def opened(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    """Receiver of Django's `user_logged_in`: the session key is known only after `login` has changed it."""
    session_key = request.session.session_key
    if session_key is None:
        request.session.create()
        session_key = str(request.session.session_key)
    UserSession.objects.update_or_create(
        session_key_digest=digest_of(session_key),
        defaults={
            "user": user,
            "client_ip": getattr(request, "client_ip", "") or None,
            "user_agent": request.META.get("HTTP_USER_AGENT", "")[:300],
            "created_at": timezone.now(),
            "last_seen_at": timezone.now(),
            "revoked_at": None,
        },
    )


def living_of(user: User) -> QuerySet[UserSession]:
    """The sessions of a person that still work, the one used last first."""
    return UserSession.objects.filter(
        user=user,
        revoked_at__isnull=True,
        last_seen_at__gt=timezone.now() - idle_limit(),
        created_at__gt=timezone.now() - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE),
    ).order_by("-last_seen_at")


def seen(request: HttpRequest, *, at_once: bool = False) -> None:
    """The person did something: moves the idle limit on. Written once a minute at most, unless `at_once`."""
    session_key = request.session.session_key
    if session_key:
        now = timezone.now()
        rows = UserSession.objects.filter(session_key_digest=digest_of(session_key))
        if not at_once:
            rows = rows.filter(last_seen_at__lt=now - SEEN_EVERY)
        rows.update(last_seen_at=now)


def ends_at(request: HttpRequest) -> dt.datetime | None:
    """When this session ends if nothing more is done: the idle limit or its whole life, whichever is first."""
    row = alive(request.session.session_key)
    if row is None:
        return None
    return min(row.last_seen_at + idle_limit(), row.created_at + dt.timedelta(seconds=settings.SESSION_COOKIE_AGE))
