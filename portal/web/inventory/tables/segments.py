"""The segment map as a list: each guest network that holds a VLAN or VXLAN id, whose it is, if that is right."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import ChoiceFilter, SearchFilter, TenantFilter
from portal.web.inventory.segments import parse_ranges, vlan_id
from portal.web.inventory.tables.common import IDENTITY, by, link, mono, tenant, text, zone
from portal.web.table_spec import Column, TableSpec, Viewer
from provisioning.inventory import models as m

VERDICTS = (
    ("twice", _("Used twice")),
    ("public", _("Also a public VLAN")),
    ("outside", _("Outside the ranges")),
    ("by_hand", _("Chosen by hand")),
    ("ok", _("In range")),
)


def _in_ranges(cloud: m.Cloud | None) -> Q:
    """Networks whose id lies in a range of their own physical network."""
    inside = Q(pk__in=[])
    physical = m.PhysicalNetwork.objects.filter(gone_at__isnull=True)
    if cloud is not None:
        physical = physical.filter(cloud=cloud)
    for key, ranges in physical.values_list("pk", "segment_ranges"):
        for start, end in parse_ranges(ranges):
            inside |= Q(physical_network_id=key, segment_id__gte=start, segment_id__lte=end)
    return inside


def _on_public(cloud: m.Cloud | None) -> Q:
    """Networks whose VLAN is also a public range's in the same zone."""
    ranges = m.PublicRange.objects.filter(gone_at__isnull=True, is_for_virtual_network=True)
    if cloud is not None:
        ranges = ranges.filter(cloud=cloud)
    shared = Q(pk__in=[])
    for zone_id, vlan in ranges.values_list("zone_id", "vlan"):
        number_ = vlan_id(vlan)
        if number_ is not None:
            shared |= Q(zone_id=zone_id, segment_type__iexact="vlan", segment_id=number_)
    return shared


def rows(viewer: Viewer) -> QuerySet[Any]:
    found: QuerySet[Any] = m.GuestNetwork.objects.for_user(viewer.user).filter(
        segment_id__isnull=False, gone_at__isnull=True
    )
    if viewer.cloud is not None:
        found = found.filter(cloud=viewer.cloud)
    others = m.GuestNetwork.objects.filter(
        zone=OuterRef("zone"), segment_type=OuterRef("segment_type"), segment_id=OuterRef("segment_id"),
        gone_at__isnull=True,
    ).exclude(pk=OuterRef("pk"))  # fmt: skip
    judged: QuerySet[Any] = found.annotate(
        is_twice=Exists(others),
        in_range=Case(
            When(_in_ranges(viewer.cloud), then=Value(True)), default=Value(False), output_field=BooleanField()
        ),
    ).annotate(
        verdict=Case(
            When(is_twice=True, then=Value("twice")),
            When(_on_public(viewer.cloud), then=Value("public")),
            When(Q(in_range=False) & Q(network_type__iexact="isolated"), then=Value("outside")),
            When(in_range=False, then=Value("by_hand")),
            default=Value("ok"),
            output_field=CharField(),
        )
    )
    return judged


def name_others(page: list[Any], viewer: Viewer) -> None:
    """Give each row `others`: the names of the networks that hold the same id in its zone. One query a page."""
    condition = Q(pk__in=[])
    for row in page:
        row.others = []
        if row.is_twice:
            condition |= Q(zone=row.zone_id, segment_type=row.segment_type, segment_id=row.segment_id)
    if not any(row.is_twice for row in page):
        return
    known: dict[tuple[Any, ...], list[tuple[int, str]]] = {}
    holders = m.GuestNetwork.objects.for_user(viewer.user).filter(condition, gone_at__isnull=True)
    for key, zone_id, kind, segment, name in holders.values_list("pk", "zone_id", "segment_type", "segment_id", "name"):
        known.setdefault((zone_id, kind, segment), []).append((key, name))
    for row in page:
        if row.is_twice:
            same = known.get((row.zone_id, row.segment_type, row.segment_id), [])
            row.others = [name for key, name in same if key != row.pk]


SEGMENTS = TableSpec(
    slug="segments",
    label=_("Segment"),
    plural=_("Segments"),
    columns=(
        Column("segment_id", _("Segment id"), "identifier", sort="segment_id"),
        text("segment_type", _("Type")),
        Column("verdict", _("Use"), "verdict", sort="verdict"),
        Column("network", _("Guest network"), "networkname", path="name", sort="name"),
        Column("state", _("State"), "netstate", sort="state"),
        tenant(),
        link("account", _("Account"), "accounts", shown=False),
        link("physical_network", _("Physical network"), "physical-networks"),
        zone(),
        mono("cidr", _("CIDR")),
        Column("others", _("Shared with"), "list", fields=("zone_id",)),
        text("network_type", _("Network type"), shown=False),
        Column("vpc", _("VPC"), "mono", path="vpc_cloudstack_id", shown=False),
    ),
    filters=(
        SearchFilter("q", _("Text"), paths=("name", "cidr", "broadcast_uri")),
        ChoiceFilter("use", _("Use"), path="verdict", choices=VERDICTS, widget="states"),
        by("physical_network", _("Physical network"), m.PhysicalNetwork),
        by("zone", _("Zone"), m.Zone),
        ChoiceFilter("type", _("Type"), path="segment_type"),
        TenantFilter("tenant", _("Tenant")),
    ),
    rows=rows,
    sort="segment_id",
    always=(*IDENTITY, "zone_id", "segment_type", "segment_id"),
    live=("networks",),
    decorate=name_others,
)
