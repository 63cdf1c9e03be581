"""Records and segments as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.api.serializers import Reference, TenantField
from portal.web.inventory.jobs import result_of
from portal.web.inventory.tables.visibility import shaped
from provisioning.inventory import models as m


class _Record(serializers.ModelSerializer[Any]):
    tenant = TenantField(source="tenant_uuid", allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        viewer = self.context.get("viewer")
        if viewer is not None and not viewer.sees_infrastructure:
            fields.pop("domain_path", None)
        return fields


@extend_schema_field(Reference(allow_null=True))
class _Linked(serializers.Field[Any, Any, Any, Any]):
    """The mirrored object that a record is about; null when it is not in the mirror or not for this caller."""

    def __init__(self, **options: Any) -> None:
        super().__init__(source="*", read_only=True, **options)

    def to_representation(self, row: Any) -> dict[str, str] | None:
        item = getattr(row, "linked", None)
        if item is None:
            return None
        return {"kind": item.kind_slug, "uuid": str(item.uuid), "name": item.name, "cloudstack_id": item.cloudstack_id}


class JobSerializer(_Record):
    status = serializers.SerializerMethodField()
    result = serializers.SerializerMethodField()
    object = _Linked()
    log_id = serializers.CharField(read_only=True)

    class Meta:
        model = m.AsyncJob
        fields = [
            "uuid", "cloudstack_id", "log_id", "command", "status", "result_code", "result", "object", "account_name",
            "domain_path", "instance_type", "instance_cloudstack_id", "created_at", "completed_at", "first_seen_at",
            "last_seen_at", "tenant",
        ]  # fmt: skip

    def get_status(self, job: m.AsyncJob) -> str | None:
        """running, succeeded, failed or cancelled; null: it ended unseen."""
        return None if job.status is None else m.AsyncJob.Status(job.status).name.lower()

    def get_result(self, job: m.AsyncJob) -> Any:
        return result_of(job, self.context["viewer"])


class EventSerializer(_Record):
    object = _Linked()

    class Meta:
        model = m.CloudEvent
        fields = [
            "uuid", "cloudstack_id", "event_type", "level", "state", "description", "object", "account_name",
            "domain_path", "user_name", "parent_cloudstack_id", "resource_type", "resource_cloudstack_id",
            "created_at", "tenant",
        ]  # fmt: skip


class AlertSerializer(serializers.ModelSerializer[m.CloudAlert]):
    class Meta:
        model = m.CloudAlert
        fields = ["uuid", "cloudstack_id", "alert_type", "name", "description", "sent_at", "gone_at"]


class ChangeSerializer(_Record):
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()

    class Meta:
        model = m.ChangeEvent
        fields = ["uuid", "kind", "object_uuid", "object_name", "change", "before", "after", "at", "tenant"]

    def get_before(self, change: m.ChangeEvent) -> dict[str, Any]:
        return dict(shaped(change.before, self.context["viewer"]))

    def get_after(self, change: m.ChangeEvent) -> dict[str, Any]:
        return dict(shaped(change.after, self.context["viewer"]))


class SegmentSerializer(_Record):
    """A guest network that holds a segment id. `use`: ok, by_hand, outside, public or twice."""

    use = serializers.CharField(source="verdict", read_only=True)
    shared_with = serializers.ListField(source="others", child=serializers.CharField(), read_only=True)
    network = serializers.SerializerMethodField()
    zone = Reference(allow_null=True, read_only=True)
    physical_network = Reference(allow_null=True, read_only=True)
    account = Reference(allow_null=True, read_only=True)

    class Meta:
        model = m.GuestNetwork
        fields = [
            "segment_id", "segment_type", "use", "shared_with", "network", "state", "network_type", "cidr", "zone",
            "physical_network", "account", "tenant",
        ]  # fmt: skip

    def get_network(self, row: m.GuestNetwork) -> dict[str, str]:
        return {"kind": "networks", "uuid": str(row.uuid), "name": row.name, "cloudstack_id": row.cloudstack_id}


class SegmentMapSerializer(serializers.Serializer[Any]):
    """The ids of one physical network. Ranges are inclusive; `runway_days` null: not growing or not known."""

    physical_network = Reference(read_only=True)
    zone = Reference(source="physical_network.zone", allow_null=True, read_only=True)
    ranges = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()), read_only=True)
    total = serializers.IntegerField(read_only=True)
    used = serializers.IntegerField(read_only=True)
    free = serializers.IntegerField(read_only=True)
    outside = serializers.IntegerField(read_only=True)
    used_twice = serializers.SerializerMethodField()
    growth_per_day = serializers.FloatField(allow_null=True, read_only=True)
    runway_days = serializers.IntegerField(allow_null=True, read_only=True)
    runs_out = serializers.BooleanField(read_only=True)

    def get_used_twice(self, one: Any) -> list[int]:
        return sorted(one.twice)
