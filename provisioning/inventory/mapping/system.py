"""Management servers, system VMs, virtual routers: CloudStack's answers as rows."""

from __future__ import annotations

from provisioning.inventory.mapping.common import (
    Mapped,
    Raw,
    common,
    flag,
    link,
    maybe,
    owner_refs,
    text,
    when,
    whole,
)


def management_server(raw: Raw) -> Mapped:
    return Mapped(
        common(raw)
        | {
            "version": text(raw, "version"),
            "ip_address": text(raw, "ipaddress", "serviceip"),
            "java_version": text(raw, "javaversion"),
            "os_distribution": text(raw, "osdistribution"),
            "last_started_at": when(raw, "lastserverstart"),
            "last_boot_at": when(raw, "lastboottime"),
            "agent_count": whole(raw, "agentscount"),
        }
    )


def system_vm(raw: Raw) -> Mapped:
    """`agentstate` comes from the system VM's own entry in listHosts where listSystemVms leaves it out."""
    return Mapped(
        common(raw)
        | {
            "vm_type": text(raw, "systemvmtype"),
            "agent_state": text(raw, "agentstate"),
            "version": text(raw, "version"),
            "public_ip": text(raw, "publicip"),
            "private_ip": text(raw, "privateip"),
            "template_cloudstack_id": link(raw, "templateid"),
            "is_hypervisor_host_up": _host_is_up(raw),
        },
        {"zone": link(raw, "zoneid"), "pod": link(raw, "podid"), "host": link(raw, "hostid")},
    )


def _host_is_up(raw: Raw) -> bool | None:
    """`hostcontrolstate`: Enabled, Disabled, Maintenance or Offline; None without a host."""
    state = text(raw, "hostcontrolstate")
    return state.lower() != "offline" if state else None


def virtual_router(raw: Raw) -> Mapped:
    return Mapped(
        common(raw)
        | {
            "version": text(raw, "softwareversion", "version"),
            "requires_upgrade": flag(raw, "requiresupgrade"),
            "is_redundant": flag(raw, "isredundantrouter"),
            "redundant_state": text(raw, "redundantstate"),
            "has_failed_health_checks": maybe(raw, "healthchecksfailed"),
            "public_ip": text(raw, "publicip"),
            "guest_ip": text(raw, "guestipaddress"),
            "link_local_ip": text(raw, "linklocalip"),
            "vpc_cloudstack_id": link(raw, "vpcid"),
        },
        {
            "zone": link(raw, "zoneid"),
            "pod": link(raw, "podid"),
            "host": link(raw, "hostid"),
            "network": link(raw, "guestnetworkid"),
            **owner_refs(raw),
        },
    )
