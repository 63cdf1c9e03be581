"""System VMs and virtual routers in operation, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from provisioning.simulator import mocks, sysvms
from provisioning.simulator.clock import iso
from provisioning.simulator.commands.zones import contains, exactly
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid, server_error
from provisioning.simulator.moves import leave
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.params import Params
from provisioning.simulator.registry import background, command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.routers import start_router, stop_router
from provisioning.simulator.sim import Simulator
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, json_text, owned
from provisioning.simulator.views_network import router_view

SYSVM: dict[str, str | tuple[str, ...]] = {"id": "sysvm", "virtualmachineid": "sysvm", "hostid": "host"}
ROUTER: dict[str, str | tuple[str, ...]] = {"id": "router", "routerid": "router", "networkid": "network"}
Work = Callable[[], Generator[float, None, None]]
NO_RESULTS = (
    "Failed to get health check results due to: No health check results found for the router. This could happen "
    "for a newly created "
    "router. Please wait for periodic results to populate or manually call for checks to execute."
)


def orchestration_failed(vm: Obj) -> ApiError:
    return ApiError(
        530,
        None,
        f"Unable to orchestrate the start of VM instance {json_text({'instanceName': vm['name'], 'uuid': vm.uuid})}.",
    )


def _is_proxy(vm: Obj) -> bool:
    return bool(vm["systemvmtype"] == sysvms.PROXY)


def _event_of(vm: Obj, verb: str) -> str:
    return f"{'PROXY' if _is_proxy(vm) else 'SSVM'}.{verb}"


def _sysvm_job(ctx: Ctx, vm: Obj, verb: str, word: str, work: Work) -> Result:
    """A job about a system VM: Scheduled by the call, Started by its manager, no Completed."""
    event = _event_of(vm, verb)
    first = ctx.event(
        event,
        f"{word[:1].upper()}{word[1:]} System VM with ID: {vm.uuid}",
        state="Scheduled",
        resource=("SystemVm", vm.uuid, vm["name"]),
    )
    kind = "console proxy VM" if _is_proxy(vm) else "secondary storage VM"

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        ctx.event(
            event,
            f"{word} {kind}",
            state="Started",
            parent=first,
            resource=("ConsoleProxy" if _is_proxy(vm) else "SystemVm", vm.uuid, vm["name"]),
        )
        yield from work()
        return {"systemvm": clean(sysvms.sysvm_view(vm, ctx))}

    return run(ctx, steps, event=event, doing=None, instance=("SystemVm", vm.uuid))


def the_sysvm(p: Params, name: str = "id") -> Obj:
    vm = p.the(name)
    if vm.removed_at is not None:
        raise invalid(f"unable to find a system vm with id {vm.uuid}")
    return vm


def _bring_up(ctx: Ctx, vm: Obj) -> Generator[float, None, None]:
    """Start a stopped system VM on a host that takes it."""
    sim = ctx.sim
    zone = sim.state.table("zone").need(vm["zoneid"])
    offering = sim.state.table("serviceoffering").need(vm["serviceofferingid"])
    vm.set(state="Starting")
    done = False
    try:
        yield 0.5
        host = sysvms.find_host(sim, zone, offering)
        if host is None or mocks.failing(sim, "StartCommand", host=host) or not sysvms.place(sim, vm, zone, host):
            raise orchestration_failed(vm)
        vm.set(state="Running", lastupdated=sim.scheduler.now())
        sysvms.connect_agent(sim, vm)
        done = True
    finally:
        if not done:
            vm.set(state="Stopped", hostid=None)


@command("rebootSystemVm", refs=SYSVM)
def reboot_sysvm(ctx: Ctx, p: Params) -> Result:
    vm = the_sysvm(p)
    zone = ctx.state.table("zone").need(vm["zoneid"])

    def work() -> Generator[float, None, None]:
        yield 0.5
        if vm["state"] != "Running":
            if vm["state"] == "Stopped":
                yield from _bring_up(ctx, vm)
                return
            raise orchestration_failed(vm)
        yield 0.3
        places = f"public IP [{vm.get('publicip')}], private IP [{vm.get('privateip')}]."
        if _is_proxy(vm):
            ctx.alert(
                "ALERT.SERVICE.CONSOLEPROXY",
                f"Console proxy is rebooted in zone [{zone['name']}], proxy [{vm['name']}], {places}",
            )
        else:
            ctx.alert(
                "ALERT.SERVICE.SSVM",
                f"Secondary Storage Vm rebooted in zone [{zone['name']}], secStorageVm [{vm['name']}], {places}",
            )

    return _sysvm_job(ctx, vm, "REBOOT", "rebooting", work)


@command("startSystemVm", refs=SYSVM)
def start_sysvm(ctx: Ctx, p: Params) -> Result:
    vm = the_sysvm(p)

    def work() -> Generator[float, None, None]:
        if vm["state"] == "Running":
            yield 0.1
            return
        if vm["state"] != "Stopped":
            yield 0.2
            raise orchestration_failed(vm)
        yield from _bring_up(ctx, vm)

    return _sysvm_job(ctx, vm, "START", "starting", work)


@command("stopSystemVm", refs=SYSVM)
def stop_sysvm(ctx: Ctx, p: Params) -> Result:
    vm = the_sysvm(p)

    def work() -> Generator[float, None, None]:
        if vm["state"] != "Running":
            yield 0.1
            return
        vm.set(state="Stopping")
        yield 0.5
        vm.set(state="Stopped", hostid=None)
        sysvms.disconnect_agent(ctx.sim, vm)

    return _sysvm_job(ctx, vm, "STOP", "stopping", work)


@command("destroySystemVm", refs=SYSVM)
def destroy_sysvm(ctx: Ctx, p: Params) -> Result:
    """Gone for good; the next scan starts a new one."""
    vm = the_sysvm(p)
    view = clean(sysvms.sysvm_view(vm, ctx))

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.6
        sysvms.disconnect_agent(ctx.sim, vm, gone=True)
        for ip in ctx.state.table("ip").where(zoneid=vm["zoneid"]):
            if ip.get("systemvmid") == vm.uuid:
                ip.set(state="Free", accountid=None, allocated=None, systemvmid=None)
        vm.set(state="Expunging", hostid=None, privateip=None)
        ctx.state.remove(vm)
        return {"systemvm": {**view, "state": "Expunging"}}

    return run(
        ctx,
        steps,
        event=_event_of(vm, "DESTROY"),
        doing="destroying system vm",
        scheduled=f"Destroying System VM with ID: {vm.uuid}",
        resource=("SystemVm", vm.uuid, vm["name"]),
        instance=("SystemVm", vm.uuid),
    )


@command("migrateSystemVm", refs=SYSVM)
def migrate_sysvm(ctx: Ctx, p: Params) -> Result:
    vm = the_sysvm(p, "virtualmachineid")
    if vm["state"] != "Running":
        raise invalid("Unable to migrate the system VM: it is not Running")
    wanted = p.obj("hostid")

    def work() -> Generator[float, None, None]:
        yield 0.8
        host = ctx.state.table("host").need(vm["hostid"])
        if wanted is not None and wanted["state"] == "Up" and wanted["resourcestate"] == "Enabled":
            vm.set(hostid=wanted.uuid, podid=wanted["podid"])
        elif wanted is not None or not leave(ctx.sim, vm, host):
            raise ApiError(530, None, "Fail to migrate system vm")

    return _sysvm_job(ctx, vm, "MIGRATE", "migrating", work)


# -- routers ----------------------------------------------------------------------------------------------------------
@command("listRouters", refs={**ROUTER, "hostid": "host"})
def list_routers(ctx: Ctx, p: Params) -> Result:
    fields = {name: obj.uuid for name in ("zoneid", "podid", "hostid", "networkid") if (obj := p.obj(name)) is not None}
    rows = owned(ctx, p, "router", **fields)
    rows = contains(exactly(rows, p, "state", "name", "version"), p, "name", "state")
    if p.has("healthchecksfailed"):
        rows = [r for r in rows if bool(r.get("healthchecksfailed")) == p.flag("healthchecksfailed")]
    return ctx.listing("router", rows, router_view, cacheable=False)


def the_router(ctx: Ctx, p: Params, name: str = "id") -> Obj:
    router = p.the(name)
    check_owner(ctx, router)
    if router.removed_at is not None:
        raise invalid("Unable to find router by id " + router.uuid)
    return router


def _router_job(ctx: Ctx, router: Obj, event: str, word: str, work: Work) -> Result:
    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield from work()
        return {"router": with_job(clean(router_view(router, ctx)), job)}

    return run(
        ctx,
        steps,
        event=event,
        doing=f"{word} router Vm. Router ID: {router.uuid}",
        scheduled=f"{word[:1].upper()}{word[1:]} router: {router.uuid}",
        resource=("DomainRouter", router.uuid, router["name"]),
        instance=("DomainRouter", router.uuid),
        account=ctx.state.table("account").need(router["accountid"]),
    )


def _up(ctx: Ctx, router: Obj) -> Generator[float, None, None]:
    if not (yield from start_router(ctx.sim, router)):
        raise ApiError(
            530,
            None,
            f"Unable to orchestrate the start of VM instance "
            f"{json_text({'instanceName': router['name'], 'uuid': router.uuid})}.",
        )


@command("rebootRouter", refs=ROUTER)
def reboot_router(ctx: Ctx, p: Params) -> Result:
    router = the_router(ctx, p)
    if router["state"] != "Running":
        raise server_error("Unable to reboot domR, it is not in right state " + router["state"], 534)

    def work() -> Generator[float, None, None]:
        router.set(state="Stopping")
        yield 0.5
        stop_router(ctx.sim, router)
        yield from _up(ctx, router)

    return _router_job(ctx, router, "ROUTER.REBOOT", "rebooting", work)


@command("startRouter", refs=ROUTER)
def start_router_command(ctx: Ctx, p: Params) -> Result:
    router = the_router(ctx, p)

    def work() -> Generator[float, None, None]:
        if router["state"] == "Running":
            yield 0.1
            return
        yield from _up(ctx, router)

    return _router_job(ctx, router, "ROUTER.START", "starting", work)


@command("stopRouter", refs=ROUTER)
def stop_router_command(ctx: Ctx, p: Params) -> Result:
    router = the_router(ctx, p)

    def work() -> Generator[float, None, None]:
        router.set(state="Stopping")
        yield 0.5
        stop_router(ctx.sim, router)

    return _router_job(ctx, router, "ROUTER.STOP", "stopping", work)


@command("destroyRouter", refs=ROUTER)
def destroy_router(ctx: Ctx, p: Params) -> Result:
    router = the_router(ctx, p)

    def work() -> Generator[float, None, None]:
        yield 0.5
        stop_router(ctx.sim, router)
        ctx.state.remove(router)

    return _router_job(ctx, router, "ROUTER.DESTROY", "destroying", work)


@command("getRouterHealthCheckResults", refs=ROUTER)
def health_checks(ctx: Ctx, p: Params) -> Result:
    router = the_router(ctx, p, "routerid")
    if p.flag("performfreshchecks"):
        if router["state"] != "Running":
            raise server_error("Failed to get health check results due to: Router is not running")
        run_checks(ctx.sim, router)
    results = router.get("healthchecks")
    if not results:
        raise server_error(NO_RESULTS)
    return {
        "routerhealthchecks": {
            "routerid": router.uuid,
            "healthchecks": [{**row, "lastupdated": iso(row["lastupdated"])} for row in results],
        }
    }


def run_checks(sim: Simulator, router: Obj) -> None:
    """What the router finds when it looks at itself; one check fails on routers that are told to."""
    now = sim.scheduler.now()
    # One check fails on every router of the pretended hypervisor.
    bad = bool(router.get("_unhealthy")) or router["hypervisor"] == "Simulator"
    rows = [
        {"checkname": name, "checktype": kind, "success": True, "details": "", "lastupdated": now}
        for name, kind in (
            ("dns_check.py", "basic"),
            ("dhcp_check.py", "basic"),
            ("haproxy_check.py", "advance"),
            ("gateways_check.py", "basic"),
            ("router_version_check.py", "basic"),
        )
    ]
    if bad:
        rows[3] = {**rows[3], "success": False, "details": "Unreachable gateways found"}
    router.set(healthchecks=rows, healthchecksfailed=bad)


@background(600)
def periodic_checks(sim: Simulator) -> None:
    """Routers look at themselves every ten minutes."""
    for router in sim.state.all("router"):
        if router["state"] == "Running":
            run_checks(sim, router)
            if router.get("healthchecksfailed"):
                sim.journal.alert(
                    "ALERT.SERVICE.DOMAINROUTER",
                    f"Health checks failed: 1 failing checks on router {router['name']} / {router.uuid}",
                )
