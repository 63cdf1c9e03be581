"""How often one token (or one session's person) may call. Rates are settings; an answer 429 says when to come back."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from provisioning.accounts.models import ApiToken

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Throttle(SimpleRateThrottle):
    safe = True

    def allow_request(self, request: Request, view: Any) -> bool:
        if (request.method in SAFE) is not self.safe:
            return True
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: Any) -> str:
        if isinstance(request.auth, ApiToken):
            who = f"token-{request.auth.pk}"
        elif request.user and request.user.is_authenticated:
            who = f"user-{request.user.pk}"
        else:
            who = f"address-{getattr(request, 'client_ip', '')}"
        return f"zw-throttle-{self.scope}-{who}"


class ReadThrottle(_Throttle):
    scope = "read"


class WriteThrottle(_Throttle):
    scope = "write"
    safe = False
