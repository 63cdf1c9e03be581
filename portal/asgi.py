"""The ASGI door: websockets to Channels, everything else to Django. The CloudStack-compatible endpoint will stand
before both as a raw ASGI app."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.production")
django_application = get_asgi_application()

from portal.live.routing import websocket_application  # noqa: E402  (needs the app registry)

application = ProtocolTypeRouter({"http": django_application, "websocket": websocket_application})
