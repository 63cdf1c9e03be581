"""Clouds, the objects of every kind, their raw answers and their history."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.inventory.serializers import ChangeSerializer
from portal.api.schema import described, paged
from portal.api.serializers import (
    SERIALIZERS,
    CloudSerializer,
    SyncRequestSerializer,
    SyncSerializer,
    relations_of,
)
from portal.api.views import ApiView, TableView
from portal.middleware import audit_context
from portal.web.clouds.lookup import clouds_for
from portal.web.inventory.raw import raw_of
from portal.web.inventory.tables import TABLES
from portal.web.table_spec import Viewer
from provisioning.accounts import policies
from provisioning.audit.context import acting
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS, Kind
from provisioning.inventory.operations.clouds import request_sync


def may_know(viewer: Viewer, model: Any) -> None:
    """Http404 for a list of infrastructure asked for by somebody who sees none."""
    if model.scope == "infrastructure" and not viewer.sees_infrastructure:
        raise Http404


class KindList(TableView):
    """The objects of one kind."""

    kind: ClassVar[Kind]

    def may_list(self, viewer: Viewer) -> None:
        may_know(viewer, self.kind.model)

    def loaded(self, rows: Any) -> Any:
        return rows.select_related(*relations_of(self.kind.model))

    def rendered(self, rows: list[Any], viewer: Viewer) -> list[Any]:
        return list(SERIALIZERS[self.kind.slug](rows, many=True, context={"viewer": viewer}).data)


class KindDetail(ApiView):
    """One object of one kind, gone or not."""

    kind: ClassVar[Kind]

    def find(self, request: Request, cloud: uuid.UUID, key: uuid.UUID) -> tuple[Viewer, Any]:
        viewer = self.viewer(request, cloud)
        rows = self.kind.model.objects.for_user(viewer.user).filter(cloud=viewer.cloud, uuid=key)
        row = rows.select_related(*relations_of(self.kind.model)).first()
        if row is None:
            raise Http404
        row.cloud = viewer.cloud
        return viewer, row

    def get(self, request: Request, cloud: uuid.UUID, uuid: uuid.UUID) -> Response:
        viewer, row = self.find(request, cloud, uuid)
        return Response(SERIALIZERS[self.kind.slug](row, context={"viewer": viewer}).data)


class KindRaw(KindDetail):
    """What CloudStack last answered about one object, without secrets. Only for people who see infrastructure."""

    def get(self, request: Request, cloud: uuid.UUID, uuid: uuid.UUID) -> Response:
        viewer, row = self.find(request, cloud, uuid)
        raw = raw_of(row, self.kind.slug) if viewer.sees_infrastructure else None
        if raw is None:
            raise Http404
        return Response({"fetched_at": raw.fetched_at, "answer": raw.value})


class KindChanges(KindDetail):
    """The changes that syncs saw at one object, newest first, the last 200."""

    def get(self, request: Request, cloud: uuid.UUID, uuid: uuid.UUID) -> Response:
        viewer, row = self.find(request, cloud, uuid)
        changes = m.ChangeEvent.objects.for_user(viewer.user).filter(object_uuid=row.uuid).order_by("-id")[:200]
        return Response({"results": ChangeSerializer(changes, many=True, context={"viewer": viewer}).data})


class RawAnswerSerializer(serializers.Serializer[Any]):
    fetched_at = serializers.DateTimeField()
    answer = serializers.JSONField()


class ChangesOfObjectSerializer(serializers.Serializer[Any]):
    results = ChangeSerializer(many=True)


def views_of(slug: str) -> dict[str, type[APIView]]:
    """The views of one kind: list, detail, raw, changes."""
    kind, serializer = KINDS[slug], SERIALIZERS[slug]
    name, one = slug.replace("-", "_"), str(kind.label).lower()
    made: dict[str, type[APIView]] = {
        "list": type(
            f"{name}_list", (KindList,), {"kind": kind, "spec": TABLES[slug], "__doc__": f"List: {kind.plural}."}
        ),
        "detail": type(f"{name}_detail", (KindDetail,), {"kind": kind}),
        "raw": type(f"{name}_raw", (KindRaw,), {"kind": kind}),
        "changes": type(f"{name}_changes", (KindChanges,), {"kind": kind}),
    }
    tags = [str(kind.plural)]
    described(
        made["list"], f"{name}_list", paged(serializer, f"Page{serializer.__name__}"), tags, f"List: {kind.plural}"
    )
    described(made["detail"], f"{name}_get", serializer, tags, f"One {one}")
    described(made["raw"], f"{name}_raw", RawAnswerSerializer, tags, f"What CloudStack last said about one {one}")
    described(made["changes"], f"{name}_changes", ChangesOfObjectSerializer, tags, f"Changes of one {one}")
    return made


class CloudList(ApiView):
    """The clouds that the caller may see."""

    def get(self, request: Request) -> Response:
        viewer = Viewer(request.user, None)  # type: ignore[arg-type]
        rows = clouds_for(request.user)  # type: ignore[arg-type]
        return Response({"results": CloudSerializer(rows, many=True, context={"viewer": viewer}).data})


class CloudDetail(ApiView):
    """One cloud."""

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        return Response(CloudSerializer(viewer.cloud, context={"viewer": viewer}).data)


class CloudSync(ApiView):
    """Ask for a sync now. The answer names the sync; look there for its progress."""

    scope = "clouds:write"

    def post(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        wanted = SyncRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        if unknown := sorted(set(request.data) - set(wanted.fields)):
            # A misspelt "kinds" must not start a sync of everything.
            raise serializers.ValidationError({key: _("There is no such field here.") for key in unknown})
        # A token's owner is known only now, after the middleware has run.
        assert viewer.cloud is not None
        with acting(audit_context(request._request, request.user)):
            sync = request_sync(viewer.cloud, wanted.validated_data["kinds"], by=viewer.user)
        body = SyncSerializer(sync).data
        location = request.build_absolute_uri(f"../syncs/{sync.uuid}/")
        return Response(body, status=status.HTTP_202_ACCEPTED, headers={"Location": location})


class _Syncs(ApiView):
    def rows(self, request: Request, cloud: uuid.UUID) -> Any:
        viewer = self.viewer(request, cloud)
        if not policies.can_see_cloud_settings(viewer.user):
            raise Http404
        return m.Sync.objects.filter(cloud=viewer.cloud)


class SyncList(_Syncs):
    """The last 100 syncs of a cloud, newest first."""

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        return Response(
            {"results": SyncSerializer(self.rows(request, cloud).order_by("-created_at")[:100], many=True).data}
        )


class SyncDetail(_Syncs):
    """One sync and how far it is."""

    def get(self, request: Request, cloud: uuid.UUID, uuid: uuid.UUID) -> Response:
        row = self.rows(request, cloud).filter(uuid=uuid).first()
        if row is None:
            raise Http404
        return Response(SyncSerializer(row).data)


described(CloudList, "clouds_list", paged(CloudSerializer, "AllClouds", plain=True), ["Clouds"], "List clouds")
described(CloudDetail, "clouds_get", CloudSerializer, ["Clouds"], "One cloud")
described(
    CloudSync, "clouds_sync", SyncSerializer, ["Clouds"], "Ask for a sync", request=SyncRequestSerializer, status=202
)
described(SyncList, "syncs_list", paged(SyncSerializer, "LastSyncs", plain=True), ["Clouds"], "List syncs")
described(SyncDetail, "syncs_get", SyncSerializer, ["Clouds"], "One sync")
