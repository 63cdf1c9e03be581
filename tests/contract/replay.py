"""Replays the recorded exchanges in order against a fresh simulator."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from provisioning.simulator import signing
from provisioning.simulator.clock import ManualClock
from provisioning.simulator.config import Config
from provisioning.simulator.server import App
from provisioning.simulator.sim import Simulator
from tests.contract import off_record
from tests.contract.compare import UUID, Comparison

DATA = Path(__file__).parent / "data"
FILES = (
    "00-config",
    "01-zone",
    "02-lists",
    "03-tenant",
    "04-errors",
    "05-operate",
    "06-session",
    "07-zones",
    "08-failures",
)
# When each recording began, as its own dates tell.
STARTED = {
    "00-config": "2026-11-23T00:19:50", "01-zone": "2026-11-23T00:20:48", "02-lists": "2026-11-23T00:22:33",
    "03-tenant": "2026-11-23T00:22:55", "04-errors": "2026-11-23T00:24:33", "05-operate": "2026-11-23T00:24:37",
    "06-session": "2026-11-23T00:26:30", "07-zones": "2026-11-23T01:14:20", "08-failures": "2026-11-23T01:15:20",
}  # fmt: skip
# Exchanges before which the recording client waited for something, and when it went on (later dates in the same file
# tell).
WENT_ON = {
    ("05-operate", 16): "2026-11-23T00:24:47",
    ("05-operate", 73): "2026-11-23T00:25:01",
}
# Exchanges of 04 that were sent with a wrong signature (counted from 1).
WRONG_SIGNATURE = {("04-errors", line) for line in (1, 23, 26)}


def epoch(text: str) -> float:
    return datetime.fromisoformat(text.removesuffix("+0000") + "+00:00").timestamp()


def read(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def signature_vectors() -> dict[str, Any]:
    with gzip.open(DATA / "signature-vectors.json.gz", "rt", encoding="utf-8") as stream:
        found: dict[str, Any] = json.load(stream)
        return found


@dataclass
class Reply:
    status: int
    content_type: str
    cookies: list[str]
    body: bytes


class Client:
    """Speaks ASGI to the simulator: the same bytes a socket would carry, without the socket."""

    def __init__(self, app: App) -> None:
        self.app = app

    def send(self, method: str, params: dict[str, str], cookies: dict[str, str] | None = None) -> Reply:
        encoded = urlencode(params)
        return self.raw(method, "" if method == "POST" else encoded, encoded if method == "POST" else "", cookies)

    def raw(self, method: str, query: str, form: str = "", cookies: dict[str, str] | None = None) -> Reply:
        headers = [(b"host", b"simulator")]
        if form:
            headers.append((b"content-type", b"application/x-www-form-urlencoded"))
        if cookies:
            headers.append((b"cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()))
        scope = {
            "type": "http",
            "method": method,
            "path": "/client/api",
            "query_string": query.encode(),
            "headers": headers,
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": form.encode(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        answered = [(name.decode().lower(), value.decode()) for name, value in sent[0]["headers"]]
        return Reply(
            sent[0]["status"],
            dict(answered)["content-type"],
            [v for n, v in answered if n == "set-cookie"],
            b"".join(message.get("body", b"") for message in sent[1:]),
        )


@dataclass
class Outcome:
    """One exchange's verdict; no reasons: it matched."""

    file: str
    line: int
    command: str
    caller: str
    reasons: list[str]

    @property
    def matched(self) -> bool:
        return not self.reasons

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.caller} {self.command}: " + (
            "matched" if self.matched else "; ".join(self.reasons)
        )


def no_change(text: str) -> str:
    return text


@dataclass
class Replay:
    """One run through the recordings.

    ``rewrite`` changes names, ranges and addresses in requests and in what is expected.
    """

    rewrite: Callable[[str], str] = no_change
    exact_counts: bool = True
    seed: int = 1
    # Called after each exchange of the recording: what a changed run does more than the recorded one.
    after: Callable[[Replay, str, int, dict[str, Any]], None] | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    unwatched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # The recorded server was a developer's build; these defaults were its own.
        config = Config(empty=True, seed=self.seed, job_seconds=1.0)
        # The scans for system VMs run every half minute from the start on; the recorded ones at :08 and :38.
        self.clock = ManualClock(epoch("2026-11-23T00:10:38"))
        self.sim = Simulator(config, self.clock)
        self.client = Client(App(self.sim))
        self.cookies: dict[str, str] = {}
        self.recorded_keys: dict[str, str] = {}

    epoch = staticmethod(epoch)

    # -- time -------------------------------------------------------------------------------------------------------
    def until(self, when: float) -> None:
        if when > self.clock.now():
            self.sim.scheduler.advance(when - self.clock.now())

    def finish_job(self, job_id: str | None) -> None:
        """Let simulated time pass until a job has ended, as the recorded client waited for it."""
        job = self.sim.state.get("job", job_id)
        for _ in range(600):
            if job is None or job["status"] != 0:
                return
            self.sim.scheduler.advance(1.0)

    # -- requests -----------------------------------------------------------------------------------------------------
    def translate(self, value: str) -> str:
        value = self.ids.get(value, value)
        return UUID.sub(lambda found: self.ids.get(found[0], found[0]), self.rewrite(value))

    def signed(self, caller: str, command: str, params: dict[str, str], wrong: bool) -> dict[str, str]:
        sent = {"command": command, **params}
        sent.setdefault("response", "json")
        if caller in ("anonymous", "session"):
            return sent
        if caller == "unknown-key":
            api, secret = "no-such-key", "no-such-secret"
        elif caller == "tenant":
            api, secret = self.tenant_keys()
        else:
            api, secret = self.sim.api_key, self.sim.secret_key
        sent["apiKey"] = api
        sent["signature"] = signing.sign(secret + ("x" if wrong else ""), sent)
        return sent

    def tenant_keys(self) -> tuple[str, str]:
        """The keys that the recording's tenant got from getUserKeys."""
        return self.recorded_keys["apikey"], self.recorded_keys["secretkey"]

    def as_admin(self, command: str, **params: str) -> Any:
        """A call that is no part of the recording."""
        reply = self.client.send("GET", self.signed("admin", command, params, wrong=False))
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    # -- the run ------------------------------------------------------------------------------------------------------
    def run(self, files: tuple[str, ...] = FILES) -> list[Outcome]:
        for name in files:
            off_record.happens(self, name, 0)
            self.until(epoch(STARTED[name]))
            exchanges = read(name)
            polled = {e["params"].get("jobid") for e in exchanges if e["command"] == "queryAsyncJobResult"}
            for number, exchange in enumerate(exchanges, start=1):
                self._finish_unwatched(exchange)
                if (name, number) in WENT_ON:
                    self.until(epoch(WENT_ON[name, number]))
                off_record.happens(self, name, number)
                self.outcomes.append(self.play(name, number, exchange))
                if self.after is not None:
                    self.after(self, name, number, exchange)
                job = job_of(exchange["body"])
                if job is not None and job not in polled:
                    self.unwatched.append(job)
        return self.outcomes

    def _finish_unwatched(self, exchange: dict[str, Any]) -> None:
        """Jobs that the recording never asked after had ended when the next call came."""
        if exchange["command"] != "queryAsyncJobResult":
            for job in self.unwatched:
                self.finish_job(self.ids.get(job))
            self.unwatched.clear()

    def play(self, name: str, number: int, exchange: dict[str, Any]) -> Outcome:
        command, caller, recorded = exchange["command"], exchange["caller"], exchange["body"]
        params = {key: self.translate(str(value)) for key, value in exchange["params"].items()}
        self._pass_time(command, params, recorded)
        sent = self.signed(caller, command, params, (name, number) in WRONG_SIGNATURE)
        cookies = self.cookies if caller == "session" else None
        reply = self.client.send(exchange["method"], sent, cookies)
        self._keep_cookies(reply)
        reasons: list[str] = []
        if reply.status != exchange["status"]:
            reasons.append(f"recorded HTTP {exchange['status']}, got {reply.status} {reply.body[:300]!r}")
        elif reply.content_type != exchange["content_type"]:
            reasons.append(f"recorded {exchange['content_type']}, got {reply.content_type}")
        elif "set_cookie" in exchange and self._cookie_names(reply.cookies) != self._cookie_names(
            exchange["set_cookie"]
        ):
            reasons.append(f"recorded cookies {exchange['set_cookie']}, got {reply.cookies}")
        else:
            reasons = self._compare(recorded, reply, command)
        if not pending(recorded):
            self.clock.set(self.clock.now() + exchange.get("ms", 10) / 1000)
        return Outcome(name, number, command, caller, reasons)

    def _pass_time(self, command: str, params: dict[str, str], recorded: Any) -> None:
        stamps = [epoch(text) for text in stamps_in(recorded)]
        if command == "queryAsyncJobResult" and isinstance(recorded, dict):
            answer = recorded["queryasyncjobresultresponse"]
            if answer.get("jobstatus", 0) != 0:
                self.finish_job(params.get("jobid"))
            return
        if stamps and max(stamps) < self.clock.now() + 3600:
            self.until(max(stamps))

    def _keep_cookies(self, reply: Reply) -> None:
        for header in reply.cookies:
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value

    @staticmethod
    def _cookie_names(headers: list[str]) -> list[str]:
        return [header.partition(";")[0].partition("=")[0] for header in headers]

    def _compare(self, recorded: Any, reply: Reply, command: str) -> list[str]:
        comparison = Comparison(self.ids, self.rewrite, self.exact_counts)
        if isinstance(recorded, str):
            if not recorded.startswith("<?xml"):
                return [] if reply.body.decode() == recorded else [f"recorded {recorded!r}, got {reply.body!r}"]
            theirs, ours = xml_dict(recorded), xml_dict(reply.body.decode())
            comparison.learn(theirs, ours)
            comparison.compare(theirs, ours)
            return comparison.differences
        try:
            body = json.loads(reply.body)
        except ValueError:
            return [f"not JSON: {reply.body[:80]!r}"]
        comparison.learn(recorded, body)
        comparison.compare(recorded, body)
        if command == "getUserKeys" and reply.status == 200:
            self.recorded_keys = body["getuserkeysresponse"]["userkeys"]
        return comparison.differences

    # -- the verdict
    # ----------------------------------------------------------------------------------------------------
    @property
    def matched(self) -> int:
        return sum(outcome.matched for outcome in self.outcomes)

    def misses(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.matched]


def job_of(body: Any) -> str | None:
    """The job that an answer announces."""
    inner = next(iter(body.values())) if isinstance(body, dict) and body else None
    return inner.get("jobid") if isinstance(inner, dict) and "jobstatus" not in inner else None


def pending(body: Any) -> bool:
    """An answer about a job that still runs; how long the client waited then is not recorded."""
    inner = body.get("queryasyncjobresultresponse") if isinstance(body, dict) else None
    return isinstance(inner, dict) and inner.get("jobstatus") == 0


def stamps_in(value: Any) -> Iterator[str]:
    """Dates in an answer that can't lie in the future of the moment it was given."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("created", "completed", "sent", "collectiontime", "lastupdated") and isinstance(inner, str):
                yield inner
            else:
                yield from stamps_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from stamps_in(inner)


def xml_dict(text: str) -> dict[str, Any]:
    """An XML answer as nested lists of fields: every element a list, so that one and many compare alike."""

    def convert(element: ElementTree.Element) -> Any:
        if len(element) == 0:
            return element.text or ""
        fields: dict[str, Any] = {}
        for child in element:
            fields.setdefault(child.tag, []).append(convert(child))
        return fields

    root = ElementTree.fromstring(text)
    return {root.tag: {"attributes": dict(root.attrib), "fields": convert(root)}}
