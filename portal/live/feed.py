"""One reader of the event stream per process, however many pages are open.

It is woken by the channel layer and looks for itself every `POLL_S` besides: a Valkey that is down or restarted makes
events a little later, never lost. Sockets hand it a `Subscriber`; it never waits for a slow one.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Iterable
from typing import Protocol

import structlog
from channels.layers import get_channel_layer

from portal.live.database import in_database_thread
from provisioning.live.publishing import WAKE_GROUP
from provisioning.live.reading import BATCH, Cursor, Event, cursor_now

log = structlog.get_logger(__name__)

POLL_S = 2.0
# Many commits at once are read together.
GATHER_S = 0.02
RETRY_S = 1.0


class Subscriber(Protocol):
    """Somebody who hears topics. `deliver` must not block."""

    topics: set[str]

    def deliver(self, events: list[Event], settled: int) -> None: ...


class Feed:
    """Reads new events once and gives each subscriber its share."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()
        self._cursor: Cursor | None = None
        self._settled = 0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._started = asyncio.Lock()

    @property
    def settled(self) -> int:
        """The position that a page may go on from after a break: everything up to here was handed out."""
        return self._settled

    async def join(self, subscriber: Subscriber) -> None:
        """From now on `subscriber` gets its events. Raises what the database raises when the feed can't start."""
        async with self._started:
            if not self._tasks:
                self._cursor = await in_database_thread(cursor_now)
                self._settled = self._cursor.settled
                self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._listen())]
            self._subscribers.add(subscriber)

    async def leave(self, subscriber: Subscriber) -> None:
        """The last one to leave stops the reading."""
        async with self._started:
            self._subscribers.discard(subscriber)
            if not self._subscribers and self._tasks:
                tasks, self._tasks = self._tasks, []
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await task

    async def _read(self) -> None:
        assert self._cursor is not None
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_S)
                await asyncio.sleep(GATHER_S)
            self._wake.clear()
            try:
                while True:
                    events = await in_database_thread(self._cursor.read)
                    self._hand_out(events, self._cursor.settled)
                    if len(events) < BATCH:
                        break
            except Exception as error:
                # The database is away: everything is still there when it is back.
                log.warning("live.read_failed", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    def _hand_out(self, events: Iterable[Event], settled: int) -> None:
        by_topic: dict[str, list[Event]] = {}
        for event in events:
            by_topic.setdefault(event.topic, []).append(event)
        for subscriber in list(self._subscribers):
            share = [event for topic in subscriber.topics & by_topic.keys() for event in by_topic[topic]]
            if share:
                share.sort(key=lambda event: event.seq)
                subscriber.deliver(share, settled)
        self._settled = settled

    async def _listen(self) -> None:
        """Turn announcements into looks. Joins again after every failure of the channel layer."""
        layer = get_channel_layer()
        if layer is None:
            return
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(WAKE_GROUP, channel)
                # What was announced before we had joined is not lost either.
                self._wake.set()
                while True:
                    await layer.receive(channel)
                    self._wake.set()
            except Exception as error:
                log.warning("live.listen_failed", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)


_feeds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Feed] = weakref.WeakKeyDictionary()


def feed() -> Feed:
    """The feed of this process (strictly: of this event loop)."""
    loop = asyncio.get_running_loop()
    if loop not in _feeds:
        _feeds[loop] = Feed()
    return _feeds[loop]
