"""Whose an object is: from the account or project that CloudStack names to the tenant's UUID."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from provisioning.accounts.models import Tenant
from provisioning.inventory.mapping.common import Raw, text
from provisioning.inventory.models import Cloud


@dataclass(frozen=True)
class Owners:
    """Tenants of one cloud by (domain id, account name) and by project id."""

    by_account: dict[tuple[str, str], UUID] = field(default_factory=dict)
    by_project: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    def of(cls, cloud: Cloud) -> Owners:
        owners = cls()
        for tenant in Tenant.objects.filter(cloud_uuid=cloud.uuid):
            if tenant.kind == Tenant.Kind.PROJECT:
                owners.by_project[tenant.project_cloudstack_id] = tenant.uuid
            else:
                owners.by_account[tenant.domain_cloudstack_id, tenant.account_name] = tenant.uuid
        return owners

    def of_row(self, raw: Raw) -> UUID | None:
        """The tenant of an object that names its account or project."""
        project = raw.get("projectid")
        if project:
            return self.by_project.get(str(project))
        return self.by_account.get((text(raw, "domainid"), text(raw, "account")))

    def of_account(self, raw: Raw) -> UUID | None:
        return self.by_account.get((text(raw, "domainid"), text(raw, "name")))

    def of_project(self, raw: Raw) -> UUID | None:
        return self.by_project.get(text(raw, "id"))
