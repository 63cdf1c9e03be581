"""Global settings: listing, changing and resetting them, globally and for a zone, cluster, pool, image store, domain
or account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.registry import command, on_fresh

if TYPE_CHECKING:
    from provisioning.simulator.catalog_data import Setting
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

# The parameter that names a scope, and how answers call that scope.
SCOPES = {
    "zoneid": "zone",
    "clusterid": "cluster",
    "storageid": "storagepool",
    "imagestoreuuid": "imagestore",
    "domainid": "domain",
    "accountid": "account",
    "managementserverid": "managementserver",
}
WHOLE = frozenset({"Number"})
DECIMAL = frozenset({"Decimal", "Range"})
# Settings that a new server leaves without a value, though they have a default.
VALUELESS = frozenset({"cluster.storage.operations.exclude", "denied.routes"})
IDENTIFIER = "custom.cs.identifier"
EVENT = "CONFIGURATION.VALUE.EDIT"
# A cluster gets its own copy of these when it is added, so changing the global value does nothing to it.
RATIOS = {"cpu.overprovisioning.factor": "cpuovercommitratio", "mem.overprovisioning.factor": "memoryovercommitratio"}


@on_fresh(30)
def first_values(sim: Simulator) -> None:
    """What a server writes into its settings at the first start, and what this cloud was started with."""
    written = {
        "host": "127.0.0.1",
        IDENTIFIER: sim.config.key("identifier", 4),
        "management.network.cidr": "127.0.0.0/24",
        **sim.config.settings,
    }
    for name, value in written.items():
        sim.state.add("setting", name=name, value=value)


def scope_of(p: Params) -> Obj | None:
    """The object whose own value is meant; at most one may be named."""
    given = [name for name in SCOPES if p.has(name)]
    if len(given) > 1:
        raise invalid("cannot handle multiple IDs, provide only one ID corresponding to the scope")
    return p.obj(given[0]) if given else None


def scope_name(place: Obj) -> str:
    return {"pool": "storagepool"}.get(place.kind, place.kind)


def view(ctx: Ctx, setting: Setting, place: Obj | None = None, value: str | None = None) -> dict[str, Any]:
    """One setting; ``value`` overrides what is shown as its value."""
    shown = ctx.sim.setting(setting.name, place) if value is None else value
    if setting.name in VALUELESS and place is None and setting.name not in ctx.sim.global_settings():
        shown = None
    default = setting.defaultvalue
    if setting.name == IDENTIFIER:
        # Every server makes up a default of its own for this one.
        default = ctx.sim.config.key("identifier default", 4)
    return {
        "category": setting.category,
        "group": setting.group,
        "subgroup": setting.subgroup,
        "name": setting.name,
        "value": shown,
        "defaultvalue": default,
        "scope": scope_name(place) if place is not None else None,
        "description": f"description of {setting.name}" if setting.described else None,
        "isdynamic": setting.isdynamic,
        "component": setting.component,
        "parent": setting.parent,
        "displaytext": setting.displaytext,
        "options": setting.options,
        "type": setting.type,
    }


@command("listConfigurations")
def list_configurations(ctx: Ctx, p: Params) -> Result:
    """Settings; with a scope id only those which that scope can have values of its own for."""
    place = scope_of(p)
    found = list(catalog_data.settings().values())
    if place is not None:
        found = [setting for setting in found if scope_name(place) in setting.scopes]
    for param in ("category", "group", "subgroup", "parent"):
        wanted = p.str(param)
        if wanted is not None:
            found = [setting for setting in found if str(getattr(setting, param) or "").lower() == wanted.lower()]
    for param in ("name", "keyword"):
        wanted = p.str(param)
        if wanted is not None:
            found = [setting for setting in found if wanted.lower() in setting.name.lower()]
    listing = ctx.listing("configuration", found)
    listing.rows = [view(ctx, setting, place) for setting in listing.rows]
    return listing


def check_value(setting: Setting, value: str) -> None:
    """Refuse what the setting's type can't be."""
    wanted = None
    if setting.type in WHOLE:
        wanted = "Integer" if not value.lstrip("-").isdigit() else None
    elif setting.type in DECIMAL:
        try:
            number = float(value)
        except ValueError:
            wanted = "Float"
        else:
            if setting.type == "Range" and not 0 <= number <= 1:
                raise invalid(f"Please enter a value between 0 and 1 for the configuration parameter: {setting.name}")
    elif setting.type == "Boolean" and value.lower() not in ("true", "false"):
        wanted = "Boolean"
    elif setting.type in ("Select", "Order") and setting.options:
        known = {option.strip().lower() for option in setting.options.split(",")}
        if not {part.strip().lower() for part in value.split(",")} <= known:
            raise invalid(
                f"Please enter one of the options {setting.options} for the configuration parameter: {setting.name}"
            )
    if wanted is not None and value != "":
        raise invalid(f"Value [{value}] is not a valid [class java.lang.{wanted}].")


def known_setting(name: str) -> Setting:
    setting = catalog_data.settings().get(name)
    if setting is None:
        raise invalid(f"Config parameter with name {name} doesn't exist")
    return setting


@command("updateConfiguration")
def update_configuration(ctx: Ctx, p: Params) -> Result:
    """Set a value, globally or for one scope object."""
    name, value = p.text("name"), p.raw.get("value")
    if not p.sent("value"):
        raise ApiError(431, 9999, "Unable to execute API command updateconfiguration due to missing parameter value")
    value = value or ""
    place = scope_of(p)
    if place is None:
        with ctx.recorded(EVENT, "updating configuration. ", f" Name: {name} New Value: {value}") as said:
            said.resource = ("Configuration", "", "")
            setting = known_setting(name)
            check_value(setting, value)
            store_global(ctx.sim, name, value)
        return {"configuration": view(ctx, setting)}
    label = scope_name(place).capitalize()
    with ctx.recorded(EVENT, "updating configuration. ", f" Name: {name}, New Value: {value}, Scope: {label}") as said:
        said.resource = (label, place.uuid, str(place.get("name", "")))
        setting = known_setting(name)
        if scope_name(place) not in setting.scopes:
            raise invalid(f"Invalid scope id provided for the parameter {name}")
        check_value(setting, value)
        before = ctx.sim.setting(name)
        store_scoped(ctx.sim, name, place, value)
    # The server answers with the value as it was read globally, not the one just stored.
    return {"configuration": view(ctx, setting, place, before if before is not None else "")}


def store_global(sim: Simulator, name: str, value: str) -> None:
    found = sim.state.table("setting").find(name=name)
    if found is None:
        sim.state.add("setting", name=name, value=value)
    else:
        found.set(value=value)


def store_scoped(sim: Simulator, name: str, place: Obj, value: str) -> None:
    """A scope object's own value; ratios are kept with the cluster, where capacity reads them."""
    own = sim.state.table("scopedsetting").find(name=name, scopeid=place.uuid)
    if own is None:
        sim.state.add("scopedsetting", name=name, scope=scope_name(place), scopeid=place.uuid, value=value)
    else:
        own.set(value=value)
    if place.kind == "cluster" and name in RATIOS:
        place.set(**{RATIOS[name]: value})


@command("resetConfiguration")
def reset_configuration(ctx: Ctx, p: Params) -> Result:
    """Back to the released default, or to what a scope inherits."""
    name = p.text("name")
    place = scope_of(p)
    setting = known_setting(name)
    with ctx.recorded(EVENT, "resetting configuration. ", f" Name: {name} New Value: {setting.defaultvalue}") as said:
        if place is None:
            said.resource = ("Configuration", "", "")
            store_global(ctx.sim, name, setting.defaultvalue or "")
        else:
            said.resource = (scope_name(place).capitalize(), place.uuid, str(place.get("name", "")))
            own = ctx.state.table("scopedsetting").find(name=name, scopeid=place.uuid)
            if own is not None:
                ctx.state.remove(own)
            if place.kind == "cluster" and name in RATIOS:
                place.set(**{RATIOS[name]: ctx.sim.setting(name) or "1.0"})
    return {"configuration": view(ctx, setting, place)}


@command("listConfigurationGroups")
def list_groups(ctx: Ctx, p: Params) -> Result:
    """Groups of settings with their subgroups, in their order of precedence."""
    rows = [row for row in catalog_data.rows("configuration_groups") if p.str("group") in (None, row["name"])]
    return ctx.listing("configurationgroup", rows)
