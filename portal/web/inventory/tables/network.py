"""Lists of physical networks, guest networks and public ranges."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import ChoiceFilter, FlagFilter
from portal.web.inventory.tables.common import (
    by,
    counting,
    flag,
    link,
    mono,
    name,
    number,
    spec,
    state,
    tenant,
    text,
    zone,
)
from portal.web.table_spec import Column
from provisioning.inventory import models as m

PHYSICAL_NETWORKS = spec(
    "physical-networks",
    name(),
    state(),
    zone(),
    text("isolation_methods", _("Isolation")),
    mono("segment_ranges", _("Segment ranges")),
    number("network_count", _("Networks"), nullable=False),
    text("broadcast_domain_range", _("Broadcast domain"), shown=False),
    filters=(
        by("zone", _("Zone"), m.Zone),
        ChoiceFilter("isolation", _("Isolation"), path="isolation_methods"),
    ),
    rows=counting(m.PhysicalNetwork, network_count=(m.GuestNetwork, "physical_network")),
)

NETWORKS = spec(
    "networks",
    name(),
    state(),
    zone(),
    tenant(),
    link("account", _("Account"), "accounts", members="show"),
    link("project", _("Project"), "projects", members="show", shown=False),
    text("network_type", _("Type")),
    text("segment_type", _("Segment"), members="hide"),
    Column("segment_id", _("Segment id"), "identifier", sort="segment_id", nullable=True, members="hide"),
    mono("cidr", _("CIDR")),
    mono("gateway", _("Gateway"), shown=False),
    mono("ip6_cidr", _("IPv6 CIDR"), shown=False),
    text("offering_name", _("Offering"), shown=False),
    text("traffic_type", _("Traffic"), shown=False),
    link("physical_network", _("Physical network"), "physical-networks", shown=False),
    flag("is_redundant", _("Redundant router"), shown=False),
    flag("is_restart_required", _("Needs restart")),
    flag("is_system", _("System"), shown=False),
    text("acl_type", _("Access"), shown=False),
    filters=(
        by("zone", _("Zone"), m.Zone),
        by("physical_network", _("Physical network"), m.PhysicalNetwork),
        by("account", _("Account"), m.Account, listed=False),
        by("project", _("Project"), m.Project, listed=False),
        by("domain", _("Domain"), m.Domain, listed=False),
        ChoiceFilter("type", _("Type"), path="network_type"),
        ChoiceFilter("traffic", _("Traffic"), path="traffic_type"),
        FlagFilter("restart", _("Needs restart"), path="is_restart_required"),
    ),
    search=("name", "cidr", "gateway"),
    has_tenant=True,
)

PUBLIC_RANGES = spec(
    "public-ranges",
    name(),
    zone(),
    mono("start_ip", _("First address")),
    mono("end_ip", _("Last address")),
    mono("gateway", _("Gateway")),
    mono("netmask", _("Netmask")),
    mono("vlan", _("VLAN")),
    mono("ip6_cidr", _("IPv6 CIDR"), shown=False),
    link("physical_network", _("Physical network"), "physical-networks", shown=False),
    link("pod", _("Pod"), "pods", shown=False),
    link("account", _("Account"), "accounts", shown=False),
    flag("is_for_virtual_network", _("For virtual networks"), shown=False),
    flag("is_for_system_vms", _("For system VMs"), shown=False),
    filters=(
        by("zone", _("Zone"), m.Zone),
        by("pod", _("Pod"), m.Pod),
        by("physical_network", _("Physical network"), m.PhysicalNetwork),
        FlagFilter("for_system_vms", _("For system VMs"), path="is_for_system_vms"),
    ),
    search=("name", "start_ip", "end_ip", "gateway", "vlan"),
    sort="name",
)
