"""Which clouds a person may see, and the one that an address names."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from provisioning.accounts.models import User
from provisioning.accounts.scoping import SEES_EVERYTHING
from provisioning.inventory.models import Cloud
from provisioning.live.reading import position


def clouds_for(user: User) -> QuerySet[Cloud]:
    """Clouds by name: all of them for infrastructure roles, those of their tenants for members, none for others."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Cloud.objects.none()
    # The key pair stays out of rows that only draw a frame.
    clouds = Cloud.objects.defer("api_key", "secret_key", "ca_bundle", "proxy_url", "capabilities")
    if user.role in SEES_EVERYTHING:
        return clouds
    return clouds.filter(uuid__in=user.memberships.values("tenant__cloud_uuid"))


def cloud_for(request: HttpRequest, cloud_uuid: uuid.UUID) -> Cloud:
    """The cloud with this uuid if the person may see it; Http404 alike when there is none and when they may not."""
    if not getattr(request, "htmx", None):
        # Before anything is read for the page, so that nothing falls between its data and its socket.
        request.zw_live_after = position()  # type: ignore[attr-defined]
    cloud = clouds_for(request.user).filter(uuid=cloud_uuid).first()  # type: ignore[arg-type]
    if cloud is None:
        raise Http404
    request.zw_cloud = cloud  # type: ignore[attr-defined]
    return cloud


def remember_cloud(response: HttpResponse, cloud: Cloud) -> HttpResponse:
    """Pages that belong to no cloud go on showing the one seen last."""
    response.set_cookie("zw_cloud", str(cloud.uuid), max_age=90 * 24 * 3600, samesite="Lax", httponly=True,
                        secure=settings.SESSION_COOKIE_SECURE)  # fmt: skip
    return response
