"""Which clouds a person may see, and the one that an address names."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from provisioning.accounts.models import User
from provisioning.accounts.scoping import SEES_EVERYTHING
from provisioning.inventory.models import Cloud


def clouds_for(user: User) -> QuerySet[Cloud]:
    """Clouds by name: all of them for infrastructure roles, those of their tenants for members, none for others."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Cloud.objects.none()
    # The key pair stays out of rows that only draw a frame.
    clouds = Cloud.objects.defer("api_key", "secret_key", "ca_bundle", "capabilities")
    if user.role in SEES_EVERYTHING:
        return clouds
    return clouds.filter(uuid__in=user.memberships.values("tenant__cloud_uuid"))


def cloud_for(request: HttpRequest, cloud_uuid: uuid.UUID) -> Cloud:
    """The cloud with this uuid if the person may see it; Http404 alike when there is none and when they may not."""
    cloud = clouds_for(request.user).filter(uuid=cloud_uuid).first()  # type: ignore[arg-type]
    if cloud is None:
        raise Http404
    request.zw_cloud = cloud  # type: ignore[attr-defined]
    return cloud
