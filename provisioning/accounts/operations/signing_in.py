"""Signing in and out, and ending sessions. Every try is on the audit trail, also a failed one; those during a pause,
which are never looked at, are counted there instead of listed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning.accounts import lockout
from provisioning.accounts.errors import NotAllowed
from provisioning.accounts.models import User, UserSession, tidy_username
from provisioning.accounts.sessions import digest_of
from provisioning.audit.context import acting, current
from provisioning.audit.record import record, record_refusal
from provisioning.live import publish, topic_of


@dataclass(frozen=True)
class Attempt:
    """How a try ended: `user` when it worked, else where the tries stand."""

    user: User | None
    standing: lockout.Standing | None


def sign_in(request: HttpRequest, username: str, password: str) -> Attempt:
    """Open a session, or say where the tries stand. Takes as long for an unknown name as for a known one."""
    username = tidy_username(username).replace("\x00", "")[:150]
    who = replace(current(), actor_id="", actor_name=username, acting_role="")
    was_paused = lockout.standing(request, username).paused_until is not None
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        standing = lockout.standing(request, username)
        error = "Name and password do not match." if standing.paused_until is None else "Paused after too many tries."
        untold = lockout.entry_for_paused_try(request) if was_paused else 0
        if untold:
            error = f"{error} {untold} tries before this one have no entry of their own."
        if untold is not None:
            with acting(who):
                record_refusal("session.sign_in", obj_type="session", error=error)
        return Attempt(None, standing)
    with transaction.atomic():
        login(request, user)
        row = UserSession.objects.filter(session_key_digest=digest_of(str(request.session.session_key))).first()
        with acting(replace(who, actor_id=str(user.uuid), actor_name=user.username, acting_role=str(user.role))):
            record("session.sign_in", obj_type="session", obj_id=row.uuid if row else "")
    return Attempt(user, None)


def sign_out(request: HttpRequest) -> None:
    """End this browser's session and close its live sockets."""
    if request.user.is_authenticated:
        with transaction.atomic():
            rows = UserSession.objects.filter(session_key_digest=digest_of(str(request.session.session_key)))
            row = rows.first()
            if row is not None:
                _end([row])
            record("session.sign_out", obj_type="session", obj_id=row.uuid if row else "")
    logout(request)


def revoke_session(actor: User, session_uuid: Any, *, reason: str = "") -> UserSession:
    """End one session: one's own, or anybody's for an administrator. It is over at its next request, and its live
    sockets close at once. Raises UserSession.DoesNotExist for a session that `actor` may not know of."""
    from provisioning.accounts.policies import can_manage_people

    with transaction.atomic():
        rows = UserSession.objects.select_for_update().filter(uuid=session_uuid)
        if not can_manage_people(actor):
            rows = rows.filter(user=actor)
        row = rows.get()
        if row.revoked_at is None:
            _end([row])
            record("session.revoke", obj_type="session", obj_id=row.uuid, reason=reason,
                   after={"person_id": str(row.user.uuid)})  # fmt: skip
    return row


def revoke_other_sessions(actor: User, person: User, *, keep_session_key: str | None, reason: str = "") -> int:
    """End every session of `person` but the one with `keep_session_key`. Returns how many were ended."""
    from provisioning.accounts.policies import can_manage_people

    if actor.pk != person.pk and not can_manage_people(actor):
        record_refusal("session.revoke", obj_type="user", obj_id=person.uuid, obj_name=person.username)
        raise NotAllowed(_("Only an administrator ends other people's sessions."))
    with transaction.atomic():
        rows = UserSession.objects.select_for_update().filter(user=person, revoked_at__isnull=True)
        if keep_session_key:
            rows = rows.exclude(session_key_digest=digest_of(keep_session_key))
        ended = list(rows)
        if ended:
            _end(ended)
            record("session.revoke", obj_type="user", obj_id=person.uuid, obj_name=person.username, reason=reason,
                   after={"sessions_ended": len(ended)})  # fmt: skip
    return len(ended)


def _end(rows: list[UserSession]) -> None:
    now = timezone.now()
    for row in rows:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        # Open sockets of this session close themselves; the next one is refused by the session store.
        publish(topic_of("user", row.user.uuid), "session.revoked", {"session": str(row.uuid)})


def move_session(old_key: str | None, new_key: str | None) -> None:
    """The same browser under a new session key (after a password change)."""
    if old_key and new_key and old_key != new_key:
        UserSession.objects.filter(session_key_digest=digest_of(old_key)).update(session_key_digest=digest_of(new_key))
