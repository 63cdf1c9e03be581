"""The socket: a raw ASGI application around ``Dispatcher`` with CloudStack's (Jetty's) manners.

``/client/api`` is the API, ``/_sim/…`` the control endpoint for tests, everything else is not found.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from provisioning.simulator.control import Control
from provisioning.simulator.dispatch import HTML, Answer, Dispatcher, merge

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_URL = 8192
MAX_FORM = 1024 * 1024
# CloudStack sends the security policy six times, the first with no more than a figure.
API_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-XSS-Protection", "1;mode=block"),
    ("content-security-policy", "1"),
    *[
        ("content-security-policy", policy)
        for policy in (
            "default-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
            "object-src 'none'",
        )
    ],
]


async def hang_up(send: Send, *, at_once: bool = False) -> None:
    """Close the client's connection as a broken network does: ``at_once``, or after what was sent is out.

    ASGI has no word for it, so this reaches for the transport of uvicorn's request cycle, whose method ``send`` is; in
    a test without a server there is none, and the request just ends.
    """
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        return
    if at_once:
        transport.abort()
    else:
        transport.close()
    # Until the server has noticed, it would answer 500 by itself.
    while not getattr(cycle, "disconnected", True):  # noqa: ASYNC110 - the cycle has no event for it
        await asyncio.sleep(0)


def html_error(status: int, text: str) -> Answer:
    head = f"<head><title>Error {status} {text}</title></head>"
    return Answer(status, f"<html>{head}<body><h2>HTTP ERROR {status} {text}</h2></body></html>".encode(), HTML)


class App:
    """The ASGI application; ``sim`` may be asked directly by tests in the same process."""

    def __init__(self, sim: Simulator, on_ready: Callable[[], None] | None = None) -> None:
        """``on_ready`` is called when requests will be answered: the listening socket queues them from then on."""
        self.sim = sim
        self._on_ready = on_ready
        self.dispatcher = Dispatcher(sim)
        self.control = Control(sim)
        self._timers: asyncio.Task[None] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._timers = asyncio.create_task(self.sim.scheduler.serve())
                await send({"type": "lifespan.startup.complete"})
                if self._on_ready is not None:
                    self._on_ready()
            else:
                if self._timers is not None:
                    self._timers.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await self._timers
                self.sim.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        body = await self._body(receive, MAX_FORM)
        if path.startswith("/_sim/"):
            answer = self.control.call(method, path[6:], scope, body or b"")
        elif path.rstrip("/") != "/client/api":
            answer = html_error(404, "Not Found")
        elif len(scope["query_string"]) > MAX_URL:
            answer = html_error(414, "URI Too Long")
        elif method not in ("GET", "POST", "HEAD"):
            answer = Answer(405, b"", "text/plain")
        elif body is None:
            answer = html_error(404, "Not Found")
        else:
            answer = self._api(scope, method, body)
        latency = self.sim.config.latency_ms / 1000 + answer.delay
        if latency:
            await asyncio.sleep(latency)
        if answer.drop:
            await hang_up(send, at_once=True)
            return
        await self._send(answer, method, send)

    def _api(self, scope: Message, method: str, body: bytes) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        form = ""
        if headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
            form = body.decode("utf-8", "replace")
        params = merge(scope["query_string"].decode("utf-8", "replace"), form)
        cookies: dict[str, str] = {}
        if "cookie" in headers:
            with contextlib.suppress(CookieError):
                cookies = {name: morsel.value for name, morsel in SimpleCookie(headers["cookie"]).items()}
        answer = self.dispatcher.call("GET" if method == "HEAD" else method, params, cookies)
        answer.headers = [*API_HEADERS, *answer.headers]
        return answer

    @staticmethod
    async def _body(receive: Receive, limit: int) -> bytes | None:
        """The request's body, None when it is larger than ``limit`` (read to its end all the same)."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return b""
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= limit:
                parts.append(chunk)
            if not message.get("more_body"):
                return b"".join(parts) if size <= limit else None

    @staticmethod
    async def _send(answer: Answer, method: str, send: Send) -> None:
        headers = [
            (b"content-type", answer.content_type.encode("latin-1")),
            (b"content-length", str(len(answer.body)).encode()),
        ]
        headers += [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.half:
            await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
            await hang_up(send)
            return
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})
