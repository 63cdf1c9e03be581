"""How guest networks, public addresses, rules and virtual routers look in answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data
from provisioning.simulator.clock import iso
from provisioning.simulator.tenancy import owner
from provisioning.simulator.views_compute import host_control_state, tags_of

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.state import Obj


def services(offering: Obj) -> list[dict[str, Any]]:
    """The services of an offering as a network shows them: with the capabilities of whoever provides them."""
    shipped = catalog_data.mapping("network_capabilities")
    out = []
    for service in offering.get("service") or ():
        providers = [{"name": provider["name"]} for provider in service.get("provider") or ()]
        capabilities: list[Any] = []
        for provider in providers:
            table: Any = shipped.get(provider["name"]) or (
                shipped["VirtualRouter"] if "Router" in provider["name"] else {}
            )
            capabilities = capabilities or list(table.get(service["name"], ()))
        out.append({"name": service["name"], "provider": providers, "capability": capabilities})
    return out


def network_view(network: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    admin = ctx.role_kind == "Admin"
    offering = state.table("networkoffering").need(network["networkofferingid"])
    zone = state.table("zone").need(network["zoneid"])
    names = {service["name"] for service in offering.get("service") or ()}
    fields: dict[str, Any] = {
        "id": network.uuid,
        "name": network["name"],
        "displaytext": network.get("displaytext") or network["name"],
        "broadcastdomaintype": network["broadcastdomaintype"],
        "traffictype": "Guest",
        "gateway": network.get("gateway"),
        "netmask": network.get("netmask"),
        "cidr": network.get("cidr"),
        "zoneid": zone.uuid,
        "zonename": zone["name"],
        "networkofferingid": offering.uuid,
        "networkofferingname": offering["name"],
        "networkofferingdisplaytext": offering.get("displaytext"),
        "networkofferingconservemode": bool(offering.get("conservemode")),
        "networkofferingavailability": offering.get("availability"),
        "issystem": False,
        "state": network["state"],
        "related": network.uuid,
    }
    if admin and network.get("broadcasturi"):
        fields["broadcasturi"] = network["broadcasturi"]
    fields.update(
        dns1=network.get("dns1") or zone.get("dns1"), dns2=network.get("dns2") or zone.get("dns2"), type=network["type"]
    )
    if admin and network.get("vlan"):
        fields["vlan"] = network["vlan"]
    fields["acltype"] = network.get("acltype") or "Account"
    if fields["acltype"] == "Domain":
        domain = state.table("domain").need(
            network.get("aclownerid") or state.table("account").need(network["accountid"])["domainid"]
        )
        fields.update(
            subdomainaccess=bool(network.get("subdomainaccess", True)),
            domainid=domain.uuid,
            domain=domain["name"],
            domainpath=domain["path"],
        )
    else:
        fields.update(owner(state, network["accountid"]))
    fields.update(
        service=services(offering),
        networkdomain=network.get("networkdomain"),
        physicalnetworkid=network.get("physicalnetworkid"),
        restartrequired=bool(network.get("restartrequired")),
        specifyvlan=bool(offering.get("specifyvlan")),
        specifyipranges=bool(offering.get("specifyipranges")),
        vpcid=network.get("vpcid"),
        canusefordeploy=True,
        ispersistent=bool(offering.get("ispersistent")),
        tags=tags_of(state, network),
    )
    if admin:
        fields.update(details={}, displaynetwork=True)
    fields.update(
        strechedl2subnet=False,
        redundantrouter=bool(network.get("redundantrouter")),
        supportsvmautoscaling="Lb" in names,
        created=iso(network["created"]),
        receivedbytes=0,
        sentbytes=0,
        egressdefaultpolicy=bool(offering.get("egressdefaultpolicy")),
        publicmtu=1500,
        privatemtu=1500,
    )
    if admin:
        fields["keepmacaddressonpublicnic"] = True
    fields["hasannotations"] = False
    return fields


def address_view(ip: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    network = state.get("network", ip.get("associatednetworkid"))
    vm = state.get("vm", ip.get("virtualmachineid"))
    fields: dict[str, Any] = {
        "id": ip.uuid,
        "ipaddress": ip["ipaddress"],
        "allocated": iso(ip.get("allocated")),
        "zoneid": ip["zoneid"],
        "zonename": state.name_of("zone", ip["zoneid"]),
        "issourcenat": bool(ip.get("issourcenat")),
    }
    if ip.get("accountid"):
        fields.update(owner(state, ip["accountid"]))
    fields.update(forvirtualnetwork=bool(ip.get("forvirtualnetwork", True)))
    if ctx.role_kind == "Admin" and ip.get("vlanid"):
        vlan = state.get("vlan", ip["vlanid"])
        if vlan is not None:
            fields.update(vlanid=vlan.uuid, vlanname=vlan.get("vlan"))
    fields.update(isstaticnat=bool(ip.get("isstaticnat")), issystem=bool(ip.get("issystem")))
    if vm is not None:
        nic = state.get("nic", ip.get("vmnicid"))
        fields.update(
            virtualmachineid=vm.uuid,
            vmipaddress=nic.get("ipaddress") if nic is not None else None,
            virtualmachinename=vm["name"],
            virtualmachinedisplayname=vm.get("displayname") or vm["name"],
            virtualmachinetype="User",
        )
    if network is not None:
        fields.update(associatednetworkid=network.uuid, associatednetworkname=network["name"])
    fields.update(
        networkid=ip.get("networkid"),
        state=ip["state"],
        physicalnetworkid=ip.get("physicalnetworkid"),
        tags=tags_of(state, ip),
        isportable=False,
        hasrules=state.table("rule").count(ipaddressid=ip.uuid) > 0,
        forsystemvms=bool(ip.get("forsystemvms")),
        forprovider=False,
        hasannotations=False,
    )
    return fields


def forwarding_view(rule: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    vm = state.table("vm").need(rule["virtualmachineid"])
    ip = state.table("ip").need(rule["ipaddressid"])
    return {
        "id": rule.uuid,
        "privateport": str(rule["privateport"]),
        "privateendport": str(rule["privateendport"]),
        "protocol": rule["protocol"],
        "publicport": str(rule["startport"]),
        "publicendport": str(rule["endport"]),
        "virtualmachineid": vm.uuid,
        "virtualmachinename": vm["name"],
        "virtualmachinedisplayname": vm.get("displayname") or vm["name"],
        "ipaddressid": ip.uuid,
        "ipaddress": ip["ipaddress"],
        "state": rule["state"],
        "cidrlist": rule.get("cidrlist") or "",
        "tags": tags_of(state, rule),
        "vmguestip": rule["vmguestip"],
        "networkid": rule["networkid"],
        "networkname": state.name_of("network", rule["networkid"]),
    }


def firewall_view(rule: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    ip = state.get("ip", rule.get("ipaddressid"))
    return {
        "id": rule.uuid,
        "protocol": rule["protocol"],
        "startport": rule.get("startport"),
        "endport": rule.get("endport"),
        "ipaddressid": ip.uuid if ip is not None else None,
        "networkid": rule["networkid"],
        "ipaddress": ip["ipaddress"] if ip is not None else None,
        "state": rule["state"],
        "cidrlist": rule.get("cidrlist") or "",
        "tags": tags_of(state, rule),
        "icmptype": rule.get("icmptype"),
        "icmpcode": rule.get("icmpcode"),
        "destcidrlist": rule.get("destcidrlist") or "",
        "traffictype": rule.get("traffictype", "Ingress"),
    }


def balancer_view(rule: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    ip = state.table("ip").need(rule["ipaddressid"])
    return {
        "id": rule.uuid,
        "name": rule["name"],
        "description": rule.get("description"),
        "publicipid": ip.uuid,
        "publicip": ip["ipaddress"],
        "publicport": str(rule["startport"]),
        "privateport": str(rule["privateport"]),
        "algorithm": rule["algorithm"],
        "cidrlist": rule.get("cidrlist") or "",
        **owner(state, rule["accountid"]),
        "state": rule["state"],
        "networkid": rule["networkid"],
        "zoneid": ip["zoneid"],
        "zonename": state.name_of("zone", ip["zoneid"]),
        "protocol": rule["protocol"],
        "tags": tags_of(state, rule),
        "fordisplay": True,
    }


def router_view(router: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    zone = state.table("zone").need(router["zoneid"])
    host = state.get("host", router.get("hostid"))
    network = state.get("network", router.get("networkid"))
    public = state.get("ip", router.get("publicipid"))
    range_ = state.get("vlan", public.get("vlanid")) if public is not None else None
    template = state.get("template", router.get("templateid"))
    offering = state.get("serviceoffering", router.get("serviceofferingid"))
    up = host is not None
    fields: dict[str, Any] = {
        "id": router.uuid,
        "zoneid": zone.uuid,
        "zonename": zone["name"],
        "dns1": zone.get("dns1"),
        "dns2": zone.get("dns2"),
        "networkdomain": network.get("networkdomain") if network is not None else None,
        "gateway": range_.get("gateway") if range_ is not None else None,
        "name": router["name"],
        "podid": router.get("podid"),
        "podname": state.name_of("pod", router.get("podid")),
    }
    if host is not None:
        fields.update(hostid=host.uuid, hostname=host["name"], hostcontrolstate=host_control_state(state, host.uuid))
    fields["hypervisor"] = router["hypervisor"]
    nics: list[dict[str, Any]] = []
    if up:
        fields.update(
            linklocalip=router["linklocalip"],
            linklocalmacaddress=router["linklocalmacaddress"],
            linklocalnetmask="255.255.0.0",
            linklocalnetworkid=router["controlnetworkid"],
        )
    if public is not None:
        fields.update(
            publicip=public["ipaddress"],
            publicmacaddress=router["publicmacaddress"],
            publicnetmask=range_.get("netmask") if range_ is not None else None,
            publicnetworkid=public.get("networkid"),
        )
    if network is not None:
        fields.update(
            guestipaddress=router["guestipaddress"],
            guestmacaddress=router["guestmacaddress"],
            guestnetmask=network.get("netmask"),
            guestnetworkid=network.uuid,
            guestnetworkname=network["name"],
        )
        nics.append(
            _nic(
                router,
                "guest",
                networkid=network.uuid,
                networkname=network["name"],
                netmask=network.get("netmask"),
                ipaddress=router["guestipaddress"],
                isolationuri=network.get("broadcasturi") if up else None,
                broadcasturi=network.get("broadcasturi") if up else None,
                traffictype="Guest",
                type=network["type"],
                isdefault=public is None,
                macaddress=router["guestmacaddress"],
                mtu=1500,
                enabled=True,
            )
        )
    if up:
        nics.append(
            _nic(
                router,
                "control",
                networkid=router["controlnetworkid"],
                netmask="255.255.0.0",
                gateway="169.254.0.1",
                ipaddress=router["linklocalip"],
                traffictype="Control",
                isdefault=False,
                macaddress=router["linklocalmacaddress"],
                enabled=True,
            )
        )
    if public is not None:
        uri = range_.get("vlan") if range_ is not None else None
        nics.append(
            _nic(
                router,
                "public",
                networkid=public.get("networkid"),
                netmask=range_.get("netmask") if range_ is not None else None,
                gateway=range_.get("gateway") if range_ is not None else None,
                ipaddress=public["ipaddress"],
                isolationuri=uri,
                broadcasturi=uri,
                traffictype="Public",
                isdefault=True,
                macaddress=router["publicmacaddress"],
                mtu=1500,
                enabled=True,
            )
        )
    fields.update(
        templateid=template.uuid if template is not None else None,
        templatename=template["name"] if template is not None else None,
        created=iso(router["created"]),
        state=router["state"],
        **owner(state, router["accountid"]),
        serviceofferingid=offering.uuid if offering is not None else None,
        serviceofferingname=offering["name"] if offering is not None else None,
        isredundantrouter=False,
        redundantstate="UNKNOWN",
        version=router.get("version"),
        scriptsversion=router.get("scriptsversion"),
        role="VIRTUAL_ROUTER",
        nic=nics,
        requiresupgrade=bool(router.get("requiresupgrade")),
        healthchecksfailed=bool(router.get("healthchecksfailed")),
        softwareversion="4.23.0.0",
        arch="x86_64",
        hasannotations=False,
    )
    return fields


def _nic(router: Obj, which: str, **fields: Any) -> dict[str, Any]:
    uuid = router.table.state.new_uuid(f"routernic:{which}", router.dbid)
    return {"id": uuid, **{name: value for name, value in fields.items() if value is not None}}
