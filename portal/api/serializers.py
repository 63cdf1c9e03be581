"""Rows as JSON. Relations are small objects; sizes keep their unit in the field's name; times are ISO 8601 in UTC."""

from __future__ import annotations

from typing import Any

from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.web.inventory.tables import TABLES
from portal.web.inventory.tables.visibility import INFRASTRUCTURE_KEYS
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS, Kind, kind_of

NOT_SHOWN = frozenset({"id", "digest", "metrics_digest", "cloud"})
# Related objects that everybody may know the name of, but only people who see infrastructure may follow.
NAME_ONLY = frozenset({"zone", "domain"})


class Reference(serializers.Serializer[Any]):
    """A related object: enough to show it and to fetch it."""

    kind = serializers.CharField()
    uuid = serializers.UUIDField()
    name = serializers.CharField()
    cloudstack_id = serializers.CharField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        if self.context["viewer"].sees_infrastructure or self.field_name not in NAME_ONLY:
            return {
                "kind": kind_of(instance).slug,
                "uuid": str(instance.uuid),
                "name": instance.name,
                "cloudstack_id": instance.cloudstack_id,
            }
        return {"kind": kind_of(instance).slug, "name": instance.name}


class TenantReference(serializers.Serializer[Any]):
    """The tenant that an object belongs to, if it is one of ours."""

    uuid = serializers.UUIDField()
    name = serializers.CharField()


@extend_schema_field(TenantReference)
class TenantField(serializers.Field[Any, Any, Any, Any]):
    """`tenant_uuid` as uuid and name."""

    def to_representation(self, value: Any) -> dict[str, str] | None:
        name = self.context["viewer"].tenant_names.get(value)
        return {"uuid": str(value), "name": name} if name is not None else None


class ObjectSerializer(serializers.ModelSerializer[Any]):
    """Base of the serializers of all kinds; see `serializer_of`."""

    kind = serializers.SerializerMethodField()
    tenant = TenantField(source="tenant_uuid", allow_null=True)

    def get_kind(self, obj: Any) -> str:
        return kind_of(obj).slug

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        viewer = self.context.get("viewer")
        if viewer is not None and not viewer.sees_infrastructure:
            hidden = hidden_from_members(kind_of(self.Meta.model).slug)
            fields = {name: field for name, field in fields.items() if name not in hidden}
        return fields


def relations_of(model: type[models.Model]) -> list[str]:
    """Names of a mirrored model's links to other mirrored objects."""
    return [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.name != "cloud"
    ]


def hidden_from_members(slug: str) -> frozenset[str]:
    """Fields that tell where something physically is: what the pages hide, the API hides."""
    model = KINDS[slug].model
    columns = {column.path or column.key for column in TABLES[slug].columns if column.members == "hide"}
    infrastructure = {
        name
        for name in relations_of(model)
        if name not in NAME_ONLY and model._meta.get_field(name).related_model.scope == "infrastructure"  # type: ignore[union-attr]
    }
    names = {field.name for field in model._meta.concrete_fields}
    return frozenset(columns | infrastructure | ((INFRASTRUCTURE_KEYS & names) - NAME_ONLY) | {"internal_name"})


def _build(kind: Kind) -> type[ObjectSerializer]:
    relations = relations_of(kind.model)
    own = [field.name for field in kind.model._meta.concrete_fields if field.name not in {*NOT_SHOWN, "tenant_uuid"}]
    own.remove("uuid")
    name = "".join(part.title() for part in str(kind.model.__name__).split("_"))
    meta = type("Meta", (), {"model": kind.model, "fields": ["uuid", "kind", *own, "tenant"], "read_only_fields": own})
    body: dict[str, Any] = {"Meta": meta, **{key: Reference(allow_null=True, read_only=True) for key in relations}}
    return type(f"{name}Serializer", (ObjectSerializer,), body)


SERIALIZERS: dict[str, type[ObjectSerializer]] = {slug: _build(kind) for slug, kind in KINDS.items()}


MEMBER_CLOUD_FIELDS = ("uuid", "name", "state", "last_complete_sync_at")


class CloudSerializer(serializers.ModelSerializer[m.Cloud]):
    """A cloud without its keys. Members get its name and state alone."""

    class Meta:
        model = m.Cloud
        fields = [
            "uuid", "name", "state", "version", "last_complete_sync_at", "last_answer_at", "is_demo", "is_enabled",
            "api_url", "role_name", "role_type", "command_count", "last_error", "last_error_at", "created_at",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        viewer = self.context.get("viewer")
        if viewer is not None and not viewer.sees_infrastructure:
            fields = {name: fields[name] for name in MEMBER_CLOUD_FIELDS}
        return fields


class SyncSerializer(serializers.ModelSerializer[m.Sync]):
    """One sync: how far it is, what it changed, how it ended."""

    class Meta:
        model = m.Sync
        fields = [
            "uuid", "scope", "kinds", "state", "requested_by", "current_kind", "kinds_done", "kinds_total",
            "objects_seen", "rows_written", "counts", "error", "created_at", "started_at", "finished_at",
        ]  # fmt: skip


class SyncRequestSerializer(serializers.Serializer[Any]):
    """What to look at: kinds by slug; none means everything."""

    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(KINDS)), required=False, default=list, max_length=len(KINDS)
    )
