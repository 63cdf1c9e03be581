"""Jobs, events, alerts, changes and segments."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.inventory.serializers import (
    AlertSerializer,
    ChangeSerializer,
    EventSerializer,
    JobSerializer,
    SegmentMapSerializer,
    SegmentSerializer,
)
from portal.api.schema import described, paged
from portal.api.views import ApiView, TableView
from portal.web.inventory.segments import maps_of
from portal.web.inventory.tables import RECORDS
from portal.web.inventory.tables.segments import SEGMENTS
from portal.web.table_spec import Viewer
from provisioning.inventory import models as m


class RecordList(TableView):
    """A list of records, newest first."""

    serializer: ClassVar[type[serializers.BaseSerializer[Any]]]
    infrastructure: ClassVar[bool] = False

    def may_list(self, viewer: Viewer) -> None:
        if self.infrastructure and not viewer.sees_infrastructure:
            raise Http404

    def rendered(self, rows: list[Any], viewer: Viewer) -> list[Any]:
        return list(self.serializer(rows, many=True, context={"viewer": viewer}).data)


class RecordDetail(ApiView):
    """One record."""

    model: ClassVar[Any]
    serializer: ClassVar[type[serializers.BaseSerializer[Any]]]
    slug: ClassVar[str]

    def get(self, request: Request, cloud: uuid.UUID, uuid: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        row = self.model.objects.for_user(viewer.user).filter(cloud=viewer.cloud, uuid=uuid).first()
        if row is None:
            raise Http404
        decorate = RECORDS[self.slug].decorate
        if decorate is not None:
            decorate([row], viewer)
        return Response(self.serializer(row, context={"viewer": viewer}).data)


class JobList(RecordList):
    spec, serializer = RECORDS["jobs"], JobSerializer


class JobDetail(RecordDetail):
    model, serializer, slug = m.AsyncJob, JobSerializer, "jobs"


class EventList(RecordList):
    spec, serializer = RECORDS["events"], EventSerializer


class EventDetail(RecordDetail):
    model, serializer, slug = m.CloudEvent, EventSerializer, "events"


class AlertList(RecordList):
    spec, serializer, infrastructure = RECORDS["alerts"], AlertSerializer, True


class AlertDetail(RecordDetail):
    model, serializer, slug = m.CloudAlert, AlertSerializer, "alerts"


class ChangeList(RecordList):
    spec, serializer = RECORDS["changes"], ChangeSerializer


class ChangeDetail(RecordDetail):
    model, serializer, slug = m.ChangeEvent, ChangeSerializer, "changes"


class SegmentList(RecordList):
    spec, serializer, infrastructure = SEGMENTS, SegmentSerializer, True

    def loaded(self, rows: Any) -> Any:
        return rows.select_related("zone", "physical_network", "account")


class SegmentMaps(ApiView):
    """The ranges of every physical network: used, free, used twice, and how long they last."""

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        if not viewer.sees_infrastructure:
            raise Http404
        assert viewer.cloud is not None
        maps = SegmentMapSerializer(maps_of(viewer.cloud), many=True, context={"viewer": viewer})
        return Response({"results": maps.data})


for _view, _name, _serializer in (
    (JobList, "jobs", JobSerializer),
    (EventList, "events", EventSerializer),
    (AlertList, "alerts", AlertSerializer),
    (ChangeList, "changes", ChangeSerializer),
    (SegmentList, "segments", SegmentSerializer),
):
    described(_view, f"{_name}_list", paged(_serializer, f"Page{_serializer.__name__}"), ["Records"], f"List {_name}")
for _one, _name, _serializer in (
    (JobDetail, "jobs", JobSerializer),
    (EventDetail, "events", EventSerializer),
    (AlertDetail, "alerts", AlertSerializer),
    (ChangeDetail, "changes", ChangeSerializer),
):
    described(_one, f"{_name}_get", _serializer, ["Records"], f"One of the {_name}")
described(
    SegmentMaps, "segment_maps", paged(SegmentMapSerializer, "SegmentMaps", plain=True), ["Records"], "Segment maps"
)
