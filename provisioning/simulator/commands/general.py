"""What the API says of itself and of the installation: capabilities, commands, regions, types, planners."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from provisioning.simulator import auth, catalog_data
from provisioning.simulator.errors import invalid
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.catalog_data import Command, Parameter, ResponseField
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result

# Capabilities that follow a setting, and how its value becomes theirs.
FROM_SETTINGS: dict[str, tuple[str, type]] = {
    "dynamicscalingenabled": ("enable.dynamic.scale.vm", bool),
    "userpublictemplateenabled": ("allow.public.user.templates", bool),
    "allowusercreateprojects": ("allow.user.create.projects", bool),
    "projectinviterequired": ("project.invite.required", bool),
    "customdiskofferingminsize": ("custom.diskoffering.size.min", int),
    "customdiskofferingmaxsize": ("custom.diskoffering.size.max", int),
    "defaultuipagesize": ("default.ui.page.size", int),
    "allowuserforcestopvm": ("user.vm.force.stop.enabled", bool),
    "instanceleaseenabled": ("instance.lease.enabled", bool),
}


READING = ("list", "get", "query", "find", "is")
# A VM's answer has fields that the server does not tell by name; they come as empty objects.
VM_FIELDS = frozenset({"templateformat", "hostcontrolstate", "nic", "diskkbswrite"})
NAMELESS = 3
# The schema gives these rows no identifier.
NUMBERLESS = frozenset({"Ovm3"})


@command("listCapabilities")
def list_capabilities(ctx: Ctx, p: Params) -> Result:
    """Version and what this cloud allows; some of it follows settings and zones."""
    found: dict[str, Any] = dict(catalog_data.capabilities())
    for name, (setting, kind) in FROM_SETTINGS.items():
        value = ctx.sim.setting(setting)
        if name in found and value:
            found[name] = value.lower() == "true" if kind is bool else int(value)
    found["securitygroupsenabled"] = any(zone.get("securitygroupsenabled") for zone in ctx.state.all("zone"))
    return {"capability": found}


# Whose answer tells the fields of an object that lies deeper than the catalogue's data goes.
DEEPER = {
    "tags": "listTags",
    "ingressrule": "authorizeSecurityGroupIngress",
    "egressrule": "authorizeSecurityGroupEgress",
}
JOB_FIELDS = frozenset({"jobid", "jobstatus"})


def _field(field: ResponseField) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": field.name, "description": f"the {field.name}", "type": field.type}
    inner = field.response
    if not inner and field.type == "set" and field.name in DEEPER:
        known = catalog_data.commands()[DEEPER[field.name]].response
        inner = tuple(each for each in known if each.name not in JOB_FIELDS)
    if inner:
        shown["response"] = [_field(each) for each in inner]
    return shown


def api_view(entry: Command) -> dict[str, Any]:
    """One command as ``listApis`` tells it."""
    shown: dict[str, Any] = {
        "name": entry.name,
        "description": f"description of {entry.name}",
        "isasync": entry.isasync,
        "related": ",".join(entry.related),
        "params": [_parameter(param) for param in entry.params],
        "response": [_field(field) for field in entry.response],
        "httprequesttype": "GET" if entry.name.startswith(READING) else "POST",
    }
    if {field.name for field in entry.response} >= VM_FIELDS:
        shown["response"] += [{} for _ in range(NAMELESS)]
    if entry.since:
        shown["since"] = entry.since
    return shown


def _parameter(param: Parameter) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": param.name,
        "description": f"the {param.name}",
        "type": param.type,
        "length": param.length,
        "required": param.required,
    }
    if param.since:
        shown["since"] = param.since
    if param.type == "uuid" or (param.type == "list" and param.name.endswith(("ids", "names"))):
        shown["related"] = ",".join(_sources(param.name))
    return shown


@cache
def _sources(name: str) -> tuple[str, ...]:
    """Commands whose answers give what a parameter like ``zoneid`` names."""
    kind = name.removesuffix("s").removesuffix("id").removesuffix("name")
    return tuple(each for each in (f"list{kind}s", f"create{kind}") if each in _lower_names()) if kind else ()


@cache
def _lower_names() -> frozenset[str]:
    return frozenset(each.lower() for each in catalog_data.commands())


@command("listApis")
def list_apis(ctx: Ctx, p: Params) -> Result:
    """The commands that the caller may call."""
    name = p.str("name")
    if name is not None:
        entry = catalog_data.commands().get(name)
        if entry is None or not auth.allowed(ctx.sim, ctx.user, name):
            raise invalid(f"api name: {name} does not exist or is not available for the user")
        return ctx.listing("api", [api_view(entry)], unpaged=True)
    rows = [
        api_view(entry) for entry in catalog_data.commands().values() if auth.allowed(ctx.sim, ctx.user, entry.name)
    ]
    return ctx.listing("api", rows, unpaged=True)


@command("listRegions")
def list_regions(ctx: Ctx, p: Params) -> Result:
    """Regions; every installation starts with one."""
    return ctx.listing("region", catalog_data.rows("regions"))


@command("listEventTypes")
def list_event_types(ctx: Ctx, p: Params) -> Result:
    """Every event type by name; this list is never cut into pages."""
    return ctx.listing("eventtype", [{"name": name} for name in catalog_data.names("event_types")], unpaged=True)


@command("listAlertTypes")
def list_alert_types(ctx: Ctx, p: Params) -> Result:
    """Every alert type; several share a number."""
    return ctx.listing("alerttype", catalog_data.rows("alert_types"), unpaged=True)


@command("listUsageTypes")
def list_usage_types(ctx: Ctx, p: Params) -> Result:
    """Types of usage records."""
    return ctx.listing("usagetype", catalog_data.rows("usage_types"), unpaged=True)


@command("listHypervisors")
def list_hypervisors(ctx: Ctx, p: Params) -> Result:
    """Hypervisors the server can drive; of a zone, those its clusters have."""
    zone = p.obj("zoneid")
    names = list(catalog_data.names("hypervisors"))
    if zone is not None:
        used = {cluster["hypervisortype"] for cluster in ctx.state.table("cluster").where(zoneid=zone.uuid)}
        names = [name for name in names if name in used]
    return ctx.listing("hypervisor", [{"name": name} for name in names], unpaged=True)


@command("listHypervisorCapabilities")
def list_hypervisor_capabilities(ctx: Ctx, p: Params) -> Result:
    """Limits of each hypervisor's versions."""
    wanted = p.str("hypervisor")
    rows = [
        {"id": None if row["hypervisor"] in NUMBERLESS else str(number), **row}
        for number, row in enumerate(catalog_data.rows("hypervisor_capabilities"), start=1)
        if wanted is None or row["hypervisor"].lower() == wanted.lower()
    ]
    return ctx.listing("hypervisorCapabilities", rows)


@command("listDeploymentPlanners")
def list_planners(ctx: Ctx, p: Params) -> Result:
    """Names of planners an offering can ask for."""
    return ctx.listing("deploymentPlanner", [{"name": name} for name in catalog_data.names("deployment_planners")])


@command("listSupportedNetworkServices")
def list_services(ctx: Ctx, p: Params) -> Result:
    """Network services, their capabilities and who can provide them."""
    service, provider = p.str("service"), p.str("provider")
    rows = [
        row
        for row in catalog_data.rows("network_services")
        if (service is None or row["name"] == service)
        and (provider is None or any(each["name"] == provider for each in row.get("provider", ())))
    ]
    return ctx.listing("networkservice", rows)


@command("listStorageProviders")
def list_storage_providers(ctx: Ctx, p: Params) -> Result:
    """Names of storage providers of a type."""
    known = {
        "primary": ("DefaultPrimary", "SolidFire", "SolidFireShared", "CloudByte", "Linstor", "StorPool", "PowerFlex"),
        "image": ("NFS", "SMB", "S3", "Swift", "Sample"),
    }.get(p.text("type").lower())
    if known is None:
        raise invalid(f"Invalid storage provider type: {p.text('type')}")
    return ctx.listing("dataStoreProvider", [{"name": name, "type": p.text("type").upper()} for name in known])


@command("listHostHAProviders")
def list_ha_providers(ctx: Ctx, p: Params) -> Result:
    """Host HA providers of a hypervisor."""
    names = {"kvm": ["KVMHAProvider"], "simulator": ["SimulatorHAProvider"]}.get(p.text("hypervisor").lower(), [])
    return ctx.listing("haprovider", [{"haprovider": name} for name in names])


@command("listLdapConfigurations", envelope="ldapconfigurationresponse")
def list_ldap(ctx: Ctx, p: Params) -> Result:
    """No directory is configured."""
    return ctx.listing("LdapConfiguration", [])


@command("cloudianIsEnabled")
def cloudian(ctx: Ctx, p: Params) -> Result:
    """The object storage connector's state as its settings say."""
    server = ctx.sim.setting("cloudian.cmc.server") or "cmc.cloudian.com"
    port = ctx.sim.setting("cloudian.cmc.port") or "8443"
    enabled = (ctx.sim.setting("cloudian.connector.enabled") or "false").lower() == "true"
    return {"cloudianisenabled": {"enabled": enabled, "url": f"https://{server}:{port}/Cloudian/"}}
