"""Attempts to change something that the guards turn away before any operation sees them: they are on the trail too."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.middleware import audit_context
from provisioning.audit.context import acting
from provisioning.audit.record import record_refusal

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MOST_A_MINUTE = 30
"""Of one person. What they try beyond it is in the log alone, so that nobody can fill the trail by trying."""


def attempt_refused(request: HttpRequest, user: Any, why: str = "") -> None:
    """Put a refused write of somebody signed in on the trail. Reading what one may not see changes nothing: no row."""
    if request.method in SAFE:
        return
    key = f"attempts:{user.pk}"
    cache.add(key, 0, 60)
    try:
        if cache.incr(key) > MOST_A_MINUTE:
            return
    except ValueError:  # it ran out between the two
        pass
    with acting(audit_context(request, user)):
        record_refusal(
            "access.attempt", obj_type="address", obj_name=f"{request.method} {request.path}"[:200],
            error=why or _("Your role does not allow this."),
        )  # fmt: skip
