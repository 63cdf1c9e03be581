"""What tests do to the simulated world over ``/_sim/``: hosts that fail, VMs that crash, pools that fill up.

=====================  ==========================================================================================
POST hosts             ``{"host": id or name, "state": "Up|Down|Alert|Disconnected", "back_after": seconds,
"reconnect_late":
                       seconds}``: ``back_after`` brings it back by itself; ``reconnect_late`` is how long after a
                       successful
                       ``reconnectHost`` it stays away (30 s unless given)
POST vms               ``{"vm": id or name, "state": "Running|Stopped|Error|Unknown"}``: as a power report would find it
POST pools             ``{"pool": id or name, "used_share": 0…1}`` or ``"state"``
POST systemvms         ``{"systemvm": id or name, "state": "Running|Stopped|Error"}``
POST life              ``{"events_per_minute": n}``: slow drift by itself; 0 ends it
=====================  ==========================================================================================
"""

from __future__ import annotations

from typing import Any

from provisioning.simulator import life
from provisioning.simulator.commands.hosts_operate import host_up, lose_host
from provisioning.simulator.control import control
from provisioning.simulator.sim import Simulator
from provisioning.simulator.state import Obj
from provisioning.simulator.vm_life import change, stop_quietly

Body = dict[str, Any]
Query = dict[str, str]


def named(sim: Simulator, kind: str, wanted: str) -> Obj:
    """By id or by name; ``ValueError`` when there is none."""
    found = sim.state.get(kind, wanted) or sim.state.table(kind).find(name=wanted)
    if found is None or found.removed_at is not None:
        raise ValueError(f"no {kind} {wanted}")
    return found


@control("POST", "hosts")
def hosts(sim: Simulator, query: Query, body: Body) -> Any:
    host = named(sim, "host", str(body["host"]))
    if "reconnect_late" in body:
        host.set(_reconnect_late=float(body["reconnect_late"]))
    state = body.get("state")
    if state == "Up":
        host_up(sim, host)
    elif state in ("Down", "Alert", "Disconnected"):
        back = body.get("back_after")
        lose_host(sim, host, str(state), back_after=float(back) if back is not None else None)
    elif state is not None:
        raise ValueError(f"a host can't be made {state}")
    return {"id": host.uuid, "name": host["name"], "state": host["state"]}


@control("POST", "vms")
def vms(sim: Simulator, query: Query, body: Body) -> Any:
    vm = named(sim, "vm", str(body["vm"]))
    state = str(body["state"])
    if state == "Stopped":
        stop_quietly(sim, vm)
    elif state == "Running":
        host = vm.get("hostid") or vm.get("lasthostid")
        if host is None:
            raise ValueError("the VM never ran anywhere")
        change(sim, vm, state="Running", hostid=host)
    elif state in ("Error", "Unknown"):
        change(sim, vm, state=state)
    else:
        raise ValueError(f"a VM can't be made {state}")
    return {"id": vm.uuid, "name": vm["name"], "state": vm["state"]}


@control("POST", "pools")
def pools(sim: Simulator, query: Query, body: Body) -> Any:
    pool = named(sim, "pool", str(body["pool"]))
    if "used_share" in body:
        pool.set(_used_bytes=int(pool["capacitybytes"] * float(body["used_share"])))
    if "state" in body:
        pool.set(state=str(body["state"]))
    return {"id": pool.uuid, "name": pool["name"], "state": pool["state"]}


@control("POST", "systemvms")
def system_vms(sim: Simulator, query: Query, body: Body) -> Any:
    vm = named(sim, "sysvm", str(body["systemvm"]))
    state = str(body["state"])
    if state not in ("Running", "Stopped", "Error"):
        raise ValueError(f"a system VM can't be made {state}")
    vm.set(state=state, **({} if state == "Running" else {"hostid": None}))
    return {"id": vm.uuid, "name": vm["name"], "state": vm["state"]}


@control("POST", "life")
def set_life(sim: Simulator, query: Query, body: Body) -> Any:
    rate = float(body.get("events_per_minute", 6))
    life.begin(sim, rate)
    return {"events_per_minute": rate}
