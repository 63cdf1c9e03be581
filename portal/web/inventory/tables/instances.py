"""Lists of instances and volumes: the two kinds that come by the hundred thousand."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import ChoiceFilter, FlagFilter
from portal.web.inventory.tables.common import by, flag, link, mono, name, number, size, spec, state, tenant, text, zone
from provisioning.inventory import models as m

INSTANCES = spec(
    "instances",
    name("internal_name"),
    state(),
    zone(),
    link("host", _("Host"), "hosts"),
    tenant(),
    link("account", _("Account"), "accounts", members="show", shown=False),
    link("project", _("Project"), "projects", members="show", shown=False),
    number("cpu_count", _("vCPU")),
    size("memory_mib", _("Memory"), "mib"),
    mono("ip_address", _("Address")),
    text("network_names", _("Networks")),
    link("offering", _("Offering"), "offerings", members="text", shown=False),
    link("template", _("Template"), "templates", members="text", shown=False),
    text("display_name", _("Display name"), shown=False),
    size("cpu_speed_mhz", _("CPU speed"), "mhz", shown=False),
    size("cpu_used_percent", _("CPU used"), "percent", shown=False),
    flag("is_ha_enabled", _("HA"), shown=False),
    text("hypervisor", _("Hypervisor"), shown=False, members="hide"),
    filters=(
        by("zone", _("Zone"), m.Zone),
        by("pod", _("Pod"), m.Pod, "host__pod"),
        by("cluster", _("Cluster"), m.Cluster, "host__cluster"),
        by("host", _("Host"), m.Host, listed=False),
        by("account", _("Account"), m.Account, listed=False),
        by("project", _("Project"), m.Project, listed=False),
        by("domain", _("Domain"), m.Domain, listed=False),
        by("offering", _("Offering"), m.Offering, listed=False),
        by("template", _("Template"), m.Template, listed=False),
        FlagFilter("ha", _("HA"), path="is_ha_enabled"),
        ChoiceFilter("hypervisor", _("Hypervisor"), path="hypervisor", members="hide"),
    ),
    search=("name", "internal_name", "display_name", "ip_address"),
    has_tenant=True,
)

VOLUMES = spec(
    "volumes",
    name(),
    state(),
    text("volume_type", _("Type")),
    size("size_bytes", _("Size")),
    link("instance", _("Instance"), "instances", members="show"),
    link("storage_pool", _("Primary storage"), "storage-pools"),
    zone(),
    tenant(),
    link("account", _("Account"), "accounts", members="show", shown=False),
    link("project", _("Project"), "projects", members="show", shown=False),
    link("offering", _("Offering"), "offerings", members="text", shown=False),
    number("device_id", _("Device"), shown=False),
    mono("path", _("Path"), shown=False, members="hide"),
    filters=(
        by("zone", _("Zone"), m.Zone),
        by("storage_pool", _("Primary storage"), m.StoragePool),
        by("instance", _("Instance"), m.Instance, listed=False),
        by("account", _("Account"), m.Account, listed=False),
        by("project", _("Project"), m.Project, listed=False),
        by("domain", _("Domain"), m.Domain, listed=False),
        by("offering", _("Offering"), m.Offering, listed=False),
        ChoiceFilter("type", _("Type"), path="volume_type"),
    ),
    search=("name", "path"),
    has_tenant=True,
)
