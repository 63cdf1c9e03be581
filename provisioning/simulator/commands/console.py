"""Consoles of VMs and what VMs used."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from provisioning.simulator.commands.sysvms import sample
from provisioning.simulator.context import Ctx
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result
from provisioning.simulator.tenancy import check_owner, owned

VM: dict[str, str | tuple[str, ...]] = {"id": "vm", "virtualmachineid": "vm"}


# -- console ----------------------------------------------------------------------------------------------------------
@command("createConsoleEndpoint")
def console_endpoint(ctx: Ctx, p: Params) -> Result:
    vm = p.the("virtualmachineid")
    check_owner(ctx, vm)
    proxy = next(
        (
            s
            for s in ctx.state.table("sysvm").where(zoneid=vm["zoneid"])
            if s["systemvmtype"] == "consoleproxy" and s["state"] == "Running" and s.get("publicip")
        ),
        None,
    )
    if vm["state"] != "Running" or proxy is None:
        why = (
            f"VM {vm['name']} must be running to connect console for sessions"
            if vm["state"] != "Running"
            else "Unable to find a running console proxy for the zone"
        )
        return {"consoleendpoint": {"success": False, "details": why}}
    seed = hashlib.sha512(f"{vm.uuid}:{ctx.now}".encode()).digest()
    token = base64.b64encode((seed * 9)[:527]).decode() + "="
    host = str(proxy["publicip"])
    url = f"http://{host}/resource/noVNC/vnc.html?autoconnect=true&show_dot=true&port=8080&token={token}"
    return {
        "consoleendpoint": {
            "success": True,
            "url": url,
            "websocket": {"token": token, "host": host, "port": "8080", "path": "websockify"},
        }
    }


@command("listVirtualMachinesUsageHistory", refs=VM)
def usage_history(ctx: Ctx, p: Params) -> Result:
    rows = []
    for vm in ctx.page(owned(ctx, p, "vm")):
        stats: list[dict[str, Any]] = []
        if vm["state"] == "Running" and vm.get("_stats"):
            first = max(float(vm.get("_booted_at") or vm.get("updated") or vm["created"]), ctx.now - 720 * 60)
            at = (int(first / 60) + 1) * 60.0
            while at <= ctx.now and len(stats) < 720:
                stats.append({**sample(at), "cpuused": f"{vm['_stats']}%"})
                at += 60.0
        rows.append(
            {
                "id": vm.uuid,
                "name": vm["instancename"],
                "displayname": vm.get("displayname") or vm["name"],
                "stats": stats,
            }
        )
    return ctx.listing("virtualmachine", rows)
