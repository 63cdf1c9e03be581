"""Lists of what CloudStack runs for itself."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import ChoiceFilter, FlagFilter, StateFilter
from portal.web.inventory.tables.common import by, flag, link, mono, name, number, spec, state, tenant, text, zone
from portal.web.table_spec import Column
from provisioning.inventory import models as m

SYSTEM_VMS = spec(
    "system-vms",
    name(),
    state(),
    state(_("Agent"), "agent_state"),
    text("vm_type", _("Type")),
    zone(),
    link("pod", _("Pod"), "pods", shown=False),
    link("host", _("Host"), "hosts"),
    mono("public_ip", _("Public address")),
    mono("private_ip", _("Private address")),
    text("version", _("Version")),
    filters=(
        StateFilter("agent", _("Agent"), path="agent_state", widget="options"),
        ChoiceFilter("type", _("Type"), path="vm_type"),
        by("zone", _("Zone"), m.Zone),
        by("pod", _("Pod"), m.Pod),
        by("cluster", _("Cluster"), m.Cluster, "host__cluster"),
        by("host", _("Host"), m.Host, listed=False),
    ),
    search=("name", "public_ip", "private_ip"),
)

ROUTERS = spec(
    "routers",
    name(),
    state(),
    state(_("Redundancy"), "redundant_state"),
    zone(),
    link("network", _("Network"), "networks"),
    link("host", _("Host"), "hosts"),
    tenant(),
    mono("public_ip", _("Public address")),
    mono("guest_ip", _("Guest address"), shown=False),
    mono("link_local_ip", _("Link-local address"), shown=False),
    text("version", _("Version")),
    flag("requires_upgrade", _("Needs upgrade")),
    Column("failed_checks", _("Health checks failed"), "flag", path="has_failed_health_checks",
           sort="has_failed_health_checks", nullable=True),
    flag("is_redundant", _("Redundant"), shown=False),
    link("account", _("Account"), "accounts", shown=False),
    link("project", _("Project"), "projects", shown=False),
    link("pod", _("Pod"), "pods", shown=False),
    filters=(
        by("zone", _("Zone"), m.Zone),
        by("pod", _("Pod"), m.Pod),
        by("cluster", _("Cluster"), m.Cluster, "host__cluster"),
        by("host", _("Host"), m.Host, listed=False),
        by("network", _("Network"), m.GuestNetwork, listed=False),
        by("account", _("Account"), m.Account, listed=False),
        FlagFilter("requires_upgrade", _("Needs upgrade"), path="requires_upgrade"),
        FlagFilter("failed_checks", _("Health checks failed"), path="has_failed_health_checks"),
        StateFilter("redundancy", _("Redundancy"), path="redundant_state", widget="options"),
    ),
    search=("name", "public_ip", "guest_ip", "link_local_ip"),
    has_tenant=True,
)  # fmt: skip

MANAGEMENT_SERVERS = spec(
    "management-servers",
    name(),
    state(),
    mono("ip_address", _("Address")),
    text("version", _("Version")),
    number("agent_count", _("Agents")),
    text("java_version", _("Java"), shown=False),
    text("os_distribution", _("Operating system"), shown=False),
    Column("last_started", _("Started"), "ago", path="last_started_at", sort="last_started_at", nullable=True),
    Column("last_boot", _("Machine booted"), "ago", path="last_boot_at", sort="last_boot_at", nullable=True,
           shown=False),
    filters=(ChoiceFilter("version", _("Version"), path="version"),),
    search=("name", "ip_address"),
)  # fmt: skip
