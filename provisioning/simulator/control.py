"""The control endpoint ``/_sim/…``: what tests ask and order.  Every call
needs the token as ``X-Sim-Token: …`` or ``Authorization: Bearer …``.

=====================  ==========================================================================================
GET  calls             the call log: ``?command=…&since=…&caller=…``
DELETE calls           forget it
GET  faults            orders in force; POST places one (JSON, see ``faults.Fault``); DELETE removes ``?id=`` or all
POST clock             ``{"advance": seconds}`` on a manual clock; GET tells the time
GET  info              version, seed, counts, keys of the root admin, complaints (defects of the simulator itself)
=====================  ==========================================================================================

More verbs register with ``@control("POST", "hosts")``.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from provisioning.simulator.dispatch import Answer, decode_pairs
from provisioning.simulator.responses import VERSION, dumps

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator

ControlHandler = Callable[["Simulator", dict[str, str], dict[str, Any]], Any]
CONTROLS: dict[tuple[str, str], ControlHandler] = {}


def control(method: str, name: str) -> Callable[[ControlHandler], ControlHandler]:
    """Register ``handler(sim, query, json_body) -> JSON value`` for ``/_sim/<name>``.  ``ValueError`` answers 400."""

    def register(handler: ControlHandler) -> ControlHandler:
        CONTROLS[(method, name)] = handler
        return handler

    return register


class Control:
    """Checks the token and hands over."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def call(self, method: str, name: str, scope: MutableMapping[str, Any], body: bytes) -> Answer:
        headers = {key: value.decode("latin-1") for key, value in scope["headers"]}
        sent = headers.get(b"x-sim-token") or headers.get(b"authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(sent.encode(), self.sim.control_token.encode()):
            return Answer(403, dumps({"error": "the control token is missing or wrong"}))
        handler = CONTROLS.get((method, name))
        if handler is None:
            return Answer(404, dumps({"error": f"no control {method} {name}"}))
        self.sim.scheduler.run_due()
        try:
            asked = json.loads(body) if body else {}
            query = decode_pairs(scope["query_string"].decode("utf-8", "replace"), False)
            result = handler(self.sim, query, asked)
        except (ValueError, KeyError, TypeError) as error:
            return Answer(400, dumps({"error": str(error)}))
        self.sim.state.flush()
        return Answer(200, dumps(result))


@control("GET", "calls")
def calls(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    return sim.calls.calls(query.get("command"), int(query.get("since", "0")), query.get("caller"))


@control("DELETE", "calls")
def clear_calls(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    sim.calls.clear()
    return {}


@control("GET", "faults")
def faults(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    return sim.faults.listed()


@control("POST", "faults")
def order_fault(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    return {"id": sim.faults.order(**body).id}


@control("DELETE", "faults")
def remove_faults(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    return {"removed": sim.faults.remove(int(query["id"]) if "id" in query else None)}


@control("GET", "clock")
def clock(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    return {
        "now": sim.scheduler.now(),
        "manual": sim.clock.manual,
        "speed": sim.clock.speed,
        "next": sim.scheduler.next_due(),
    }


@control("POST", "clock")
def advance_clock(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    sim.scheduler.advance(float(body["advance"]))
    return {"now": sim.scheduler.now()}


@control("GET", "info")
def info(sim: Simulator, query: dict[str, str], body: dict[str, Any]) -> Any:
    return {
        "version": VERSION,
        "seed": sim.config.seed,
        "counts": {table.kind: len(table) for table in sim.state},
        "api_key": sim.api_key,
        "secret_key": sim.secret_key,
        "complaints": sim.complaints,
        "now": sim.scheduler.now(),
    }
