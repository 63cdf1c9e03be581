"""Every rule of health. A rule is a pure function: facts in, findings out."""

from monitoring.health.finding import Rule
from monitoring.health.rules import cloud, hosts, limits, storage, system, workloads

RULES: tuple[Rule, ...] = (
    cloud.cloud_answers,
    cloud.cloud_in_step,
    system.management_servers,
    hosts.clusters_managed,
    hosts.clusters_alive,
    hosts.hosts_up,
    hosts.places_enabled,
    storage.pools_up,
    storage.image_stores_writable,
    storage.zone_has_image_store,
    system.system_vms,
    system.system_vms_there,
    system.routers,
    system.routers_current,
    workloads.physical_networks,
    workloads.networks,
    workloads.segments_once,
    workloads.templates,
    workloads.instances,
    workloads.volumes,
    workloads.jobs_end,
    workloads.flapping,
    workloads.alerts,
    limits.capacity,
    limits.redundancy,
)
