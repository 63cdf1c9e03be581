"""Capacity and health: the same figures and problems as on their pages."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.capacity.reading import CapacityRow, current, series
from monitoring.health.reading import Problem, problems, summary
from portal.api.schema import described, paged
from portal.api.views import ApiView
from portal.web.table_spec import BadParameter

LEVELS = ("zone", "pod", "cluster", "pool", "host")
_SPAN = re.compile(r"^(\d{1,4})([hd])$")
LONGEST = dt.timedelta(days=800)


class CapacitySerializer(serializers.Serializer[Any]):
    """One type at one place. `used`, `reserved` and `total` are in `unit`; shares are 0 to 1; null is not known."""

    level = serializers.ChoiceField(choices=LEVELS)
    place_uuid = serializers.UUIDField()
    place_name = serializers.CharField()
    type = serializers.IntegerField(source="type_number")
    type_name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a declared field, gone from the class
    unit = serializers.CharField(allow_blank=True)
    used = serializers.IntegerField(allow_null=True)
    reserved = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(source="fraction", allow_null=True)
    notify_share = serializers.FloatField(source="notify", allow_null=True)
    disable_share = serializers.FloatField(source="disable", allow_null=True)
    sampled_at = serializers.DateTimeField(allow_null=True)


class PointSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    used = serializers.IntegerField(allow_null=True)
    peak = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)


class _Blast(serializers.Serializer[Any]):
    hosts = serializers.IntegerField()
    instances = serializers.IntegerField()
    tenants = serializers.IntegerField()
    networks = serializers.IntegerField()


class CausedSerializer(serializers.Serializer[Any]):
    """A problem: what is wrong with which object since when, and how far it reaches."""

    uuid = serializers.UUIDField()
    rule = serializers.CharField()
    severity = serializers.CharField()
    plane = serializers.CharField()
    impact = serializers.IntegerField()
    score = serializers.FloatField()
    kind = serializers.CharField(allow_blank=True)
    object_uuid = serializers.UUIDField(allow_null=True)
    object_name = serializers.CharField(allow_blank=True)
    state = serializers.CharField(allow_blank=True)
    zone_uuid = serializers.UUIDField(allow_null=True)
    headline = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    blast_radius = _Blast(source="*")
    since_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField(allow_blank=True)


class ProblemSerializer(CausedSerializer):
    """A problem with those that it explains."""

    needs_you = serializers.BooleanField()
    caused = CausedSerializer(many=True)


class SummarySerializer(serializers.Serializer[Any]):
    """One cloud's health in figures. A stale look says nothing about now."""

    open = serializers.IntegerField()
    critical = serializers.IntegerField()
    warning = serializers.IntegerField()
    notice = serializers.IntegerField()
    held = serializers.IntegerField()
    acknowledged = serializers.IntegerField()
    management_plane = serializers.CharField()
    data_plane = serializers.CharField()
    evaluated_at = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()


def _choice(request: Request, key: str, choices: tuple[str, ...]) -> list[str]:
    chosen = [one for one in request.query_params.getlist(key) if one]
    for one in chosen:
        if one not in choices:
            raise BadParameter(key, _("It is one of %(choices)s.") % {"choices": ", ".join(choices)})
    return chosen


def _uuid(request: Request, key: str) -> uuid.UUID | None:
    raw = request.query_params.get(key, "")
    try:
        return uuid.UUID(raw) if raw else None
    except ValueError:
        raise BadParameter(key, _("This is no uuid.")) from None


def _number(request: Request, key: str) -> int | None:
    raw = request.query_params.get(key, "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 6):
        raise BadParameter(key, _("This is no number of a capacity type."))
    return int(raw)


class CapacityList(ApiView):
    """How full each place is now, against the cloud's own thresholds. Hosts only when `level=host` asks for them."""

    scope = "capacity:read"
    parameters = frozenset({"level", "place", "type"})
    described_parameters = (
        OpenApiParameter("level", {"type": "array", "items": {"type": "string", "enum": list(LEVELS)}}),
        OpenApiParameter("place", {"type": "string", "format": "uuid"}),
        OpenApiParameter("type", {"type": "integer"}),
    )

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        assert viewer.cloud is not None
        levels = _choice(request, "level", LEVELS) or ["zone", "pod", "cluster", "pool"]
        place, number = _uuid(request, "place"), _number(request, "type")
        rows: list[CapacityRow] = [
            row
            for row in current(viewer.cloud, levels)
            if (place is None or row.place_uuid == place) and (number is None or row.type_number == number)
        ]
        return Response({"results": CapacitySerializer(rows, many=True).data})


class CapacitySeriesView(ApiView):
    """The samples of one type at one place, oldest first. A time without a sample has no point."""

    scope = "capacity:read"
    parameters = frozenset({"level", "place", "type", "back"})
    described_parameters = (
        OpenApiParameter("level", {"type": "string", "enum": list(LEVELS)}, required=True),
        OpenApiParameter("place", {"type": "string", "format": "uuid"}, required=True),
        OpenApiParameter("type", {"type": "integer"}, required=True),
        OpenApiParameter("back", {"type": "string", "default": "24h"}, description="24h, 30d …"),
    )

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        assert viewer.cloud is not None
        level = _choice(request, "level", LEVELS)
        place, number = _uuid(request, "place"), _number(request, "type")
        for key, value in (("level", level), ("place", place), ("type", number)):
            if value in (None, []):
                raise BadParameter(key, _("This is needed."))
        assert place is not None and number is not None
        back = _span(request.query_params.get("back", "") or "24h")
        points = series(viewer.cloud, level[-1], place, number, back)
        return Response({"results": PointSerializer(points, many=True).data})


def _span(raw: str) -> dt.timedelta:
    match = _SPAN.match(raw)
    span = dt.timedelta(**{{"h": "hours", "d": "days"}[match[2]]: int(match[1])}) if match else dt.timedelta()
    if not dt.timedelta() < span <= LONGEST:
        raise BadParameter("back", _("A span is a number of hours or days: 24h, 30d."))
    return span


class ProblemList(ApiView):
    """What is not as it should be, worst first; what a problem explains is below it."""

    scope = "health:read"

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        assert viewer.cloud is not None
        found: list[Problem] = problems(viewer.cloud, viewer.user)
        return Response({"results": ProblemSerializer(found, many=True).data})


class HealthSummary(ApiView):
    """One cloud's health in figures."""

    scope = "health:read"

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        assert viewer.cloud is not None
        return Response(SummarySerializer(summary(viewer.cloud, viewer.user)).data)


_now = paged(CapacitySerializer, "CapacityNow", plain=True)
_points = paged(PointSerializer, "CapacitySeriesPoints", plain=True)
described(CapacityList, "capacity_list", _now, ["Capacity"], "Capacity now")
described(CapacitySeriesView, "capacity_series", _points, ["Capacity"], "Capacity over time")
described(ProblemList, "health_problems", paged(ProblemSerializer, "Problems", plain=True), ["Health"], "Open problems")
described(HealthSummary, "health_summary", SummarySerializer, ["Health"], "Health in figures")
