"""One demo login per role, for a demo cloud on one's own machine. Never made beside a real cloud.

The passwords are random and kept in `demo-logins.json` (0600) in ZONEWRIGHT_HOME, so that a second start shows the
same ones.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from provisioning.accounts.models import Membership, Tenant, User
from provisioning.audit.record import record

FILE = "demo-logins.json"
# role shown → (user name, full name, global role, role in every first tenant)
PEOPLE: dict[str, tuple[str, str, str, str]] = {
    "administrator": ("admin", "Dimitar Petrov", User.Role.ADMINISTRATOR, ""),
    "operator": ("operator", "Marta Okafor", User.Role.OPERATOR, ""),
    "approver": ("approver", "Rania Haddad", User.Role.MEMBER, Membership.Role.APPROVER),
    "tenant user": ("alice", "Alice Moreau", User.Role.MEMBER, Membership.Role.TENANT_USER),
    "auditor": ("auditor", "Jonas Lindqvist", User.Role.AUDITOR, ""),
}


def demo_users(cloud: Any = None) -> list[dict[str, str]]:
    """Make or refresh the demo people; returns [{"role", "username", "password"}] in the order of PEOPLE.

    Idempotent: passwords that still work are kept. Somebody real with a demo's user name is left alone and that
    login left out. With a `cloud`, approver and tenant user join its first tenant. Raises ValueError for a cloud that
    is not a demo.
    """
    if cloud is not None and not cloud.is_demo:
        raise ValueError("Demo logins are only made beside a demo cloud.")
    kept = _read()
    logins = []
    with transaction.atomic():
        for role, (username, full_name, global_role, _in_tenant) in PEOPLE.items():
            person = User.objects.select_for_update().filter(username=username).first()
            if person is not None and not person.is_demo:
                continue
            password = kept.get(username, "")
            if person is None:
                password = password or secrets.token_urlsafe(12)
                person = User.objects.create_user(
                    username, password, full_name=full_name, role=global_role, is_demo=True
                )
                record("person.create", obj_type="user", obj_id=person.uuid, obj_name=username,
                       after={"username": username, "role": str(global_role), "is_demo": True})  # fmt: skip
            elif not password or not person.check_password(password):
                password = secrets.token_urlsafe(12)
                person.set_password(password)
                person.save(update_fields=["password", "password_changed_at"])
                record("person.password_change", obj_type="user", obj_id=person.uuid, obj_name=username,
                       reason="demo login refreshed")  # fmt: skip
            if not person.is_active:
                continue
            logins.append({"role": role, "username": username, "password": password})
        if cloud is not None:
            _join(cloud.uuid)
    _write({login["username"]: login["password"] for login in logins})
    return logins


def _join(cloud_uuid: UUID) -> None:
    """Approver and tenant user belong to the cloud's first tenant alone: the others are none of their business."""
    tenant = Tenant.objects.filter(cloud_uuid=cloud_uuid).order_by("pk").first()
    if tenant is None:
        return
    for username, _full_name, _role, in_tenant in PEOPLE.values():
        person = User.objects.filter(username=username, is_demo=True).first()
        if in_tenant and person is not None:
            _membership, created = Membership.objects.get_or_create(user=person, tenant=tenant, role=in_tenant)
            if created:
                record("membership.grant", obj_type="user", obj_id=person.uuid, obj_name=username,
                       cloud_uuid=cloud_uuid, tenant_uuid=tenant.uuid, reason="demo cloud",
                       after={"tenant": tenant.name, "role_in_tenant": str(in_tenant)})  # fmt: skip


def _path() -> Path:
    return Path(settings.HOME) / FILE


def _read() -> dict[str, str]:
    try:
        found = json.loads(_path().read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(password) for name, password in found.items()} if isinstance(found, dict) else {}


def _write(passwords: dict[str, str]) -> None:
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(passwords, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
