"""Hosts in operation: changed, drained, brought back, reconnected."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator import mocks
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.moves import host_lost, leave, on_host
from provisioning.simulator.narrate import run, with_job
from provisioning.simulator.params import Params
from provisioning.simulator.registry import background, command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.sim import Simulator
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import json_text
from provisioning.simulator.views import host_view

HOST: dict[str, str | tuple[str, ...]] = {"id": "host", "hostid": "host"}
RECONNECT_SECONDS = 30.0


def the_host(p: Params, name: str = "id") -> Obj:
    host = p.the(name)
    if host.removed_at is not None:
        raise invalid(f"Host with id {host.uuid} doesn't exist")
    return host


def _job(ctx: Ctx, host: Obj, work: Any, event: str, doing: str, scheduled: str) -> Result:
    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield from work()
        return {"host": with_job(clean(host_view(host, ctx)), job)}

    return run(
        ctx,
        steps,
        event=event,
        doing=doing,
        scheduled=scheduled,
        resource=("Host", host.uuid, host["name"]),
        instance=("Host", host.uuid),
    )


@command("updateHost", refs=HOST)
def update_host(ctx: Ctx, p: Params) -> Result:
    host = the_host(p)
    changes: dict[str, Any] = {}
    if p.sent("hosttags"):
        changes["hosttags"] = ",".join(sorted(p.list("hosttags"))) or None
        changes["istagarule"] = p.flag("istagarule")
    if p.has("allocationstate"):
        wanted = p.text("allocationstate").lower()
        if wanted not in ("enable", "disable", "enabled", "disabled"):
            raise invalid(f"Invalid allocation state: {p.text('allocationstate')}, only Enable/Disable are allowed")
        if wanted.startswith("enable"):
            if host["resourcestate"] not in ("Enabled", "Disabled"):
                raise ApiError(
                    530,
                    4250,
                    f"No next resource state for host = {host['name']} while current state = "
                    f"{host['resourcestate']} with "
                    "event = Enable",
                )
            changes["resourcestate"] = "Enabled"
        else:
            changes["resourcestate"] = "Disabled"
    if p.has("name"):
        changes["name"] = p.str("name")
    if p.has("annotation"):
        changes["annotation"] = p.str("annotation")
    host.set(**changes)
    return {"host": clean(host_view(host, ctx))}


@command("prepareHostForMaintenance", refs=HOST)
def prepare(ctx: Ctx, p: Params) -> Result:
    host = the_host(p)
    if host["resourcestate"] in ("PrepareForMaintenance", "Maintenance"):
        raise ApiError(530, 4250, f"Host {host['name']} is already in {host['resourcestate']}")
    for other in ctx.state.table("host").where(clusterid=host.get("clusterid")):
        if (
            host.get("clusterid")
            and other is not host
            and other["resourcestate"] in ("PrepareForMaintenance", "ErrorInPrepareForMaintenance")
        ):
            raise invalid(
                "There are other servers attempting migrations for maintenance. Found hosts in "
                "PrepareForMaintenance OR "
                f"ErrorInPrepareForMaintenance STATUS in cluster {ctx.state.name_of('cluster', host['clusterid'])}"
            )
    text = json_text({"id": host.dbid, "name": host["name"], "type": host.get("type", "Routing"), "uuid": host.uuid})

    def work() -> Generator[float, None, None]:
        ctx.event(
            "MAINT.PREPARE",
            f"starting maintenance for host Host {text}",
            state="Started",
            resource=("Host", host.uuid, host["name"]),
        )
        host.set(resourcestate="PrepareForMaintenance", _drain_at=ctx.sim.scheduler.now() + 5)
        yield 0.3
        if not on_host(ctx.sim, host):
            # Nothing to move: in maintenance as soon as the job has answered.
            ctx.sim.scheduler.after(0.0, lambda: finish_drain(ctx.sim, host))

    return _job(
        ctx,
        host,
        work,
        "MAINT.PREPARE",
        "prepare maintenance for host",
        f"Preparing host with ID: {host.uuid} for maintenance.",
    )


@command("cancelHostMaintenance", refs=HOST)
def cancel(ctx: Ctx, p: Params) -> Result:
    host = the_host(p)
    if host["resourcestate"] not in (
        "PrepareForMaintenance",
        "Maintenance",
        "ErrorInMaintenance",
        "ErrorInPrepareForMaintenance",
    ):
        raise ApiError(
            530, 4250, f"Unable to cancel maintenance for host {host['name']}: it is {host['resourcestate']}"
        )

    def work() -> Generator[float, None, None]:
        yield 0.3
        host.set(resourcestate="Enabled", _drain_at=None)
        if host["state"] == "Disconnected":
            host.set(_reconnect_at=ctx.sim.scheduler.now())

    return _job(
        ctx,
        host,
        work,
        "MAINT.CANCEL",
        "cancel maintenance for host",
        f"Canceling maintenance for host with ID: {host.uuid}",
    )


@command("reconnectHost", refs=HOST)
def reconnect(ctx: Ctx, p: Params) -> Result:
    """The job's success only says that the agent was asked; a host that was away is back half a minute later."""
    host = the_host(p)

    def work() -> Generator[float, None, None]:
        yield 0.3
        cluster = ctx.state.get("cluster", host.get("clusterid"))
        if host["state"] == "Up":
            # The agent of a connected host is sent away only after the job has said that all is well.
            ctx.sim.scheduler.after(1.0, lambda: leave_for_a_while(ctx.sim, host))
            return
        if mocks.failing(ctx.sim, "ReadyCommand", host=host):
            raise ApiError(530, None, f"Failed to reconnect host {host['name']}")
        if cluster is None or cluster["managedstate"] == "Managed":
            now = ctx.sim.scheduler.now()
            late = RECONNECT_SECONDS if not host.get("_reconnect_late") else float(host["_reconnect_late"])
            due = now + late
            known = host.get("_reconnect_at")
            host.set(
                state="Disconnected",
                _reconnect_at=max(float(known), due) if known is not None else due,
                _down_reason=None,
            )

    return _job(ctx, host, work, "HOST.RECONNECT", "reconnecting host", f"Reconnecting host with ID: {host.uuid}")


def leave_for_a_while(sim: Simulator, host: Obj) -> None:
    """A host that was told to reconnect is away until the next look for agents."""
    if host["state"] == "Up" and host.removed_at is None:
        host.set(state="Disconnected", _reconnect_at=sim.scheduler.now() + RECONNECT_SECONDS)


@command("declareHostAsDegraded", refs=HOST)
def degrade(ctx: Ctx, p: Params) -> Result:
    host = the_host(p)
    if host["state"] not in ("Alert", "Disconnected"):
        raise ApiError(
            530, None, f"Host {host['name']} is not in Alert or Disconnected state, can't be declared as degraded"
        )

    def work() -> Generator[float, None, None]:
        yield 0.3
        host.set(resourcestate="Degraded")
        host_lost(ctx.sim, host)

    return _job(
        ctx,
        host,
        work,
        "HOST.DECLARE.DEGRADED",
        "declaring host as degraded",
        f"Declaring host with ID: {host.uuid} as degraded",
    )


@command("cancelHostAsDegraded", refs=HOST)
def cancel_degraded(ctx: Ctx, p: Params) -> Result:
    host = the_host(p)
    if host["resourcestate"] != "Degraded":
        raise ApiError(530, None, f"Host {host['name']} was not Degraded")

    def work() -> Generator[float, None, None]:
        yield 0.3
        host.set(resourcestate="Enabled")

    return _job(ctx, host, work, "HOST.CANCEL.DEGRADED", "cancelling degraded", f"Cancelling degraded host {host.uuid}")


@background(2)
def drain(sim: Simulator) -> None:
    """Hosts that prepare for maintenance lose their VMs, then are in maintenance; what fits nowhere is tried again."""
    now = sim.scheduler.now()
    for host in sim.state.all("host"):
        if host["resourcestate"] not in ("PrepareForMaintenance", "ErrorInPrepareForMaintenance"):
            continue
        if now < float(host.get("_drain_at") or 0):
            continue
        stuck = [vm for vm in on_host(sim, host) if not leave(sim, vm, host)]
        if stuck:
            tries = int(host.get("_drain_tries", 0)) + 1
            # CloudStack keeps trying while it shows the error, and gives up in the end.
            state = "ErrorInPrepareForMaintenance" if tries < 30 else "ErrorInMaintenance"
            host.set(resourcestate=state, _drain_tries=tries, _drain_at=now + 10)
            continue
        finish_drain(sim, host)


def finish_drain(sim: Simulator, host: Obj) -> None:
    """In maintenance, and the alert that says so."""
    if host["resourcestate"] in ("PrepareForMaintenance", "ErrorInPrepareForMaintenance"):
        host.set(resourcestate="Maintenance", _drain_at=None, _drain_tries=None)
        zone, pod = sim.state.get("zone", host["zoneid"]), sim.state.get("pod", host.get("podid"))
        sim.journal.alert(
            "ALERT.COMPUTE.HOST",
            f"Migration Complete for host name: {host['name']} (id:{host.dbid}), availability zone: "
            f"{zone['name'] if zone else None}, pod: {pod['name'] if pod else None}",
        )


def lose_host(sim: Simulator, host: Obj, state: str, *, back_after: float | None = None) -> None:
    """A host becomes Disconnected, Alert or Down, with the alert and the consequences; it comes back by itself if
    told to."""
    zone, pod = sim.state.get("zone", host["zoneid"]), sim.state.get("pod", host.get("podid"))
    now = sim.scheduler.now()
    host.set(
        state=state,
        disconnected=now,
        _reconnect_at=now + back_after if back_after is not None and state == "Disconnected" else None,
    )
    where = f"availability zone: {zone['name'] if zone else None}, pod: {pod['name'] if pod else None}"
    if state == "Alert":
        sim.journal.alert("ALERT.COMPUTE.HOST", f"Host in ALERT state, name: {host['name']} (id:{host.dbid}), {where}")
    elif state == "Down":
        sim.journal.alert("ALERT.COMPUTE.HOST", f"Host down, name: {host['name']} (id:{host.dbid}), {where}")
        host_lost(sim, host)
    else:
        sim.journal.alert("ALERT.COMPUTE.HOST", f"Host disconnected, name: {host['name']} (id:{host.dbid}), {where}")
    if back_after is not None and state in ("Alert", "Down"):
        sim.scheduler.after(back_after, lambda: host.set(state="Up", disconnected=None))


def host_up(sim: Simulator, host: Obj) -> None:
    host.set(state="Up", disconnected=None, _reconnect_at=None)
