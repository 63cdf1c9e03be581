"""Administrators manage people: add, change, disable, password links."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from provisioning.accounts import policies
from provisioning.accounts.errors import NotAllowed, Refused
from provisioning.accounts.models import ApiToken, User, tidy_username
from provisioning.accounts.operations.own import check_password
from provisioning.accounts.operations.signing_in import revoke_other_sessions
from provisioning.audit.context import AuditContext, acting, current
from provisioning.audit.record import record, record_refusal


class _LinkTokens(PasswordResetTokenGenerator):
    """Signed, ends after PASSWORD_RESET_TIMEOUT, and dies with the password it was made for."""

    key_salt = "zonewright.accounts.password-link"


_links = _LinkTokens()


def _demand(actor: User, action: str, person: User | None = None) -> None:
    if not policies.can_manage_people(actor):
        record_refusal(action, obj_type="user", obj_id=person.uuid if person else "",
                       obj_name=person.username if person else "", error="Not an administrator.")  # fmt: skip
        raise NotAllowed(_("Only an administrator manages people."))


def create_person(actor: User, *, username: str, role: str, full_name: str = "", email: str = "") -> tuple[User, str]:
    """A new person without a password, and the path token of a link by which they set one. Raises Refused."""
    _demand(actor, "person.create")
    username = tidy_username(username)
    if not username or "\x00" in username or any(sign.isspace() for sign in username):
        raise Refused(_("A user name has no spaces."), "username")
    if role not in User.Role.values:
        raise Refused(_("There is no role %(role)s.") % {"role": role}, "role")
    try:
        with transaction.atomic():
            person = User.objects.create_user(username, None, role=role, full_name=full_name, email=email)
            record("person.create", obj_type="user", obj_id=person.uuid, obj_name=person.username,
                   after={"username": username, "full_name": full_name, "email": email, "role": role})  # fmt: skip
    except IntegrityError:
        raise Refused(_("Somebody is called %(name)s already.") % {"name": username}, "username") from None
    return person, link_for(person)


def change_person(actor: User, person: User, values: dict[str, Any], *, reason: str = "") -> User:
    """Set name, e-mail and role. The last active administrator keeps the role. Raises Refused."""
    _demand(actor, "person.change", person)
    with transaction.atomic():
        row = _locked(person)
        allowed = ("full_name", "email", "role")
        changed = {name: values[name] for name in allowed if name in values and getattr(row, name) != values[name]}
        if "role" in changed:
            if changed["role"] not in User.Role.values:
                raise Refused(_("There is no role %(role)s.") % {"role": changed["role"]}, "role")
            _keep_an_administrator(row, _("is the last administrator: give the role to somebody else first."), "role")
        if changed:
            before = {name: getattr(row, name) for name in changed}
            for name, value in changed.items():
                setattr(row, name, value)
            row.save(update_fields=list(changed))
            record("person.change", obj_type="user", obj_id=row.uuid, obj_name=row.username, reason=reason,
                   before=before, after=changed)  # fmt: skip
            if "role" in changed:
                # Open pages and sockets still show what the old role could see.
                revoke_other_sessions(actor, row, keep_session_key=None, reason="role changed")
    return row


def disable_person(actor: User, person: User, *, reason: str = "") -> User:
    """Nobody can sign in as them, their sessions end and their tokens stop working. Raises Refused."""
    _demand(actor, "person.disable", person)
    if actor.pk == person.pk:
        raise Refused(_("You cannot disable yourself."))
    with transaction.atomic():
        row = _locked(person)
        _keep_an_administrator(row, _("is the last administrator: give the role to somebody else first."), "")
        if row.is_active:
            row.is_active = False
            row.save(update_fields=["is_active"])
            ended = ApiToken.objects.filter(user=row, revoked_at__isnull=True).update(revoked_at=timezone.now())
            record("person.disable", obj_type="user", obj_id=row.uuid, obj_name=row.username, reason=reason,
                   before={"is_active": True}, after={"is_active": False, "tokens_revoked": ended})  # fmt: skip
            revoke_other_sessions(actor, row, keep_session_key=None, reason="person disabled")
    return row


def enable_person(actor: User, person: User, *, reason: str = "") -> User:
    _demand(actor, "person.enable", person)
    with transaction.atomic():
        row = _locked(person)
        if not row.is_active:
            row.is_active = True
            row.save(update_fields=["is_active"])
            record("person.enable", obj_type="user", obj_id=row.uuid, obj_name=row.username, reason=reason,
                   before={"is_active": False}, after={"is_active": True})  # fmt: skip
    return row


def make_password_link(actor: User, person: User) -> str:
    """The path token ("<id>/<token>") of a link by which the person sets a new password; an older link dies when one
    was used. The administrator never learns the password."""
    _demand(actor, "person.password_link", person)
    with transaction.atomic():
        record("person.password_link", obj_type="user", obj_id=person.uuid, obj_name=person.username)
    return link_for(person)


def link_for(person: User) -> str:
    return f"{urlsafe_base64_encode(str(person.uuid).encode())}/{_links.make_token(person)}"


def person_of_link(uid: str, token: str) -> User | None:
    """The active person whose link this is, while it is good; None otherwise."""
    try:
        person = User.objects.filter(uuid=urlsafe_base64_decode(uid).decode(), is_active=True).first()
    except (ValueError, TypeError, UnicodeDecodeError):
        return None
    except Exception:  # a UUID field refuses text that is none with ValidationError
        return None
    return person if person is not None and _links.check_token(person, token) else None


def set_password_by_link(uid: str, token: str, password: str) -> User:
    """Set the password; every session ends, and the link is used up. Raises Refused."""
    person = person_of_link(uid, token)
    if person is None:
        raise Refused(_("This link was used already, or is too old. Ask an administrator for another."))
    check_password(password, person, field="new_password")
    here = current()
    who = AuditContext(str(person.uuid), person.username, str(person.role), here.client_ip, here.user_agent,
                       here.request_id)  # fmt: skip
    with acting(who), transaction.atomic():
        row = _locked(person)
        if not _links.check_token(row, token):  # somebody was faster
            raise Refused(_("This link was used already, or is too old. Ask an administrator for another."))
        row.set_password(password)
        row.save(update_fields=["password", "password_changed_at"])
        record("person.password_change", obj_type="user", obj_id=row.uuid, obj_name=row.username,
               reason="by a link of an administrator")  # fmt: skip
        revoke_other_sessions(row, row, keep_session_key=None, reason="password changed")
    return row


def _locked(person: User) -> User:
    # All administrators, so that two of them cannot take the role from each other at once.
    list(User.objects.select_for_update().filter(role=User.Role.ADMINISTRATOR).order_by("pk").values_list("pk"))
    return User.objects.select_for_update().get(pk=person.pk)


def _keep_an_administrator(row: User, why: str, field: str) -> None:
    if row.role == User.Role.ADMINISTRATOR and row.is_active:
        others = User.objects.filter(role=User.Role.ADMINISTRATOR, is_active=True, is_demo=False).exclude(pk=row.pk)
        if not others.exists() and not (row.is_demo and User.objects.filter(
            role=User.Role.ADMINISTRATOR, is_active=True).exclude(pk=row.pk).exists()):  # fmt: skip
            raise Refused(f"{row.username} {why}", field)
