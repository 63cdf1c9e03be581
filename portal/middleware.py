"""Request id, client address, actor: known before anything else and carried to logs and audit rows.

Plain synchronous middleware on purpose: with a synchronous one innermost, Django runs the whole chain and the view in
one thread; mixing both kinds costs a thread switch at every change.
"""

from __future__ import annotations

import re
import time
import uuid
import zoneinfo
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.addresses import client_address, is_trusted
from provisioning.audit.context import AuditContext, acting

Handler = Callable[[HttpRequest], HttpResponse]
_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
_SAID_BY_PROXIES = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")
_QUIET = frozenset({"/healthz", "/readyz"})
log = structlog.get_logger("zonewright.request")


class RequestIdMiddleware:
    """Gives every request an id (a trusted proxy's own, if it sent one), binds it to the log and logs one line each."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.META.get("HTTP_X_REQUEST_ID", "")
        if not (_ID.match(offered) and is_trusted(request.META.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES)):
            offered = uuid.uuid4().hex
        request.request_id = offered  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=offered)
        started = time.monotonic()
        response = self.get_response(request)
        response["X-Request-Id"] = offered
        if request.path not in _QUIET:
            # The path alone: a query may hold what was searched for, or a key that somebody pasted.
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                duration_ms=round((time.monotonic() - started) * 1000, 1),
                client_ip=getattr(request, "client_ip", ""),
            )
        return response


class ClientAddressMiddleware:
    """Sets `request.client_ip`. What a stranger says with X-Forwarded-* is taken off the request, so that nothing
    further in can believe it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR", "")
        said = request.META.get("HTTP_X_FORWARDED_FOR", "")
        request.client_ip = client_address(peer, said, settings.TRUSTED_PROXIES)  # type: ignore[attr-defined]
        if not is_trusted(peer, settings.TRUSTED_PROXIES):
            for header in _SAID_BY_PROXIES:
                request.META.pop(header, None)
        return self.get_response(request)


def audit_context(request: HttpRequest, user: object | None = None) -> AuditContext:
    """Who is acting in `request`, for audit rows. `user` overrides `request.user` (a token's owner, for instance)."""
    user = user if user is not None else getattr(request, "user", None)
    known = bool(getattr(user, "is_authenticated", False))
    return AuditContext(
        actor_id=str(user.uuid) if known else "",  # type: ignore[union-attr]
        actor_name=user.get_username() if known else "anonymous",  # type: ignore[union-attr]
        acting_role=str(user.role) if known else "",  # type: ignore[union-attr]
        client_ip=getattr(request, "client_ip", ""),
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:300],
        request_id=getattr(request, "request_id", ""),
    )


class ActorMiddleware:
    """Makes the signed-in person the actor of every audit row that this request writes, and shows times in their
    zone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in _QUIET:
            return self.get_response(request)
        with acting(audit_context(request)), timezone.override(_time_zone(request)):
            return self.get_response(request)


def _time_zone(request: HttpRequest) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(getattr(getattr(request, "user", None), "time_zone", "") or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
