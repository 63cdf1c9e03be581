"""What system VMs and routers find when they are asked to look."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from typing import Any

from provisioning.simulator import sysvms
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result
from provisioning.simulator.state import Obj


# -- diagnostics ------------------------------------------------------------------------------------------------------
@command("runDiagnostics", refs={"targetid": ("router", "sysvm")})
def run_diagnostics(ctx: Ctx, p: Params) -> Result:
    vm = p.the("targetid")
    kind = p.text("type").lower()
    if kind not in ("ping", "traceroute", "arping"):
        raise invalid(f"Unable to resolve diagnostics type: {p.text('type')}")
    is_router = vm.kind == "router"
    instance = ("DomainRouter" if is_router else "SystemVm", vm.uuid)
    said = ctx.event(
        "ROUTER.DIAGNOSTICS" if is_router else "SYSTEM.VM.DIAGNOSTICS",
        f"Executing diagnostics on System Instance with ID: {vm.uuid}",
        state="Scheduled",
        resource=(*instance, vm["name"]),
    )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        ctx.event(
            "SYSTEM.VM.DIAGNOSTICS",
            "Running diagnostics on system vm",
            state="Started",
            parent=said,
            resource=(*instance, vm["name"]),
        )
        yield 0.6
        if vm["state"] != "Running":
            raise ApiError(431, None, f"Unable to find a running instance with id {vm.uuid}")
        ctx.event(
            "SYSTEM.VM.DIAGNOSTICS",
            "Successfully completed running diagnostics on system vm",
            parent=said,
            resource=(*instance, vm["name"]),
        )
        return {
            "diagnostics": {
                "stdout": f"{kind.upper()} {p.text('ipaddress')} executed in {vm['name']}",
                "stderr": "",
                "exitcode": "0",
            }
        }

    return run(ctx, steps, event="SYSTEM.VM.DIAGNOSTICS", doing=None, instance=instance)


@command("getDiagnosticsData", refs={"targetid": ("router", "sysvm")})
def diagnostics_data(ctx: Ctx, p: Params) -> Result:
    vm = p.the("targetid")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 1.5
        storage = next(
            (
                s
                for s in ctx.state.table("sysvm").where(zoneid=vm["zoneid"])
                if s["systemvmtype"] != sysvms.PROXY and s["state"] == "Running"
            ),
            None,
        )
        if storage is None:
            raise ApiError(
                530, None, "Failed to generate a download URL: no secondary storage VM is running in the zone"
            )
        name = f"diagnostics_{vm['name']}_{secrets.token_hex(4)}.zip"
        return {"diagnostics": {"url": f"http://{storage['publicip']}/userdata/{name}"}}

    return run(
        ctx,
        steps,
        event="SYSTEM.VM.DIAGNOSTICS",
        doing="getting diagnostics files on system vm",
        scheduled=f"Getting diagnostics data files from System Instance: {vm.uuid}",
        resource=("SystemVm", vm.uuid, vm["name"]),
        instance=("SystemVm", vm.uuid),
    )
