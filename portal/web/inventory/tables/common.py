"""Pieces that the lists of all kinds are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import (
    GoneFilter,
    RelationFilter,
    SearchFilter,
    SinceFilter,
    StateFilter,
    TagFilter,
    TenantFilter,
)
from portal.web.table_spec import Column, Filter, TableSpec, Viewer
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS

IDENTITY = ("uuid", "name", "cloudstack_id", "gone_at")


NAME, STATE = _("Name"), _("State")


def name(second: str = "", label: str | Promise = NAME) -> Column:
    """The object's name as a link to its page; `second` is shown after it in mono."""
    return Column("name", label, "name", sort="name", second=second)


def state(label: str | Promise = STATE, key: str = "state") -> Column:
    return Column(key, label, "state", sort=key)


def text(key: str, label: str | Promise, **more: Any) -> Column:
    return Column(key, label, more.pop("cell", "text"), sort=more.pop("sort", key), **more)


def mono(key: str, label: str | Promise, **more: Any) -> Column:
    return text(key, label, cell="mono", **more)


def size(key: str, label: str | Promise, cell: str = "bytes", **more: Any) -> Column:
    return Column(key, label, cell, sort=more.pop("sort", key), nullable=more.pop("nullable", True), **more)


def number(key: str, label: str | Promise, **more: Any) -> Column:
    return size(key, label, "number", **more)


def fill(key: str, label: str | Promise, total: str, **more: Any) -> Column:
    """Used of total: the column's value is what is used, `total` the attribute of what there is."""
    return Column(key, label, "fill", sort=key, nullable=True, second=total, **more)


def flag(key: str, label: str | Promise, **more: Any) -> Column:
    return Column(key, label, "flag", sort=more.pop("sort", key), **more)


def link(key: str, label: str | Promise, target: str, path: str = "", members: str = "hide", **more: Any) -> Column:
    """A related object. People without infrastructure rights get nothing unless `members` says text or show."""
    where = path or key
    orm = where.replace(".", "__")
    return Column(key, label, "link", path=where, sort=f"{orm}__name", nullable=True, target=target, members=members,
                  **more)  # fmt: skip


def zone(**more: Any) -> Column:
    return link("zone", _("Zone"), "zones", members="text", **more)


def tenant(**more: Any) -> Column:
    return Column("tenant", _("Tenant"), "tenant", path="tenant_uuid", fields=("tenant_uuid",), **more)


def ages(shown: bool = False) -> tuple[Column, ...]:
    """When the state was entered, when the row changed, when it was first seen, made, and gone."""
    return (
        Column("state_since", _("In this state since"), "ago", path="state_since_at", sort="state_since_at",
               nullable=True, shown=False),
        Column("changed", _("Changed"), "ago", path="changed_at", sort="changed_at", shown=shown),
        Column("created", _("Created"), "ago", path="cloudstack_created_at", sort="cloudstack_created_at",
               nullable=True, shown=False),
        Column("first_seen", _("First seen"), "ago", path="first_seen_at", sort="first_seen_at", shown=False),
        Column("gone", _("Gone since"), "ago", path="gone_at", sort="gone_at", nullable=True, shown=False),
    )  # fmt: skip


def tags() -> Column:
    return Column("tags", _("Tags"), "tags", shown=False)


def cloudstack_id() -> Column:
    return Column("cloudstack_id", _("CloudStack id"), "mono", sort="cloudstack_id", shown=False)


def by(key: str, label: str | Promise, model: type[m.InventoryObject], path: str = "", **more: Any) -> RelationFilter:
    members = more.pop("members", "hide" if model.scope == "infrastructure" else "show")
    return RelationFilter(key, label, path=path or key, model=model, members=members, **more)


def usual_filters(*own: Filter, search: tuple[str, ...] = ("name",), has_tenant: bool = False) -> tuple[Filter, ...]:
    """State, text, then the kind's own, tenant, tags, time and tombstones."""
    return (
        SearchFilter("q", _("Text"), paths=search),
        StateFilter("state", _("State")),
        *own,
        *((TenantFilter("tenant", _("Tenant")),) if has_tenant else ()),
        TagFilter("tag", _("Tag")),
        SinceFilter("changed", _("Changed"), path="changed_at"),
        GoneFilter("gone", _("Gone")),
    )


def of(model: type[m.InventoryObject]) -> Callable[[Viewer], QuerySet[Any]]:
    """The rows of a kind that the viewer may see in the viewer's cloud."""

    def rows(viewer: Viewer) -> QuerySet[Any]:
        found = model.objects.for_user(viewer.user)
        return found.filter(cloud=viewer.cloud) if viewer.cloud is not None else found

    return rows


def counting(model: type[m.InventoryObject], **counts: tuple[type[m.InventoryObject], str]) -> Callable[[Viewer], Any]:
    """Rows of `model`, each with how many present objects point at it: name=(model of those, path to this row)."""
    base = of(model)

    def rows(viewer: Viewer) -> QuerySet[Any]:
        found = base(viewer)
        for key, (other, path) in counts.items():
            pointing = other.objects.for_user(viewer.user).filter(gone_at__isnull=True, **{path: OuterRef("pk")})
            inner = pointing.order_by().values(path).annotate(n=Count("pk")).values("n")[:1]
            found = found.annotate(**{key: Coalesce(Subquery(inner, output_field=IntegerField()), 0)})
        return found

    return rows


def spec(
    slug: str,
    *columns: Column,
    filters: tuple[Filter, ...] = (),
    search: tuple[str, ...] = ("name",),
    has_tenant: bool = False,
    rows: Callable[[Viewer], QuerySet[Any]] | None = None,
    sort: str = "name",
    always: tuple[str, ...] = (),
) -> TableSpec:
    """The list of one kind; tags, ages and the id come at the end of every one."""
    kind = KINDS[slug]
    return TableSpec(
        slug=slug,
        label=kind.label,
        plural=kind.plural,
        columns=(*columns, tags(), *ages(), cloudstack_id()),
        filters=usual_filters(*filters, search=search, has_tenant=has_tenant),
        rows=rows or of(kind.model),
        sort=sort,
        always=(*IDENTITY, *always),
        live=(slug,),
    )
