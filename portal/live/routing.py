"""Websocket addresses. The page's own origin only: the rule that Django has for forms, host and port."""

from __future__ import annotations

from urllib.parse import urlsplit

from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings

from portal.live.consumers import LiveSocket, Receive, Scope, Send

PATH = "/ws/live/"


async def _sockets(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == PATH and is_own_origin(scope):
        await LiveSocket.as_application(scope, receive, send)
        return
    # An address without a socket, or a page of somebody else, is refused before it is accepted (HTTP 403).
    await receive()
    await send({"type": "websocket.close", "code": 4404})


def is_own_origin(scope: Scope) -> bool:
    """Whether the page is of the host and port that it calls, or of CSRF_TRUSTED_ORIGINS. A browser sends our cookie
    with a page of any port of this host, so the host alone says little."""
    headers = dict(scope.get("headers", []))
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    host = headers.get(b"host", b"").decode("latin-1").lower()
    page = urlsplit(origin)
    usual = {"http": ":80", "https": ":443"}.get(page.scheme, "")
    return bool(page.netloc) and (
        page.netloc.removesuffix(usual) == host.removesuffix(usual) or origin in settings.CSRF_TRUSTED_ORIGINS
    )


# The host must be one of ours besides: an attacker's own name that leads here is equal to itself.
websocket_application = AllowedHostsOriginValidator(_sockets)
