"""Tenants and who belongs to them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from provisioning.accounts import policies
from provisioning.accounts.errors import NotAllowed, Refused
from provisioning.accounts.models import Membership, Tenant, User, UserSession
from provisioning.audit.record import record, record_refusal
from provisioning.live import publish, topic_of


def _demand(actor: User, action: str, tenant: Tenant | None = None) -> None:
    if not policies.can_manage_tenants(actor):
        record_refusal(action, obj_type="tenant", obj_id=tenant.uuid if tenant else "",
                       obj_name=tenant.name if tenant else "", error="Not an administrator.")  # fmt: skip
        raise NotAllowed(_("Only an administrator manages tenants."))


def add_tenant(
    actor: User,
    *,
    cloud_uuid: uuid.UUID,
    name: str,
    kind: str,
    domain_cloudstack_id: str,
    account_name: str = "",
    project_cloudstack_id: str = "",
    api_key: str = "",
    secret_key: str = "",
) -> Tenant:
    """Register a CloudStack account or project as a tenant. The secret is stored encrypted. Raises Refused."""
    _demand(actor, "tenant.add")
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(
                cloud_uuid=cloud_uuid, name=name.strip(), kind=kind, domain_cloudstack_id=domain_cloudstack_id,
                account_name=account_name, project_cloudstack_id=project_cloudstack_id, api_key=api_key,
                secret_key=secret_key,
            )  # fmt: skip
            record("tenant.add", obj_type="tenant", obj_id=tenant.uuid, obj_name=tenant.name, cloud_uuid=cloud_uuid,
                   tenant_uuid=tenant.uuid,
                   after={"kind": kind, "domain_cloudstack_id": domain_cloudstack_id, "account_name": account_name,
                          "project_cloudstack_id": project_cloudstack_id, "secret_set": bool(secret_key)})  # fmt: skip
    except IntegrityError:
        raise Refused(_("%(name)s is a tenant of this cloud already.") % {"name": name.strip()}, "name") from None
    return tenant


def change_tenant_keys(actor: User, tenant: Tenant, *, api_key: str, secret_key: str, reason: str = "") -> Tenant:
    """Set the tenant's own key pair; an empty secret keeps the stored one while the API key stays the same."""
    _demand(actor, "tenant.change", tenant)
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if not secret_key and api_key != row.api_key and api_key:
            raise Refused(_("A new API key needs its secret."), "secret_key")
        row.api_key = api_key
        row.secret_key = secret_key or (row.secret_key if api_key else "")
        row.save(update_fields=["api_key", "secret_key"])
        record("tenant.change", obj_type="tenant", obj_id=row.uuid, obj_name=row.name, cloud_uuid=row.cloud_uuid,
               tenant_uuid=row.uuid, reason=reason,
               after={"keys": "set" if row.secret_key else "none", "secret_set": bool(secret_key)})  # fmt: skip
    return row


def remove_tenant(actor: User, tenant: Tenant, *, reason: str) -> None:
    """Forget the tenant here; nothing in CloudStack is touched. Its members lose what they saw. Raises Refused."""
    _demand(actor, "tenant.remove", tenant)
    if not reason.strip():
        raise Refused(_("Say why: the reason stays on the trail."), "reason")
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        people = list(User.objects.filter(memberships__tenant=row).distinct())
        record("tenant.remove", obj_type="tenant", obj_id=row.uuid, obj_name=row.name, cloud_uuid=row.cloud_uuid,
               tenant_uuid=row.uuid, reason=reason,
               before={"members": [str(person.uuid) for person in people]})  # fmt: skip
        row.delete()
        _tell(people)


def grant(actor: User, person: User, tenant: Tenant, role: str) -> Membership:
    """Make `person` an approver or user of `tenant`. Granting twice changes nothing. Raises Refused."""
    _demand(actor, "membership.grant", tenant)
    if role not in Membership.Role.values:
        raise Refused(_("There is no role %(role)s in a tenant.") % {"role": role}, "role")
    with transaction.atomic():
        membership, created = Membership.objects.get_or_create(user=person, tenant=tenant, role=role)
        if created:
            _record("membership.grant", person, tenant, role)
            _tell([person])
    return membership


def revoke(actor: User, membership: Membership, *, reason: str = "") -> None:
    """Take a membership away; what the person saw through it is gone at once."""
    _demand(actor, "membership.revoke", membership.tenant)
    with transaction.atomic():
        row = Membership.objects.select_for_update().select_related("user", "tenant").get(pk=membership.pk)
        person, tenant, role = row.user, row.tenant, row.role
        row.delete()
        _record("membership.revoke", person, tenant, role, reason=reason)
        _tell([person])


def _record(action: str, person: User, tenant: Tenant, role: str, *, reason: str = "") -> None:
    values: dict[str, Any] = {"tenant": tenant.name, "role_in_tenant": str(role)}
    given = action == "membership.grant"
    record(action, obj_type="user", obj_id=person.uuid, obj_name=person.username, cloud_uuid=tenant.cloud_uuid,
           tenant_uuid=tenant.uuid, reason=reason, before=None if given else values,
           after=values if given else None)  # fmt: skip


def _tell(people: list[User]) -> None:
    """Open sockets of these people ask again what they may listen to."""
    for person in people:
        if UserSession.objects.filter(user=person, revoked_at__isnull=True).exists():
            publish(topic_of("user", person.uuid), "membership.changed", {})
