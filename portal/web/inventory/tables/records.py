"""Lists of CloudStack's own records and of the changes that syncs found."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import ChoiceFilter, RelationFilter, SearchFilter, SinceFilter, TenantFilter
from portal.web.inventory.tables.common import tenant
from portal.web.table_spec import Column, Filter, TableSpec, Viewer
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS

# CloudStack's resource types (events) and instance types (jobs), lower-cased → our kind.
RESOURCE_KINDS = {
    "virtualmachine": "instances", "uservm": "instances", "vm": "instances", "volume": "volumes",
    "network": "networks", "host": "hosts", "storagepool": "storage-pools", "primarystorage": "storage-pools",
    "imagestore": "image-stores", "secondarystorage": "image-stores", "systemvm": "system-vms",
    "domainrouter": "routers", "router": "routers", "template": "templates", "iso": "templates",
    "account": "accounts", "user": "accounts", "domain": "domains", "project": "projects", "zone": "zones",
    "pod": "pods", "cluster": "clusters", "physicalnetwork": "physical-networks", "serviceoffering": "offerings",
    "diskoffering": "offerings", "networkoffering": "offerings", "managementserver": "management-servers",
    "consoleproxy": "system-vms", "secondarystoragevm": "system-vms",
}  # fmt: skip
# A CloudStack "VirtualMachine" may be any of these.
MACHINES = ("instances", "system-vms", "routers")


def kinds_named(resource_type: str) -> tuple[str, ...]:
    slug = RESOURCE_KINDS.get(resource_type.replace(" ", "").replace("_", "").lower(), "")
    return MACHINES if slug in MACHINES else (slug,) if slug else ()


def link_objects(rows: list[Any], viewer: Viewer, id_field: str, type_field: str) -> None:
    """Give each row `linked`: the mirrored object it is about, if the viewer may see it. At most one query a kind."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        row.linked = None
        key = getattr(row, id_field)
        for slug in kinds_named(getattr(row, type_field)) if key else ():
            wanted[slug].add(key)
    found: dict[tuple[int, str], Any] = {}
    for slug, keys in wanted.items():
        objects = KINDS[slug].model.objects.for_user(viewer.user).filter(cloudstack_id__in=keys)
        if viewer.cloud is not None:
            objects = objects.filter(cloud=viewer.cloud)
        for item in objects.only("id", "uuid", "name", "cloudstack_id", "cloud_id", "gone_at"):
            item.kind_slug = slug
            found[(item.cloud_id, item.cloudstack_id)] = item
    for row in rows:
        row.linked = found.get((row.cloud_id, getattr(row, id_field)))


def link_changed(rows: list[Any], viewer: Viewer) -> None:
    """Give each change its tenant-shaped before/after: people without infrastructure rights see no host names."""
    from portal.web.inventory.tables.visibility import shaped

    for row in rows:
        row.before, row.after = shaped(row.before, viewer), shaped(row.after, viewer)


def _cloud_rows(model: Any) -> Any:
    def rows(viewer: Viewer) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.for_user(viewer.user)
        return found.filter(cloud=viewer.cloud) if viewer.cloud is not None else found

    return rows


def _jobs(viewer: Viewer) -> QuerySet[Any]:
    running = When(status=m.AsyncJob.Status.RUNNING, then=Value(0))
    rank = Case(running, default=Value(1), output_field=IntegerField())
    found: QuerySet[Any] = _cloud_rows(m.AsyncJob)(viewer).annotate(not_running=rank)
    return found


JOB_STATUSES = (
    (m.AsyncJob.Status.RUNNING.value, _("Running")),
    (m.AsyncJob.Status.SUCCEEDED.value, _("Succeeded")),
    (m.AsyncJob.Status.FAILED.value, _("Failed")),
    (m.AsyncJob.Status.CANCELLED.value, _("Cancelled")),
    ("unseen", _("Ended unseen")),
)


def _tail(*filters: Filter, path: str) -> tuple[Filter, ...]:
    return (
        *filters,
        TenantFilter("tenant", _("Tenant")),
        SinceFilter("since", _("Since"), path=path),
        SinceFilter("until", _("Until"), path=path, until=True),
    )


JOBS = TableSpec(
    slug="jobs",
    label=_("Job"),
    plural=_("Jobs"),
    columns=(
        Column("command", _("Command"), "job", sort="command", second="log_id",
               fields=("command", "cloudstack_id", "uuid")),
        Column("status", _("Status"), "jobstatus", sort="status", nullable=True),
        Column("object", _("About"), "linked", path="linked",
               fields=("instance_cloudstack_id", "instance_type", "cloud_id")),
        Column("account", _("Account"), path="account_name", sort="account_name"),
        tenant(shown=False),
        Column("created", _("Started"), "time", path="created_at", sort="created_at", nullable=True),
        Column("took", _("Took"), "span", path="created_at", second="completed_at"),
        Column("result", _("Result"), "result", path="result_text", fields=("result_text", "result_code", "status")),
        Column("completed", _("Ended"), "time", path="completed_at", sort="completed_at", nullable=True, shown=False),
        Column("first_seen", _("First seen"), "time", path="first_seen_at", sort="first_seen_at", shown=False),
        Column("domain", _("Domain"), "mono", path="domain_path", sort="domain_path", shown=False, members="hide"),
        Column("cloudstack_id", _("Job id"), "mono", sort="cloudstack_id", shown=False),
    ),
    filters=_tail(
        SearchFilter("q", _("Text"), paths=("command", "result_text", "account_name"),
                     ids=("uuid", "cloudstack_id", "instance_cloudstack_id")),
        ChoiceFilter("status", _("Status"), path="status", choices=JOB_STATUSES, null_choice="unseen", widget="states"),
        ChoiceFilter("command", _("Command"), path="command"),
        ChoiceFilter("account", _("Account"), path="account_name"),
        path="created_at",
    ),
    rows=_jobs,
    sort="-created",
    always=("uuid", "cloudstack_id", "cloud_id", "status", "tenant_uuid"),
    pinned="not_running",
    live=("job.changed",),
    search_hint=_("Text or id"),
    live_word=_("new or changed"),
    decorate=lambda rows, viewer: link_objects(rows, viewer, "instance_cloudstack_id", "instance_type"),
)  # fmt: skip

EVENTS = TableSpec(
    slug="events",
    label=_("Event"),
    plural=_("Events"),
    columns=(
        Column("event_type", _("Event"), "event", sort="event_type"),
        Column("created", _("Time"), "time", path="created_at", sort="created_at"),
        Column("level", _("Level"), "level", sort="level"),
        Column("description", _("What CloudStack said")),
        Column("object", _("About"), "linked", path="linked",
               fields=("resource_cloudstack_id", "resource_type", "cloud_id")),
        Column("state", _("State"), sort="state", shown=False),
        Column("account", _("Account"), path="account_name", sort="account_name"),
        Column("user", _("User"), path="user_name", sort="user_name", shown=False),
        tenant(shown=False),
        Column("domain", _("Domain"), "mono", path="domain_path", sort="domain_path", shown=False, members="hide"),
        Column("cloudstack_id", _("Event id"), "mono", sort="cloudstack_id", shown=False),
    ),
    filters=_tail(
        SearchFilter("q", _("Text"), paths=("description", "event_type", "account_name"),
                     ids=("uuid", "cloudstack_id", "resource_cloudstack_id")),
        ChoiceFilter("level", _("Level"), path="level", widget="states"),
        ChoiceFilter("type", _("Event"), path="event_type"),
        ChoiceFilter("account", _("Account"), path="account_name"),
        path="created_at",
    ),
    rows=_cloud_rows(m.CloudEvent),
    sort="-created",
    always=("uuid", "cloudstack_id", "cloud_id", "tenant_uuid"),
    live=("event.added",),
    search_hint=_("Text or id"),
    live_word=_("new"),
    decorate=lambda rows, viewer: link_objects(rows, viewer, "resource_cloudstack_id", "resource_type"),
)  # fmt: skip

ALERTS = TableSpec(
    slug="alerts",
    label=_("Alert"),
    plural=_("Alerts"),
    columns=(
        Column("name", _("Alert"), "alert", sort="name"),
        Column("sent", _("Time"), "time", path="sent_at", sort="sent_at"),
        Column("description", _("What CloudStack said")),
        Column("type", _("Type"), "number", path="alert_type", sort="alert_type", nullable=True),
        Column("gone", _("Gone since"), "time", path="gone_at", sort="gone_at", nullable=True, shown=False),
        Column("cloudstack_id", _("Alert id"), "mono", sort="cloudstack_id", shown=False),
    ),
    filters=(
        SearchFilter("q", _("Text"), paths=("description", "name")),
        ChoiceFilter("name", _("Alert"), path="name"),
        SinceFilter("since", _("Since"), path="sent_at"),
        SinceFilter("until", _("Until"), path="sent_at", until=True),
    ),
    rows=_cloud_rows(m.CloudAlert),
    sort="-sent",
    always=("uuid", "cloudstack_id", "cloud_id", "gone_at"),
    live=("alert.added",),
    search_hint=_("Text or id"),
    live_word=_("new"),
)

KIND_CHOICES = tuple((slug, kind.plural) for slug, kind in KINDS.items())


class ZoneOfChange(RelationFilter):
    """Changes of objects that stand in a zone (and of the zone itself), whatever their kind."""

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        from django.db.models import Q

        condition = Q(object_uuid__in=[value.uuid for value in values])
        for kind in KINDS.values():
            if any(item.name == "zone" for item in kind.model._meta.get_fields()):
                here: Any = kind.model.objects
                inside = here.filter(zone__in=[value.pk for value in values]).values("uuid")
                condition |= Q(kind=kind.slug, object_uuid__in=inside)
        return rows.filter(condition)


CHANGES = TableSpec(
    slug="changes",
    label=_("Change"),
    plural=_("Changes"),
    columns=(
        Column("object", _("Object"), "changed", path="object_name", fields=("object_name", "object_uuid", "kind")),
        Column("kind", _("Kind"), "kind", sort="kind"),
        Column("change", _("Change"), "change", sort="change"),
        Column("diff", _("Before → after"), "diff", path="after", fields=("before", "after", "kind")),
        Column("at", _("Seen"), "time", sort="id"),
        tenant(shown=False),
    ),
    filters=_tail(
        SearchFilter("q", _("Text"), paths=("object_name",), ids=("uuid",)),
        ChoiceFilter("change", _("Change"), path="change", choices=tuple(
            zip(m.ChangeEvent.Change.values, (_("Created"), _("Changed"), _("Gone"), _("Returned")), strict=True)
        ), widget="states"),
        ChoiceFilter("kind", _("Kind"), path="kind", choices=KIND_CHOICES),
        ZoneOfChange("zone", _("Zone"), path="zone", model=m.Zone, members="hide"),
        path="at",
    ),
    rows=_cloud_rows(m.ChangeEvent),
    sort="-at",
    always=("uuid", "cloud_id", "tenant_uuid", "object_uuid", "kind"),
    live=("changes",),
    search_hint=_("Text or id"),
    live_word=_("new"),
    decorate=link_changed,
)  # fmt: skip
