"""Which rows a person may see. Deny by default: a model without a known `scope` shows nothing to anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from provisioning.accounts.models import User

Q_ = TypeVar("Q_", bound=QuerySet[Any])

SEES_EVERYTHING = frozenset({"administrator", "operator", "auditor"})


def restrict(queryset: Q_, user: User) -> Q_:
    """`queryset` cut down to what `user` may see, by the model's `scope`: infrastructure, tenant or catalogue."""
    scope = getattr(queryset.model, "scope", None)
    if scope not in {"infrastructure", "tenant", "catalogue"}:
        return queryset.none()
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return queryset.none()
    if user.role in SEES_EVERYTHING:
        return queryset
    if scope == "infrastructure":
        return queryset.none()
    tenants = list(user.memberships.values_list("tenant__uuid", "tenant__cloud_uuid"))
    if not tenants:
        return queryset.none()
    own = Q(tenant_uuid__in=[uuid for uuid, _ in tenants])
    if scope == "catalogue":
        own |= Q(cloud__uuid__in={cloud for _, cloud in tenants}, tenant_uuid__isnull=True, is_public=True)
    return queryset.filter(own)
