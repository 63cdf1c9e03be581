"""Lockout by django-axes: a name from one address after a few tries, a whole address after many.

Behind one office address sit many people, so the address alone has a higher limit of its own
(`AXES_ADDRESS_FAILURE_LIMIT`); a stranger who tries every name from one address meets it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import (
    get_client_ip_address,
    get_client_parameters,
    get_client_username,
    get_cool_off,
    get_failure_limit,
)
from axes.models import AccessAttempt
from django.conf import settings
from django.core.cache import cache
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from provisioning.accounts.models import tidy_username

# During a pause an address gets one entry of the trail in this time: nothing on the trail can be deleted, so a stranger
# must not be able to fill it.
PAUSED_ENTRY_EVERY_S = 60
_COUNTED_FOR_S = 24 * 3600


@dataclass(frozen=True)
class Standing:
    """Where a sign-in stands: tries left before a pause, and the pause's end while there is one."""

    tries_left: int
    paused_until: dt.datetime | None
    pause: dt.timedelta


def username_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """AXES_USERNAME_CALLABLE: the name as accounts compare it, so that spelling does not buy more tries."""
    typed = (credentials or {}).get("username") or request.POST.get("username") or ""
    return tidy_username(str(typed)).replace("\x00", "")[:150]


def keep_response(request: HttpRequest, response: HttpResponse, credentials: Any = None) -> HttpResponse:
    """AXES_LOCKOUT_CALLABLE: the sign-in page has said it already."""
    return response


def _address(request: HttpRequest) -> str | None:
    # Set by axes' proxy before it calls the handler; the page asks on its own account, of the same callable.
    return getattr(request, "axes_ip_address", None) or get_client_ip_address(request) or None


def _browser(request: HttpRequest) -> str:
    return str(getattr(request, "axes_user_agent", ""))


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """AXES_HANDLER."""

    def _groups(self, request: HttpRequest, credentials: dict[str, Any] | None) -> list[tuple[int, Any]]:
        """(limit, attempts in the pause's length) for each thing that is counted."""
        username = get_client_username(request, credentials)
        parameters = get_client_parameters(username, _address(request), _browser(request), request)
        since = timezone.now() - get_cool_off(request)
        limit = get_failure_limit(request, credentials)
        address_limit = getattr(settings, "AXES_ADDRESS_FAILURE_LIMIT", 10 * limit)
        return [
            (
                address_limit if set(one) == {"ip_address"} else limit,
                AccessAttempt.objects.filter(**one, attempt_time__gte=since),
            )
            for one in parameters
        ]

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """The failures of the group that is nearest to its limit, on the scale of AXES_FAILURE_LIMIT."""
        limit = get_failure_limit(request, credentials)
        worst = 0
        for group_limit, attempts in self._groups(request, credentials):
            failures = attempts.aggregate(n=Sum("failures_since_start"))["n"] or 0
            worst = max(worst, failures * limit // group_limit)
        return worst

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """After a success only this name's tries from this address are forgotten: knowing one password must not
        reset the count of an address that tries others."""
        count, _ = AccessAttempt.objects.filter(
            username=get_client_username(request, credentials), ip_address=_address(request)
        ).delete()
        return int(count)


def standing(request: HttpRequest, username: str) -> Standing:
    """What to tell after a failed try. Says the same whether or not the name exists."""
    handler = Handler()
    credentials = {"username": username}
    pause = get_cool_off(request)
    tries_left = get_failure_limit(request, credentials)
    until = None
    for limit, attempts in handler._groups(request, credentials):
        totals = attempts.aggregate(n=Sum("failures_since_start"), last=Max("attempt_time"))
        left = limit - (totals["n"] or 0)
        if left <= 0:
            end = totals["last"] + pause
            until = end if until is None else max(until, end)
        tries_left = max(0, min(tries_left, left))
    return Standing(tries_left=tries_left, paused_until=until, pause=pause)


def entry_for_paused_try(request: HttpRequest) -> int | None:
    """Whether a try during a pause gets an entry of the trail: None, or how many tries of this address went without
    one since the last entry. The log has a line of each."""
    address = _address(request)
    if cache.add(f"accounts.paused-entry.{address}", True, PAUSED_ENTRY_EVERY_S):
        untold = int(cache.get(f"accounts.paused-tries.{address}", 0))
        cache.delete(f"accounts.paused-tries.{address}")
        return untold
    if not cache.add(f"accounts.paused-tries.{address}", 1, _COUNTED_FOR_S):
        with contextlib.suppress(ValueError):  # thrown out of a full cache in between
            cache.incr(f"accounts.paused-tries.{address}")
    return None
