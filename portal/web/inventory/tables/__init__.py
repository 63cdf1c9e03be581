"""The lists of every kind of object and of every record."""

from __future__ import annotations

from portal.web.inventory.tables import compute, instances, network, records, storage, system, tenancy
from portal.web.table_spec import TableSpec

TABLES: dict[str, TableSpec] = {
    spec.slug: spec
    for spec in (
        compute.ZONES, compute.PODS, compute.CLUSTERS, compute.HOSTS, storage.STORAGE_POOLS, storage.IMAGE_STORES,
        system.SYSTEM_VMS, system.ROUTERS, network.PHYSICAL_NETWORKS, network.NETWORKS, network.PUBLIC_RANGES,
        system.MANAGEMENT_SERVERS, tenancy.OFFERINGS, tenancy.TEMPLATES, tenancy.DOMAINS, tenancy.ACCOUNTS,
        tenancy.PROJECTS, instances.INSTANCES, instances.VOLUMES,
    )
}  # fmt: skip
RECORDS: dict[str, TableSpec] = {
    spec.slug: spec for spec in (records.JOBS, records.EVENTS, records.ALERTS, records.CHANGES)
}

__all__ = ["RECORDS", "TABLES"]
