"""Lists of domains, accounts, projects, offerings and templates."""

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
    size,
    spec,
    state,
    tenant,
    text,
)
from provisioning.inventory import models as m

DOMAINS = spec(
    "domains",
    name(),
    state(),
    mono("path", _("Path")),
    number("level", _("Level"), nullable=False),
    link("parent", _("Parent"), "domains"),
    number("account_count", _("Accounts"), nullable=False),
    filters=(by("parent", _("Parent"), m.Domain),),
    search=("name", "path"),
    rows=counting(m.Domain, account_count=(m.Account, "domain")),
    sort="path",
)

ACCOUNTS = spec(
    "accounts",
    name(),
    state(),
    link("domain", _("Domain"), "domains", members="text"),
    tenant(),
    text("role_name", _("Role")),
    text("role_type", _("Role type"), shown=False),
    number("instance_count", _("Instances"), nullable=False),
    number("volume_count", _("Volumes"), nullable=False, shown=False),
    filters=(
        by("domain", _("Domain"), m.Domain),
        ChoiceFilter("role", _("Role"), path="role_name"),
    ),
    has_tenant=True,
    rows=counting(m.Account, instance_count=(m.Instance, "account"), volume_count=(m.Volume, "account")),
)

PROJECTS = spec(
    "projects",
    name(),
    state(),
    link("domain", _("Domain"), "domains", members="text"),
    tenant(),
    text("display_text", _("Description")),
    text("owner_names", _("Owners")),
    number("instance_count", _("Instances"), nullable=False),
    filters=(by("domain", _("Domain"), m.Domain),),
    search=("name", "display_text", "owner_names"),
    has_tenant=True,
    rows=counting(m.Project, instance_count=(m.Instance, "project")),
)

OFFERINGS = spec(
    "offerings",
    name(),
    state(),
    text("offering_kind", _("Kind")),
    number("cpu_count", _("CPUs")),
    size("cpu_speed_mhz", _("CPU speed"), "mhz"),
    size("memory_mib", _("Memory"), "mib"),
    size("disk_size_gib", _("Disk"), "gib"),
    flag("is_customized", _("Free size")),
    flag("is_public", _("Public")),
    text("display_text", _("Description"), shown=False),
    text("host_tags", _("Host tags"), shown=False, members="hide"),
    text("storage_tags", _("Storage tags"), shown=False, members="hide"),
    text("storage_type", _("Storage type"), shown=False),
    text("guest_ip_type", _("Guest type"), shown=False),
    text("traffic_type", _("Traffic"), shown=False),
    flag("is_system", _("For system VMs"), shown=False, members="hide"),
    filters=(
        ChoiceFilter("kind", _("Kind"), path="offering_kind", choices=tuple(m.Offering.Kind.choices)),
        FlagFilter("public", _("Public"), path="is_public"),
        FlagFilter("system", _("For system VMs"), path="is_system", members="hide"),
    ),
    search=("name", "display_text"),
)

TEMPLATES = spec(
    "templates",
    name(),
    flag("is_ready", _("Ready")),
    text("os_type_name", _("Operating system")),
    text("hypervisor", _("Hypervisor")),
    text("format", _("Format")),
    size("size_bytes", _("Size")),
    text("template_type", _("Type")),
    flag("is_public", _("Public")),
    flag("is_featured", _("Featured"), shown=False),
    link("account", _("Account"), "accounts", members="text"),
    text("status_text", _("Status"), shown=False, sort=""),
    state(),
    filters=(
        ChoiceFilter("type", _("Type"), path="template_type"),
        ChoiceFilter("hypervisor", _("Hypervisor"), path="hypervisor"),
        FlagFilter("ready", _("Ready"), path="is_ready"),
        FlagFilter("public", _("Public"), path="is_public"),
        by("account", _("Account"), m.Account, listed=False),
    ),
    search=("name", "os_type_name"),
)
