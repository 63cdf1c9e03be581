"""Physical networks, guest networks, public ranges: CloudStack's answers as rows."""

from __future__ import annotations

from provisioning.inventory.mapping.common import Mapped, Raw, common, flag, link, listed, owner_refs, segment, text


def physical_network(raw: Raw) -> Mapped:
    return Mapped(
        common(raw)
        | {
            "isolation_methods": listed(raw, "isolationmethods"),
            "segment_ranges": text(raw, "vlan"),
            "broadcast_domain_range": text(raw, "broadcastdomainrange"),
        },
        {"zone": link(raw, "zoneid")},
    )


def guest_network(raw: Raw) -> Mapped:
    uri = text(raw, "broadcasturi")
    segment_type, segment_id = segment(uri)
    return Mapped(
        common(raw)
        | {
            "network_type": text(raw, "type"),
            "traffic_type": text(raw, "traffictype"),
            "offering_name": text(raw, "networkofferingname"),
            "broadcast_uri": uri,
            "segment_type": segment_type or text(raw, "broadcastdomaintype").lower(),
            "segment_id": segment_id,
            "cidr": text(raw, "cidr"),
            "gateway": text(raw, "gateway"),
            "ip6_cidr": text(raw, "ip6cidr"),
            "vpc_cloudstack_id": link(raw, "vpcid"),
            "acl_type": text(raw, "acltype"),
            "is_system": flag(raw, "issystem"),
            "is_restart_required": flag(raw, "restartrequired"),
            "is_redundant": flag(raw, "redundantrouter"),
        },
        {"zone": link(raw, "zoneid"), "physical_network": link(raw, "physicalnetworkid"), **owner_refs(raw)},
    )


def public_range(raw: Raw) -> Mapped:
    start, end = text(raw, "startip", "startipv6"), text(raw, "endip", "endipv6")
    return Mapped(
        common(raw)
        | {
            # A range has no name in CloudStack.
            "name": f"{start} – {end}" if start else text(raw, "cidr", "ip6cidr"),
            "vlan": text(raw, "vlan"),
            "gateway": text(raw, "gateway", "ip6gateway"),
            "netmask": text(raw, "netmask"),
            "start_ip": start,
            "end_ip": end,
            "ip6_cidr": text(raw, "ip6cidr"),
            "is_for_virtual_network": flag(raw, "forvirtualnetwork", True),
            "is_for_system_vms": flag(raw, "forsystemvms"),
        },
        {
            "zone": link(raw, "zoneid"),
            "pod": link(raw, "podid"),
            "physical_network": link(raw, "physicalnetworkid"),
            **owner_refs(raw),
        },
    )
