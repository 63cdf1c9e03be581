"""``configureSimulator`` and its companions: CloudStack's own simulator hypervisor is told what to refuse."""

from __future__ import annotations

from typing import Any

from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import server_error
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result

PLACES = ("zoneid", "podid", "clusterid", "hostid")


@command("configureSimulator", envelope="simulatormock")
def configure(ctx: Ctx, p: Params) -> Result:
    """``value=result:fail`` lets an agent command fail; the answer shows database ids under a key called null."""
    fields: dict[str, Any] = {"name": p.need("name"), "count": p.int("count"), "value": p.need("value")}
    for part in p.need("value").split("|"):
        key, _, value = part.partition(":")
        if key in ("result", "wait"):
            fields[key] = value
    shown: dict[str, Any] = {}
    for name in PLACES:
        place = p.obj(name)
        if place is not None:
            fields[name] = place.uuid
            shown[name] = place.dbid
    mock = ctx.state.add("simulatormock", **fields)
    return {
        "null": {
            "id": mock.dbid,
            **shown,
            "name": mock["name"],
            **({"count": mock["count"]} if mock["count"] is not None else {}),
        }
    }


@command("cleanupSimulatorMock")
def cleanup(ctx: Ctx, p: Params) -> Result:
    number = p.int("id")
    mock = ctx.state.table("simulatormock").by_dbid.get(number) if number is not None else None
    if mock is None or mock.removed_at is not None:
        raise server_error("Failed to cleanup mock")
    ctx.state.remove(mock)
    return {"success": True}


@command("querySimulatorMock", envelope="simulatormock")
def query(ctx: Ctx, p: Params) -> Result:
    number = p.int("id")
    mock = ctx.state.table("simulatormock").by_dbid.get(number) if number is not None else None
    if mock is None:
        raise server_error("Failed to query mock")
    return {"null": {"id": mock.dbid, "name": mock["name"]}}
