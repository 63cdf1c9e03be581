"""Calls a simulator in the same process, the same bytes as over a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

from provisioning.simulator import signing
from provisioning.simulator.clock import ManualClock
from provisioning.simulator.config import Config
from provisioning.simulator.server import App
from provisioning.simulator.sim import Simulator


class Refused(Exception):
    """An answer that is no success: its HTTP status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class Caller:
    """One caller's door to a simulator."""

    def __init__(self, sim: Simulator, key: str | None = None, secret: str | None = None) -> None:
        self.sim = sim
        self.app = App(sim)
        self.key, self.secret = key or sim.api_key, secret or sim.secret_key

    def raw(self, command: str, **params: Any) -> tuple[int, bytes]:
        sent = {"command": command, "response": "json", "apiKey": self.key, **{k: str(v) for k, v in params.items()}}
        sent["signature"] = signing.sign(self.secret, sent)
        answered: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/client/api",
            "query_string": urlencode(sent).encode(),
            "headers": [(b"host", b"simulator")],
        }
        asyncio.run(self.app(scope, receive, send))
        return answered[0]["status"], b"".join(message.get("body", b"") for message in answered[1:])

    def __call__(self, command: str, **params: Any) -> dict[str, Any]:
        status, body = self.raw(command, **params)
        answer: dict[str, Any] = next(iter(json.loads(body).values()))
        if status != 200:
            raise Refused(status, answer["errortext"])
        return answer

    def done(self, command: str, **params: Any) -> dict[str, Any]:
        """Call, let simulated time pass until the job ends, and give its result; ``Refused`` when it failed."""
        answer = self(command, **params)
        job = self.sim.state.table("job").need(answer["jobid"])
        for _ in range(600):
            if job["status"] != 0:
                break
            self.sim.scheduler.advance(1.0)
        if job["status"] != 1:
            raise Refused(job["resultcode"], job["result"]["errortext"])
        result: dict[str, Any] = job["result"]
        return result


def demo(**options: Any) -> Caller:
    """The demonstration cloud on a clock that stands still, as root admin."""
    return Caller(Simulator(Config(**options), ManualClock()))


def tenant(admin: Caller, account: str) -> Caller:
    """A generated tenant with its generated keys."""
    config = admin.sim.config
    return Caller(admin.sim, config.key(f"api key of {account}"), config.key(f"secret key of {account}"))
