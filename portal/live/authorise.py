"""Who is at the other end of a socket, and which topics that person may hear. Closed by default."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from provisioning.accounts.models import Tenant, User
from provisioning.accounts.policies import can_see_infrastructure
from provisioning.inventory.models import Cloud, Sync
from provisioning.live import CLOUD, SYNC, TENANT, USER


def user_of_session(session_key: str) -> User | None:
    """The active person behind a session key, or None: unknown, ended, revoked or outdated session, disabled person."""
    if not session_key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_authenticated or not user.is_active:
        return None
    return user


def allowed_topics(user: User, topics: Iterable[str]) -> set[str]:
    """Those of `topics` that `user` may hear. One of an unknown kind, or of a thing that is not there, is refused."""
    wanted: dict[str, dict[uuid.UUID, str]] = {}
    for topic in topics:
        prefix, _, identity = topic.partition(".")
        try:
            parsed = uuid.UUID(identity)
        except ValueError:
            continue
        # Compared as text later on: only the canonical spelling is a topic.
        if topic == f"{prefix}.{parsed}":
            wanted.setdefault(prefix, {})[parsed] = topic
    return {
        wanted[prefix][identity]
        for prefix, rule in _RULES.items()
        if prefix in wanted
        for identity in rule(user, set(wanted[prefix]))
    }


def _clouds(user: User, identities: set[uuid.UUID]) -> Iterable[uuid.UUID]:
    if not can_see_infrastructure(user):
        return ()
    return Cloud.objects.filter(uuid__in=identities).values_list("uuid", flat=True)


def _syncs(user: User, identities: set[uuid.UUID]) -> Iterable[uuid.UUID]:
    if not can_see_infrastructure(user):
        return ()
    return Sync.objects.filter(uuid__in=identities).values_list("uuid", flat=True)


def _tenants(user: User, identities: set[uuid.UUID]) -> Iterable[uuid.UUID]:
    tenants = Tenant.objects.filter(uuid__in=identities)
    if not can_see_infrastructure(user):
        tenants = tenants.filter(memberships__user=user)
    return tenants.values_list("uuid", flat=True).distinct()


def _users(user: User, identities: set[uuid.UUID]) -> Iterable[uuid.UUID]:
    return {user.uuid} & identities


_RULES = {CLOUD: _clouds, SYNC: _syncs, TENANT: _tenants, USER: _users}
