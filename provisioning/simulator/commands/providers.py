"""Service providers of physical networks and the elements that some of them have."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data
from provisioning.simulator.commands.zones import exactly
from provisioning.simulator.errors import ApiError, invalid, runtime_error, server_error
from provisioning.simulator.jobs import JobEvent
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

Job = Generator[float, None, dict[str, Any]]
# Providers that are ready as soon as the network exists; the others are switched on by hand.
ENABLED_AT_ONCE = frozenset({"ConfigDrive", "BaremetalPxeProvider"})
# Providers with an element of their own that must be configured first: its kind and the list's name.
ELEMENTS = {
    "VirtualRouter": "virtualrouterelement",
    "VpcVirtualRouter": "virtualrouterelement",
    "InternalLbVm": "internalloadbalancerelement",
}


def provider_view(provider: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "name": provider["name"],
        "physicalnetworkid": provider["physicalnetworkid"],
        "state": provider["state"],
        "id": provider.uuid,
        "servicelist": provider["servicelist"],
        "canenableindividualservice": provider["canenableindividualservice"],
    }


def add_provider(sim: Simulator, physical: Obj, row: dict[str, Any]) -> Obj:
    """One service provider of a physical network, with its element where it has one."""
    state = "Enabled" if row["name"] in ENABLED_AT_ONCE else "Disabled"
    provider = sim.state.add(
        "provider",
        name=row["name"],
        physicalnetworkid=physical.uuid,
        state=state,
        servicelist=list(row["servicelist"]),
        canenableindividualservice=row["canenableindividualservice"],
    )
    if row["name"] in ELEMENTS:
        sim.state.add(ELEMENTS[row["name"]], nspid=provider.uuid, enabled=False)
    return provider


@command("listNetworkServiceProviders")
def list_providers(ctx: Ctx, p: Params) -> Result:
    """Service providers, of one physical network or of all."""
    physical = p.obj("physicalnetworkid")
    rows = list(ctx.state.all("provider"))
    if physical is not None:
        rows = [provider for provider in rows if provider["physicalnetworkid"] == physical.uuid]
    return ctx.listing("networkserviceprovider", exactly(rows, p, "name", "state"), provider_view)


def element_of(ctx: Ctx, provider: Obj) -> Obj | None:
    kind = ELEMENTS.get(provider["name"])
    return None if kind is None else ctx.state.table(kind).find(nspid=provider.uuid)


@command("updateNetworkServiceProvider", refs={"id": "provider"})
def update_provider(ctx: Ctx, p: Params) -> Result:
    """Switch a provider on or off; one with an element must have that configured first."""
    provider, wanted = p.the("id"), p.str("state")
    services = p.list("servicelist")

    def steps(job: Obj) -> Job:
        yield 0.5
        if wanted is not None:
            if wanted not in ("Enabled", "Disabled", "Shutdown"):
                raise invalid(f"Unable to resolve state '{wanted}' to a supported value {{Enabled or Disabled}}")
            element = element_of(ctx, provider)
            if wanted == "Enabled" and element is not None and not element["enabled"]:
                raise ApiError(
                    530, None, "Provider is not ready, cannot Enable the provider, please configure the provider first"
                )
            provider.set(state=wanted)
        if services:
            if not provider["canenableindividualservice"]:
                raise ApiError(
                    431, None, f"Cannot update set of Services for this Service Provider '{provider['name']}'"
                )
            provider.set(servicelist=services)
        return {"networkserviceprovider": provider_view(provider, ctx)}

    event = JobEvent("SERVICE.PROVIDER.UPDATE", "Updating physical network ServiceProvider",
                     scheduled=f"Updating physical network Service Provider: {provider.uuid}",
                     resource=("PhysicalNetworkServiceProvider", "", ""))  # fmt: skip
    return ctx.job(steps, event=event)


@command("addNetworkServiceProvider")
def add_network_service_provider(ctx: Ctx, p: Params) -> Result:
    """Add a provider that the network does not have."""
    physical, name = p.the("physicalnetworkid"), p.text("name")
    if ctx.state.table("provider").find(physicalnetworkid=physical.uuid, name=name) is not None:
        raise runtime_error(f"The '{name}' provider already exists on physical network : {physical.uuid}")
    row = next((row for row in catalog_data.rows("network_providers") if row["name"] == name), None)
    if row is None:
        raise invalid(f"Invalid Network Service Provider: {name}")
    provider = add_provider(ctx.sim, physical, row)

    def steps(job: Obj) -> Job:
        yield 0.2
        return {"networkserviceprovider": provider_view(provider, ctx)}

    return ctx.job(steps, instance=("PhysicalNetworkServiceProvider", provider.uuid), entity=provider.uuid)


@command("deleteNetworkServiceProvider", refs={"id": "provider"})
def delete_provider(ctx: Ctx, p: Params) -> Result:
    """Remove a provider."""
    provider = p.the("id")

    def steps(job: Obj) -> Job:
        yield 0.2
        ctx.state.remove(provider)
        return {"success": True}

    return ctx.job(steps)


def element_view(element: Obj, ctx: Ctx) -> dict[str, Any]:
    return {"id": element.uuid, "nspid": element["nspid"], "enabled": element["enabled"]}


@command("listVirtualRouterElements")
def list_router_elements(ctx: Ctx, p: Params) -> Result:
    """Elements of the virtual router providers."""
    return list_elements(ctx, p, "virtualrouterelement")


@command("listInternalLoadBalancerElements")
def list_balancer_elements(ctx: Ctx, p: Params) -> Result:
    """Elements of the internal load balancer provider."""
    return list_elements(ctx, p, "internalloadbalancerelement")


def list_elements(ctx: Ctx, p: Params, kind: str) -> Result:
    provider = p.obj("nspid")
    rows = list(ctx.state.all(kind)) if provider is None else ctx.state.table(kind).where(nspid=provider.uuid)
    if p.has("enabled"):
        rows = [element for element in rows if element["enabled"] == p.flag("enabled")]
    if p.has("id"):
        rows = [element for element in rows if element.uuid == p.str("id")]
    return ctx.listing(kind, rows, element_view)


@command("configureVirtualRouterElement", refs={"id": "virtualrouterelement"})
def configure_router_element(ctx: Ctx, p: Params) -> Result:
    """Make the virtual router usable."""
    return configure(ctx, p, "virtualrouterelement", ("None", None))


@command("configureInternalLoadBalancerElement", refs={"id": "internalloadbalancerelement"})
def configure_balancer_element(ctx: Ctx, p: Params) -> Result:
    """Make the internal load balancer usable."""
    return configure(ctx, p, "internalloadbalancerelement", None)


def configure(ctx: Ctx, p: Params, name: str, instance: tuple[str, str | None] | None) -> Result:
    element = p.the("id")
    if not p.has("enabled"):
        raise server_error(f"Unable to execute API command {ctx.command.lower()} due to missing parameter enabled", 431)

    def steps(job: Obj) -> Job:
        yield 0.3
        element.set(enabled=p.flag("enabled"))
        return {name: element_view(element, ctx)}

    return ctx.job(steps, instance=instance)
