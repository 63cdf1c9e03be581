"""Giving a new tenant what is already in the mirror."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet

from provisioning.accounts.models import Tenant
from provisioning.inventory import models as m
from provisioning.inventory.models import Cloud

STEP_ROWS = 1000
_OWNED: tuple[type[m.InventoryObject], ...] = (
    m.GuestNetwork, m.PublicRange, m.VirtualRouter, m.Template, m.Instance, m.Volume,
)  # fmt: skip


def backfill_tenant(tenant: Tenant) -> int:
    """Mark the rows of a tenant's account or project as its own, in small steps; returns how many rows that were.

    The next full sync would do the same; this shows them at once.
    """
    cloud = Cloud.objects.filter(uuid=tenant.cloud_uuid).first()
    if cloud is None:
        return 0
    if tenant.kind == Tenant.Kind.PROJECT:
        owned = Q(project__cloudstack_id=tenant.project_cloudstack_id)
        themselves: QuerySet[m.InventoryObject] = m.Project.objects.filter(
            cloud=cloud, cloudstack_id=tenant.project_cloudstack_id
        )
    else:
        owned = Q(account__name=tenant.account_name, account__domain__cloudstack_id=tenant.domain_cloudstack_id)
        owned &= Q(project__isnull=True)
        themselves = m.Account.objects.filter(
            cloud=cloud, name=tenant.account_name, domain__cloudstack_id=tenant.domain_cloudstack_id
        )
    done = themselves.update(tenant_uuid=tenant.uuid)
    for model in _OWNED:
        rows = model.objects.filter(owned, cloud=cloud).exclude(tenant_uuid=tenant.uuid)
        rows |= model.objects.filter(owned, cloud=cloud, tenant_uuid__isnull=True)
        while some := list(rows.order_by("pk").values_list("pk", flat=True)[:STEP_ROWS]):
            with transaction.atomic():
                done += model.objects.filter(pk__in=some).update(tenant_uuid=tenant.uuid)
    return done
