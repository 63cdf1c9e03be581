"""Zone, pod, cluster, host, storage pool, image store: CloudStack's answers as rows."""

from __future__ import annotations

from provisioning.inventory.mapping.common import (
    Mapped,
    Raw,
    common,
    dicts,
    flag,
    link,
    listed,
    number,
    text,
    when,
    whole,
)


def zone(raw: Raw) -> Mapped:
    return Mapped(
        common(raw, state="allocationstate")
        | {
            "network_type": text(raw, "networktype"),
            "is_security_groups_enabled": flag(raw, "securitygroupsenabled"),
            "is_local_storage_enabled": flag(raw, "localstorageenabled"),
            "guest_cidr": text(raw, "guestcidraddress"),
            "dns1": text(raw, "dns1"),
            "dns2": text(raw, "dns2"),
            "internal_dns1": text(raw, "internaldns1"),
            "zone_type": text(raw, "type"),
        }
    )


def pod(raw: Raw) -> Mapped:
    ranges = dicts(raw, "ipranges")
    first = ranges[0] if ranges else {"startip": listed(raw, "startip"), "endip": listed(raw, "endip")}
    return Mapped(
        common(raw, state="allocationstate")
        | {
            "gateway": text(raw, "gateway"),
            "netmask": text(raw, "netmask"),
            "start_ip": text(first, "startip"),
            "end_ip": text(first, "endip"),
        },
        {"zone": link(raw, "zoneid")},
    )


def cluster(raw: Raw) -> Mapped:
    return Mapped(
        common(raw, state="allocationstate")
        | {
            "managed_state": text(raw, "managedstate"),
            "hypervisor": text(raw, "hypervisortype"),
            "cluster_type": text(raw, "clustertype"),
            "arch": text(raw, "arch"),
            "cpu_overcommit_ratio": number(raw, "cpuovercommitratio"),
            "memory_overcommit_ratio": number(raw, "memoryovercommitratio"),
        },
        {"zone": link(raw, "zoneid"), "pod": link(raw, "podid")},
    )


def host(raw: Raw) -> Mapped:
    """`lastpinged` is not a date in CloudStack (milliseconds shifted by ten bits), so it is left alone."""
    return Mapped(
        common(raw)
        | {
            "management_server_cloudstack_id": link(raw, "managementserverid"),
            "resource_state": text(raw, "resourcestate"),
            "ip_address": text(raw, "ipaddress"),
            "hypervisor": text(raw, "hypervisor"),
            "hypervisor_version": text(raw, "hypervisorversion"),
            "version": text(raw, "version"),
            "arch": text(raw, "arch"),
            "host_tags": text(raw, "hosttags"),
            "is_ha_host": flag(raw, "hahost"),
            "cpu_sockets": whole(raw, "cpusockets"),
            "cpu_cores": whole(raw, "cpunumber"),
            "cpu_speed_mhz": whole(raw, "cpuspeed"),
            "cpu_total_mhz": number(raw, "cpuwithoverprovisioning"),
            "memory_total_bytes": whole(raw, "memorywithoverprovisioning", "memorytotal"),
            "disconnected_at": when(raw, "disconnected"),
        },
        {"zone": link(raw, "zoneid"), "pod": link(raw, "podid"), "cluster": link(raw, "clusterid")},
        host_metrics(raw),
    )


def host_metrics(raw: Raw) -> dict[str, object]:
    return {
        "cpu_allocated_mhz": number(raw, "cpuallocatedvalue"),
        "cpu_used_percent": number(raw, "cpuused"),
        "memory_allocated_bytes": whole(raw, "memoryallocatedbytes", "memoryallocated"),
        "memory_used_bytes": whole(raw, "memoryused"),
        "network_read_kib": whole(raw, "networkkbsread"),
        "network_write_kib": whole(raw, "networkkbswrite"),
    }


def storage_pool(raw: Raw) -> Mapped:
    return Mapped(
        common(raw)
        | {
            "pool_type": text(raw, "type"),
            "pool_scope": text(raw, "scope"),
            "provider": text(raw, "provider"),
            "address": text(raw, "ipaddress"),
            "path": text(raw, "path"),
            "storage_tags": text(raw, "tags") if not isinstance(raw.get("tags"), list) else "",
            "tags": {},
            "overprovision_factor": number(raw, "overprovisionfactor"),
            "size_total_bytes": whole(raw, "disksizetotal", "capacitybytes"),
        },
        {"zone": link(raw, "zoneid"), "pod": link(raw, "podid"), "cluster": link(raw, "clusterid")},
        storage_pool_metrics(raw),
    )


def storage_pool_metrics(raw: Raw) -> dict[str, object]:
    return {
        "size_used_bytes": whole(raw, "disksizeused"),
        "size_allocated_bytes": whole(raw, "disksizeallocated"),
    }


def image_store(raw: Raw) -> Mapped:
    """CloudStack gives an image store no state, so ours stays empty: `is_readonly` is all that is known."""
    return Mapped(
        common(raw)
        | {
            "provider": text(raw, "providername"),
            "protocol": text(raw, "protocol"),
            "url": text(raw, "url"),
            "store_scope": text(raw, "scope"),
            "is_readonly": flag(raw, "readonly"),
            "size_total_bytes": whole(raw, "disksizetotal"),
        },
        {"zone": link(raw, "zoneid")},
        image_store_metrics(raw),
    )


def image_store_metrics(raw: Raw) -> dict[str, object]:
    return {"size_used_bytes": whole(raw, "disksizeused")}
