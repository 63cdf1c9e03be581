"""What people without infrastructure rights must not read inside free-form answers."""

from __future__ import annotations

from typing import Any

from portal.web.table_spec import Viewer

# Fields of CloudStack's answers (and of our change events) that tell where something physically is.
INFRASTRUCTURE_KEYS = frozenset({
    "host", "hostid", "hostname", "hypervisor", "pod", "podid", "podname", "cluster", "clusterid", "clustername",
    "storage", "storageid", "storage_pool", "storagepool", "lasthostid", "lasthostname", "pooltype",
    "vlan", "broadcasturi", "broadcast_uri", "segment_id", "segment_type", "physicalnetworkid", "physical_network",
    "isolationuri", "management_server", "managementserverid", "managementservername", "path", "instancename",
    "zone", "parent", "network_read_kib", "network_write_kib", "digest",
})  # fmt: skip
MEMBERS_KEEP = frozenset({"zone"})


def shaped(value: Any, viewer: Viewer) -> Any:
    """`value` (JSON) without the fields that a tenant may not see; unchanged for people who see infrastructure."""
    if viewer.sees_infrastructure:
        return value
    return _stripped(value)


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _stripped(item)
            for key, item in value.items()
            if str(key).lower() in MEMBERS_KEEP or not _is_infrastructure(str(key).lower())
        }
    return [_stripped(item) for item in value] if isinstance(value, list) else value


def _is_infrastructure(key: str) -> bool:
    return key in INFRASTRUCTURE_KEYS or key.removesuffix("_id") in INFRASTRUCTURE_KEYS
