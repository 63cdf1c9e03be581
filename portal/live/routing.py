"""Websocket addresses. The page's own origin only."""

from __future__ import annotations

from channels.security.websocket import AllowedHostsOriginValidator

from portal.live.consumers import LiveSocket, Receive, Scope, Send

PATH = "/ws/live/"


async def _sockets(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == PATH:
        await LiveSocket.as_application(scope, receive, send)
        return
    # An address without a socket is refused before it is accepted (HTTP 403).
    await receive()
    await send({"type": "websocket.close", "code": 4404})


websocket_application = AllowedHostsOriginValidator(_sockets)
