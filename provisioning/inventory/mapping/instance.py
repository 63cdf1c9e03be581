"""Instances and volumes: CloudStack's answers as rows."""

from __future__ import annotations

from provisioning.inventory.mapping.common import (
    Mapped,
    Raw,
    common,
    dicts,
    flag,
    joined,
    link,
    number,
    owner_refs,
    text,
    whole,
)


def instance(raw: Raw) -> Mapped:
    nics = dicts(raw, "nic")
    default = next((nic for nic in nics if flag(nic, "isdefault")), nics[0] if nics else {})
    return Mapped(
        common(raw)
        | {
            "display_name": text(raw, "displayname"),
            "internal_name": text(raw, "instancename"),
            "cpu_count": whole(raw, "cpunumber"),
            "cpu_speed_mhz": whole(raw, "cpuspeed"),
            "memory_mib": whole(raw, "memory"),
            "is_ha_enabled": flag(raw, "haenable"),
            "hypervisor": text(raw, "hypervisor"),
            "ip_address": text(raw, "ipaddress") or text(default, "ipaddress", "ip6address"),
            "network_names": joined(text(nic, "networkname") for nic in nics),
            "network_cloudstack_ids": ",".join(filter(None, (text(nic, "networkid") for nic in nics)))[:1000],
        },
        {
            "zone": link(raw, "zoneid"),
            "host": link(raw, "hostid"),
            "offering": link(raw, "serviceofferingid"),
            "template": link(raw, "templateid"),
            **owner_refs(raw),
        },
        instance_metrics(raw),
    )


def instance_metrics(raw: Raw) -> dict[str, object]:
    return {"cpu_used_percent": number(raw, "cpuused")}


def volume(raw: Raw) -> Mapped:
    return Mapped(
        common(raw)
        | {
            "volume_type": text(raw, "type"),
            "size_bytes": whole(raw, "size"),
            "device_id": whole(raw, "deviceid"),
            "path": text(raw, "path"),
        },
        {
            "zone": link(raw, "zoneid"),
            "instance": link(raw, "virtualmachineid"),
            "storage_pool": link(raw, "storageid"),
            "offering": link(raw, "diskofferingid") or link(raw, "serviceofferingid"),
            **owner_refs(raw),
        },
    )
