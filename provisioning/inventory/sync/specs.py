"""How each kind is fetched, mapped, compared and told of: the one table that the sync works from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.inventory import models as m
from provisioning.inventory.mapping import catalogue, infrastructure, instance, network, system, tenancy
from provisioning.inventory.mapping.common import Mapped, Raw, text

# Part of every digest: raise it when a mapping changes, and every row of every cloud is written anew once.
MAPPING_VERSION = 1


@dataclass(frozen=True)
class Source:
    """One list command of a kind. `params` must be understood, `optional` ones are dropped where not offered.

    `fallbacks` are other `params` to try when the role may not ask with these. `of_projects` asks again for what
    belongs to projects: CloudStack leaves that out unless projectid=-1.
    """

    command: str
    key: str
    map: Callable[[Raw], Mapped]
    params: Mapping[str, Any] = field(default_factory=dict)
    optional: Mapping[str, Any] = field(default_factory=dict)
    fallbacks: tuple[Mapping[str, Any], ...] = ()
    of_projects: bool = False
    keep: Callable[[Raw], bool] = lambda _raw: True


@dataclass(frozen=True)
class Spec:
    """One kind. `links` are {column: kind that it points at}; `tracked` are the ORM paths whose change is an event;
    `volatile` are answer fields outside the digest; `owner` says where the tenant is named: "", "row", "account" or
    "project"."""

    slug: str
    model: type[m.InventoryObject]
    sources: tuple[Source, ...]
    tracked: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    volatile: frozenset[str] = frozenset()
    metrics: Callable[[Raw], dict[str, object]] | None = None
    owner: str = ""
    is_merged_by_zone: bool = False
    # Rows point at rows of the same kind one level up: written level by level.
    is_tree: bool = False
    # Changes of these are not for the tenant's eyes.
    infrastructure_only: frozenset[str] = frozenset({"host", "storage_pool", "cluster", "pod"})


_LISTALL = {"listall": True}
_PLACE = {"zone": "zones", "pod": "pods", "cluster": "clusters"}
_OWNER = {"domain": "domains", "account": "accounts", "project": "projects"}
_IO = {
    "diskioread", "diskiowrite", "diskkbsread", "diskkbswrite", "networkkbsread", "networkkbswrite", "receivedbytes",
    "sentbytes",
}  # fmt: skip
_HOST_FIGURES = frozenset({
    "averageload", "cpuallocated", "cpuallocatedpercentage", "cpuallocatedvalue", "cpuallocatedwithoverprovisioning",
    "cpuloadaverage", "cpuused", "disksizeallocated", "events", "gpuused", "lastpinged", "memoryallocated",
    "memoryallocatedbytes", "memoryallocatedpercentage", "memoryused", "networkkbsread", "networkkbswrite",
})  # fmt: skip


def _is_hypervisor(raw: Raw) -> bool:
    """listHosts also lists the agents of system VMs."""
    return text(raw, "type") in ("", "Routing")


def _spec_list() -> tuple[Spec, ...]:
    return (
        Spec(
            "management-servers", m.ManagementServer,
            (Source("listManagementServers", "managementserver", system.management_server),),
            ("name", "state", "version", "ip_address", "last_started_at"),
            volatile=frozenset({"agents", "lastagents", "pendingjobscount", "sessions"}),
        ),
        Spec(
            "zones", m.Zone, (Source("listZones", "zone", infrastructure.zone),),
            ("name", "state", "network_type", "dns1", "dns2", "internal_dns1", "guest_cidr",
             "is_local_storage_enabled"),
        ),
        Spec(
            "pods", m.Pod, (Source("listPods", "pod", infrastructure.pod),),
            ("name", "state", "gateway", "netmask", "start_ip", "end_ip"), {"zone": "zones"},
        ),
        Spec(
            "clusters", m.Cluster, (Source("listClusters", "cluster", infrastructure.cluster),),
            ("name", "state", "managed_state", "hypervisor", "arch", "cpu_overcommit_ratio",
             "memory_overcommit_ratio"),
            {"zone": "zones", "pod": "pods"},
        ),
        Spec(
            "hosts", m.Host,
            (Source("listHosts", "host", infrastructure.host, optional={"type": "Routing"}, keep=_is_hypervisor),),
            ("name", "state", "resource_state", "cluster__name", "ip_address", "version", "hypervisor_version",
             "host_tags", "cpu_cores", "memory_total_bytes", "cpu_total_mhz"),
            _PLACE, _HOST_FIGURES, infrastructure.host_metrics,
        ),
        Spec(
            "storage-pools", m.StoragePool, (Source("listStoragePools", "storagepool", infrastructure.storage_pool),),
            ("name", "state", "cluster__name", "pool_scope", "storage_tags", "size_total_bytes",
             "overprovision_factor"),
            _PLACE, frozenset({"disksizeallocated", "disksizeused", "usediops", "allocatediops"}),
            infrastructure.storage_pool_metrics,
        ),
        Spec(
            "image-stores", m.ImageStore, (Source("listImageStores", "imagestore", infrastructure.image_store),),
            ("name", "state", "url", "is_readonly", "size_total_bytes"), {"zone": "zones"},
            frozenset({"disksizeused"}), infrastructure.image_store_metrics,
        ),
        Spec(
            "physical-networks", m.PhysicalNetwork,
            (Source("listPhysicalNetworks", "physicalnetwork", network.physical_network),),
            ("name", "state", "isolation_methods", "segment_ranges"), {"zone": "zones"},
        ),
        Spec(
            "domains", m.Domain, (Source("listDomains", "domain", tenancy.domain, optional=_LISTALL),),
            ("name", "state", "path"), {"parent": "domains"}, is_tree=True,
        ),
        Spec(
            "accounts", m.Account, (Source("listAccounts", "account", tenancy.account, optional=_LISTALL),),
            ("name", "state", "role_name"), {"domain": "domains"}, frozenset({"receivedbytes", "sentbytes"}),
            owner="account",
        ),
        Spec(
            "projects", m.Project, (Source("listProjects", "project", tenancy.project, optional=_LISTALL),),
            ("name", "state", "owner_names"), {"domain": "domains"}, owner="project",
        ),
        Spec(
            "offerings", m.Offering,
            (
                Source("listServiceOfferings", "serviceoffering", catalogue.service_offering, optional=_LISTALL),
                Source("listServiceOfferings", "serviceoffering", catalogue.service_offering,
                       {"issystem": True}, _LISTALL, fallbacks=({},)),
                Source("listDiskOfferings", "diskoffering", catalogue.disk_offering, optional=_LISTALL),
                Source("listNetworkOfferings", "networkoffering", catalogue.network_offering),
            ),
            ("name", "state", "cpu_count", "cpu_speed_mhz", "memory_mib", "disk_size_gib", "host_tags",
             "storage_tags"),
        ),
        Spec(
            "templates", m.Template,
            (
                Source("listTemplates", "template", catalogue.template, {"templatefilter": "all"}, _LISTALL,
                       fallbacks=({"templatefilter": "executable"},), of_projects=True),
                Source("listIsos", "iso", catalogue.template, {"isofilter": "all"}, _LISTALL,
                       fallbacks=({"isofilter": "executable"},), of_projects=True),
            ),
            ("name", "state", "is_ready", "is_public", "is_featured"), _OWNER, owner="row", is_merged_by_zone=True,
        ),
        Spec(
            "networks", m.GuestNetwork,
            (Source("listNetworks", "network", network.guest_network, optional=_LISTALL, of_projects=True),),
            ("name", "state", "broadcast_uri", "cidr", "gateway", "offering_name", "is_restart_required"),
            {"zone": "zones", "physical_network": "physical-networks", **_OWNER}, owner="row",
        ),
        Spec(
            "public-ranges", m.PublicRange, (Source("listVlanIpRanges", "vlaniprange", network.public_range),),
            ("name", "vlan", "gateway", "netmask"),
            {"zone": "zones", "pod": "pods", "physical_network": "physical-networks", **_OWNER}, owner="row",
        ),
        Spec(
            "system-vms", m.SystemVm, (Source("listSystemVms", "systemvm", system.system_vm),),
            ("name", "state", "agent_state", "host__name", "version", "public_ip"),
            {"zone": "zones", "pod": "pods", "host": "hosts"}, frozenset({"activeviewersessions"}),
        ),
        Spec(
            "routers", m.VirtualRouter,
            (Source("listRouters", "router", system.virtual_router, optional=_LISTALL, of_projects=True),),
            ("name", "state", "redundant_state", "host__name", "version", "requires_upgrade",
             "has_failed_health_checks"),
            {"zone": "zones", "pod": "pods", "host": "hosts", "network": "networks", **_OWNER},
            frozenset({"healthcheckresults"}), owner="row",
        ),
        Spec(
            "instances", m.Instance,
            (Source("listVirtualMachines", "virtualmachine", instance.instance, optional=_LISTALL, of_projects=True),),
            ("name", "display_name", "state", "host__name", "offering__name", "cpu_count", "cpu_speed_mhz",
             "memory_mib", "is_ha_enabled", "ip_address", "network_names", "tags"),
            {"zone": "zones", "host": "hosts", "offering": "offerings", "template": "templates", **_OWNER},
            frozenset({"cpuused", "lastupdated", "memoryintfreekbs", "memorykbs", "memorytargetkbs", *_IO}),
            instance.instance_metrics, owner="row",
        ),
        Spec(
            "volumes", m.Volume,
            (Source("listVolumes", "volume", instance.volume, optional=_LISTALL, of_projects=True),),
            ("name", "state", "size_bytes", "instance__name", "storage_pool__name", "offering__name", "tags"),
            {"zone": "zones", "instance": "instances", "storage_pool": "storage-pools", "offering": "offerings",
             **_OWNER},
            frozenset({"physicalsize", "utilization", "virtualsize", *_IO}), owner="row",
        ),
    )  # fmt: skip


# In the order in which they are synced: what is pointed at comes before what points.
SPECS: dict[str, Spec] = {spec.slug: spec for spec in _spec_list()}
POINTED_AT: frozenset[str] = frozenset(kind for spec in SPECS.values() for kind in spec.links.values())
