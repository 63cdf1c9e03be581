"""From a request to an answer: who calls, may they, are the parameters right, then the handler and the envelope."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from provisioning.simulator import auth, catalog_data, registry
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, server_error
from provisioning.simulator.params import Params
from provisioning.simulator.responses import JSON_TYPE, XML_TYPE, refusal, success
from provisioning.simulator.session import AUTHENTICATORS, authenticate

if TYPE_CHECKING:
    from provisioning.simulator.faults import Fault
    from provisioning.simulator.sim import Simulator

HTML = "text/html;charset=iso-8859-1"


@dataclass
class Answer:
    """What goes back.

    ``drop``: close the connection instead; ``half``: break off in the middle; ``delay`` in real seconds.
    """

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: list[tuple[str, str]] = field(default_factory=list)
    drop: bool = False
    half: bool = False
    delay: float = 0.0


def decode_pairs(raw: str, first_wins: bool) -> dict[str, str]:
    """A query string or form body as CloudStack reads it: of a repeated name the last counts in a query, the first in
    a form.
    """
    out: dict[str, str] = {}
    for part in raw.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        key = unquote_plus(name)
        if not (first_wins and key in out):
            out[key] = unquote_plus(value)
    return out


def merge(query: str, body: str) -> dict[str, str]:
    """Both together; the query string wins."""
    return {**decode_pairs(body, True), **decode_pairs(query, False)}


def wants_json(params: dict[str, str]) -> bool:
    return params.get("response", "").lower() == "json"


class Dispatcher:
    """Answers calls on one simulator."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def call(self, method: str, params: dict[str, str], cookies: dict[str, str] | None = None) -> Answer:
        """One API call, logged, its changes stored before it is answered."""
        sim = self.sim
        started = time.perf_counter()
        sim.scheduler.run_due()
        command = params.get("command", "")
        fault = sim.faults.call_fault(command, params)
        who = "anonymous"
        if fault is None or fault.apply or fault.action in ("slow", "half"):
            answer, who = self._answer(method, command, params, cookies or {})
            # Steps that are due at once belong to this call's own effects.
            sim.state.flush()
        else:
            answer = Answer(200, b"")
        if fault is not None:
            answer = self._spoil(answer, fault, command, wants_json(params))
        sim.calls.add(
            at=sim.scheduler.now(),
            method=method,
            command=command,
            params=params,
            caller=who,
            status=answer.status,
            ms=(time.perf_counter() - started) * 1000,
            fault=fault.action if fault else None,
        )
        return answer

    def _answer(self, method: str, command: str, params: dict[str, str], cookies: dict[str, str]) -> tuple[Answer, str]:
        as_json = wants_json(params)
        content_type = JSON_TYPE if as_json else XML_TYPE
        who = "anonymous"
        envelope = f"{command.lower()}response"
        try:
            if command in AUTHENTICATORS:
                body, headers, status = authenticate(self.sim, method, command, params, cookies, as_json)
                return Answer(status, body, content_type, headers), who
            user = auth.by_session(self.sim, command, params, cookies)
            if user is None:
                user = auth.by_keys(self.sim, command, params)
            who = str(user["username"])
            registered = registry.COMMANDS.get(command)
            entry = catalog_data.commands()[command]
            if registered is None and command.startswith("list"):
                # Nothing of that kind can be made here, so there is none to list.
                envelope = f"{command.lower()}response"
                return Answer(200, success(envelope, {}, as_json), content_type), who
            if registered is None and command.startswith("list"):
                # Of what the simulator has no notion, this cloud has none: an empty list is the truth about it.
                registered = registry.Registered(command, lambda ctx, params: {}, envelope)
            if registered is None:
                raise server_error(f"the simulator does not know how to do {command}")
            envelope = registered.envelope
            checked = Params(command, params)
            checked.check(entry, registered.refs, self.sim.state)
            ctx = Ctx(self.sim, user, registered, checked)
            return Answer(200, success(envelope, registered.handler(ctx, checked), as_json), content_type), who
        except ApiError as error:
            # Jetty refuses line breaks in headers, so CloudStack's X-Description loses them.
            text = error.text.replace("\r", " ").replace("\n", " ").encode("ascii", "replace").decode()
            return Answer(
                error.status,
                refusal(error.envelope or envelope, error, as_json),
                content_type,
                [("X-Description", text)],
            ), who
        except Exception:
            self.sim.complain(traceback.format_exc())
            broken = server_error("Internal error executing command, please contact your system administrator")
            return Answer(530, refusal(envelope, broken, as_json), content_type), who

    @staticmethod
    def _spoil(answer: Answer, fault: Fault, command: str, as_json: bool) -> Answer:
        answer.delay = fault.seconds
        if fault.action == "drop":
            answer.drop = True
        elif fault.action == "half":
            answer.half = True
        elif fault.action == "error":
            error = ApiError(fault.code, fault.cs, fault.text)
            answer = Answer(
                fault.code,
                refusal(f"{command.lower()}response", error, as_json),
                answer.content_type,
                delay=fault.seconds,
            )
        elif fault.action == "status":
            answer = Answer(fault.code, b"", "text/plain", [("Retry-After", "1")], delay=fault.seconds)
        elif fault.action == "html":
            page = f"<html><head><title>{fault.text}</title></head><body><h1>{fault.text}</h1></body></html>"
            code = fault.code if fault.code != 530 else 200
            answer = Answer(code, page.encode(), HTML, delay=fault.seconds)
        elif fault.action == "huge":
            filler = b'{"%sresponse":{"filler":"' % command.lower().encode()
            body = filler + b"x" * max(0, fault.bytes - len(filler) - 3) + b'"}}'
            answer = Answer(200, body, JSON_TYPE, delay=fault.seconds)
        elif fault.action == "raw":
            answer = Answer(
                fault.code if fault.code != 530 else 200, fault.text.encode(), JSON_TYPE, delay=fault.seconds
            )
        return answer
