"""Personal tokens for `/api/v1/`: `zw_` and 43 characters. Only a SHA-256 is stored; the token is shown once.

A token can never do more than its owner may at the moment it is used: scopes narrow, they do not grant.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.accounts import policies
from provisioning.accounts.models import ApiToken, User

PREFIX = "zw_"
SHOWN = 9  # characters of a token that lists show, so that its owner knows which one it is
USED_EVERY = dt.timedelta(seconds=60)
_SHAPE = re.compile(r"^zw_[A-Za-z0-9_\-]{43}$")


@dataclass(frozen=True)
class Scope:
    """`name` is what a token carries; `policy` is what its owner must be allowed to be offered it."""

    name: str
    label: str | Promise
    policy: str


SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope("inventory:read", _("Read clouds and what is in them"), "can_use_console"),
        Scope("capacity:read", _("Read capacity and its history"), "can_see_capacity"),
        Scope("health:read", _("Read health and problems"), "can_see_health"),
        Scope("audit:read", _("Read and export the audit trail"), "can_see_audit"),
        Scope("people:read", _("Read people, tenants and memberships"), "can_see_people"),
        Scope("clouds:write", _("Add and change clouds, ask for syncs"), "can_manage_clouds"),
    )
}


def new_token() -> str:
    """256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()


def offered_to(user: User) -> list[Scope]:
    """Scopes that make sense for this person."""
    return [scope for scope in SCOPES.values() if policies.POLICIES[scope.policy](user)]


def verify_token(raw: str) -> ApiToken | None:
    """The living token that `raw` is, with its active owner loaded; None for anything else.

    Constant time in what an attacker can vary: what is looked up is a digest of 256 random bits, and it is compared
    in constant time. Notes the use, once a minute at most.
    """
    if not _SHAPE.match(raw):
        return None
    digest = digest_of(raw)
    token = ApiToken.objects.select_related("user").filter(digest=digest).first()
    if token is None or not hmac.compare_digest(token.digest, digest):
        return None
    now = timezone.now()
    if token.revoked_at is not None or not token.user.is_active:
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def allows(token: ApiToken, scope: str) -> bool:
    """May this token be used for `scope` now? Its owner must still be allowed. KeyError for an unknown scope."""
    wanted = SCOPES[scope]
    return scope in token.scopes and policies.POLICIES[wanted.policy](token.user)
