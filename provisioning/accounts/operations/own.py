"""What people do for themselves: profile, password, tokens."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning.accounts import tokens
from provisioning.accounts.errors import Refused
from provisioning.accounts.models import ApiToken, User
from provisioning.accounts.operations.signing_in import move_session, revoke_other_sessions
from provisioning.audit.record import record, record_refusal

PROFILE_FIELDS = ("full_name", "email", "time_zone", "theme", "density")
MAX_LIFETIME_DAYS = 366
MAX_TOKENS = 50


def change_profile(user: User, values: dict[str, Any]) -> User:
    """Set what a person may set about themselves. Raises Refused for a time zone that does not exist."""
    zone = values.get("time_zone", user.time_zone)
    if zone not in zoneinfo.available_timezones():
        raise Refused(_("There is no time zone %(zone)s.") % {"zone": zone}, "time_zone")
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        changed = {
            name: values[name] for name in PROFILE_FIELDS if name in values and getattr(person, name) != values[name]
        }
        if changed:
            before = {name: getattr(person, name) for name in changed}
            for name, value in changed.items():
                setattr(person, name, value)
            person.save(update_fields=list(changed))
            record("person.profile", obj_type="user", obj_id=person.uuid, obj_name=person.username,
                   before=before, after=changed)  # fmt: skip
    return person


def change_password(request: HttpRequest, user: User, *, old: str, new: str) -> int:
    """Set a new password, keep this session and end every other. Returns how many ended. Raises Refused."""
    if not user.check_password(old):
        record_refusal("person.password_change", obj_type="user", obj_id=user.uuid, obj_name=user.username,
                       error="The old password does not match.")  # fmt: skip
        raise Refused(_("That is not your present password."), "old_password")
    check_password(new, user, field="new_password")
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        person.set_password(new)
        person.save(update_fields=["password", "password_changed_at"])
        record("person.password_change", obj_type="user", obj_id=person.uuid, obj_name=person.username)
        old_key = request.session.session_key
        update_session_auth_hash(request, person)  # gives this session a new key, too
        move_session(old_key, request.session.session_key)
        return revoke_other_sessions(person, person, keep_session_key=request.session.session_key)


def check_password(password: str, user: User, *, field: str) -> None:
    """Raises Refused with every reason against this password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field) from None


def create_token(user: User, *, name: str, scopes: list[str], lifetime_days: int) -> tuple[ApiToken, str]:
    """A new token and its text, which is not kept and cannot be shown again. Raises Refused."""
    offered = {scope.name for scope in tokens.offered_to(user)}
    if not scopes or not set(scopes) <= offered:
        raise Refused(_("Choose what the token may do, from what you may do yourself."), "scopes")
    if not 1 <= lifetime_days <= MAX_LIFETIME_DAYS:
        raise Refused(_("A token is valid for 1 to %(days)s days.") % {"days": MAX_LIFETIME_DAYS}, "lifetime_days")
    raw = tokens.new_token()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        now = timezone.now()
        living = user.api_tokens.filter(revoked_at__isnull=True, expires_at__gt=now)
        if living.count() >= MAX_TOKENS:
            raise Refused(_("You have %(count)s tokens. Revoke one first.") % {"count": MAX_TOKENS}, "name")
        token = ApiToken.objects.create(
            user=user, name=name.strip(), prefix=raw[: tokens.SHOWN], digest=tokens.digest_of(raw),
            scopes=sorted(set(scopes)), expires_at=now + dt.timedelta(days=lifetime_days),
        )  # fmt: skip
        record("api_token.create", obj_type="api_token", obj_id=token.uuid, obj_name=token.name,
               after={"scopes": token.scopes, "expires_at": token.expires_at})  # fmt: skip
    return token, raw


def revoke_token(actor: User, token_uuid: Any) -> ApiToken:
    """End a token: one's own, or anybody's for an administrator. Raises ApiToken.DoesNotExist for others."""
    from provisioning.accounts.policies import can_manage_people

    with transaction.atomic():
        rows = ApiToken.objects.select_for_update().filter(uuid=token_uuid)
        if not can_manage_people(actor):
            rows = rows.filter(user=actor)
        token = rows.get()
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            record("api_token.revoke", obj_type="api_token", obj_id=token.uuid, obj_name=token.name,
                   after={"person_id": str(token.user.uuid)})  # fmt: skip
    return token
