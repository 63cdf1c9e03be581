"""Lists of zones, pods, clusters and hosts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import ChoiceFilter, FlagFilter, StateFilter
from portal.web.inventory.tables.common import (
    by,
    counting,
    fill,
    flag,
    link,
    mono,
    name,
    number,
    size,
    spec,
    state,
    text,
    zone,
)
from provisioning.inventory import models as m

ZONES = spec(
    "zones",
    name(),
    state(_("Allocation")),
    text("network_type", _("Network type")),
    number("pod_count", _("Pods"), nullable=False),
    number("cluster_count", _("Clusters"), nullable=False),
    number("host_count", _("Hosts"), nullable=False),
    number("instance_count", _("Instances"), nullable=False),
    flag("is_security_groups_enabled", _("Security groups"), shown=False),
    flag("is_local_storage_enabled", _("Local storage"), shown=False),
    mono("guest_cidr", _("Guest network"), shown=False),
    mono("dns1", _("DNS 1")),
    mono("dns2", _("DNS 2"), shown=False),
    mono("internal_dns1", _("Internal DNS"), shown=False),
    text("zone_type", _("Type"), shown=False),
    filters=(ChoiceFilter("network_type", _("Network type"), path="network_type"),),
    rows=counting(
        m.Zone,
        pod_count=(m.Pod, "zone"),
        cluster_count=(m.Cluster, "zone"),
        host_count=(m.Host, "zone"),
        instance_count=(m.Instance, "zone"),
    ),
)

PODS = spec(
    "pods",
    name(),
    state(_("Allocation")),
    zone(),
    number("cluster_count", _("Clusters"), nullable=False),
    number("host_count", _("Hosts"), nullable=False),
    mono("gateway", _("Gateway")),
    mono("netmask", _("Netmask"), shown=False),
    mono("start_ip", _("First address")),
    mono("end_ip", _("Last address")),
    filters=(by("zone", _("Zone"), m.Zone),),
    search=("name", "gateway", "start_ip", "end_ip"),
    rows=counting(m.Pod, cluster_count=(m.Cluster, "pod"), host_count=(m.Host, "pod")),
)

CLUSTERS = spec(
    "clusters",
    name(),
    state(_("Allocation")),
    state(_("Managed"), "managed_state"),
    zone(),
    link("pod", _("Pod"), "pods"),
    number("host_count", _("Hosts"), nullable=False),
    text("hypervisor", _("Hypervisor")),
    text("arch", _("Architecture"), shown=False),
    text("cluster_type", _("Type"), shown=False),
    number("cpu_overcommit_ratio", _("CPU over-provisioning")),
    number("memory_overcommit_ratio", _("Memory over-provisioning")),
    filters=(
        StateFilter("managed", _("Managed"), path="managed_state", widget="options"),
        by("zone", _("Zone"), m.Zone),
        by("pod", _("Pod"), m.Pod),
        ChoiceFilter("hypervisor", _("Hypervisor"), path="hypervisor"),
    ),
    rows=counting(m.Cluster, host_count=(m.Host, "cluster")),
)

HOSTS = spec(
    "hosts",
    name(),
    state(_("Agent")),
    state(_("Administration"), "resource_state"),
    zone(),
    link("pod", _("Pod"), "pods"),
    link("cluster", _("Cluster"), "clusters"),
    mono("ip_address", _("Address")),
    number("instance_count", _("Instances"), nullable=False),
    fill("memory_allocated_bytes", _("Memory allocated"), "memory_total_bytes", unit="bytes"),
    fill("cpu_allocated_mhz", _("CPU allocated"), "cpu_total_mhz", unit="mhz"),
    size("cpu_used_percent", _("CPU used"), "percent", shown=False),
    size("memory_used_bytes", _("Memory used"), shown=False),
    number("cpu_cores", _("Cores"), shown=False),
    size("cpu_speed_mhz", _("Core speed"), "mhz", shown=False),
    text("hypervisor", _("Hypervisor"), shown=False),
    text("hypervisor_version", _("Hypervisor version"), shown=False),
    text("version", _("Agent version"), shown=False),
    text("arch", _("Architecture"), shown=False),
    text("host_tags", _("Host tags"), shown=False),
    flag("is_ha_host", _("HA host"), shown=False),
    filters=(
        StateFilter("resource_state", _("Administration"), path="resource_state", widget="options"),
        by("zone", _("Zone"), m.Zone),
        by("pod", _("Pod"), m.Pod),
        by("cluster", _("Cluster"), m.Cluster),
        ChoiceFilter("hypervisor", _("Hypervisor"), path="hypervisor"),
        ChoiceFilter("version", _("Agent version"), path="version"),
        ChoiceFilter("host_tags", _("Host tags"), path="host_tags"),
        FlagFilter("ha", _("HA host"), path="is_ha_host"),
    ),
    search=("name", "ip_address", "host_tags"),
    rows=counting(m.Host, instance_count=(m.Instance, "host")),
)
