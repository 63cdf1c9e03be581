"""The socket at /ws/live/.

The browser sends   {"subscribe": [topic, …], "after": N | null}   or   {"unsubscribe": [topic, …]}
The server answers  {"subscribed": […], "refused": […], "at": N}   then, as they come,
                    {"events": [{"seq", "topic", "kind", "payload"}, …], "at": N},
                    {"reset": true, "at": N} (too much was missed: load the page again),   {"ping": N}.

`at` is what the browser gives as `after` when it connects again. It may lie below the highest `seq` it has seen,
because lower numbers can commit later; the few events that it then hears twice carry the same `seq`.

A plain ASGI application: Channels' consumers need the channel layer to accept a connection, and this one must not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

import structlog
from django.conf import settings

from portal.live.authorise import allowed_topics, user_of_session
from portal.live.database import in_database_thread
from portal.live.feed import Feed, feed
from provisioning.accounts.models import User
from provisioning.live import USER, topic_of
from provisioning.live.reading import Event, events_after

log = structlog.get_logger(__name__)

# Close codes. 44xx as HTTP would say it.
BAD_MESSAGE, NOT_SIGNED_IN, TOO_SLOW, FAILED, GOING_AWAY = 4400, 4401, 4408, 1011, 1001

MAX_MESSAGE_BYTES = 16 * 1024
MAX_TOPICS = 64
CATCH_UP_LIMIT = 500
EVENTS_PER_MESSAGE = 100
# A browser that has this many messages waiting, or takes this long for one, is let go; it catches up when it is back.
QUEUE_LIMIT = 256
SEND_TIMEOUT_S = 20.0
PING_S = 20.0
RECHECK_S = 15.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Closed(Exception):
    """The socket ends with `code`; None when the other side is gone already."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class LiveSocket:
    """One open page's socket."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.session_key = _session_key(scope)
        self._receive = receive
        self._send = send
        # What the feed hands over: the asked-for topics and, unasked, the person's own.
        self.topics: set[str] = set()
        self.asked: set[str] = set()
        self.own_topic = ""
        self._user: User | None = None
        self._feed: Feed = feed()
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(QUEUE_LIMIT)
        self._recheck = asyncio.Event()
        self._too_slow = asyncio.Event()
        self._sent: deque[int] = deque(maxlen=CATCH_UP_LIMIT * 4)
        self._sent_set: set[int] = set()

    @classmethod
    async def as_application(cls, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        await cls(scope, receive, send).run()

    async def run(self) -> None:
        """Until somebody ends it."""
        if (await self._receive())["type"] != "websocket.connect":
            return
        await self._send({"type": "websocket.accept"})
        code: int | None = FAILED
        try:
            self._user = await in_database_thread(user_of_session, self.session_key)
            if self._user is None:
                raise Closed(NOT_SIGNED_IN)
            self.own_topic = topic_of(USER, self._user.uuid)
            self.topics = {self.own_topic}
            await self._feed.join(self)
            await self._until_one_ends(
                self._listen(), self._write(), self._watch(), self._ping(), self._drop_when_slow()
            )
        except Closed as closed:
            code = closed.code
        except asyncio.CancelledError:
            code = GOING_AWAY
            raise
        except Exception as error:
            log.exception("live.socket_failed", error=type(error).__name__)
        finally:
            await self._feed.leave(self)
            if code is not None:
                # The other side may be gone or stuck: saying good-bye must not hang.
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(self._send({"type": "websocket.close", "code": code}), 1.0)

    @staticmethod
    async def _until_one_ends(*coroutines: Awaitable[None]) -> None:
        tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # What the feed calls

    def deliver(self, events: list[Event], settled: int) -> None:
        """Take `events`; those on the person's own topic also make us look at the session again."""
        if any(event.topic == self.own_topic for event in events):
            self._recheck.set()
        self._post_events([event for event in events if event.topic in self.asked], settled)

    def _post_events(self, events: list[Event], settled: int) -> None:
        fresh = [event for event in events if event.seq not in self._sent_set]
        for event in fresh:
            if len(self._sent) == self._sent.maxlen:
                self._sent_set.discard(self._sent[0])
            self._sent.append(event.seq)
            self._sent_set.add(event.seq)
        for start in range(0, len(fresh), EVENTS_PER_MESSAGE):
            part = fresh[start : start + EVENTS_PER_MESSAGE]
            # A break between two parts must not skip the second.
            at = settled if part[-1] is fresh[-1] else min(settled, part[-1].seq)
            self._post({"events": [event.as_message() for event in part], "at": at})

    def _post(self, message: dict[str, Any]) -> None:
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            self._too_slow.set()

    # The five things that go on at once

    async def _listen(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                raise Closed(None)
            await self._handle(_parsed(message))

    async def _write(self) -> None:
        while True:
            message = await self._outbox.get()
            text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
            try:
                await asyncio.wait_for(self._send({"type": "websocket.send", "text": text}), SEND_TIMEOUT_S)
            except TimeoutError:
                raise Closed(TOO_SLOW) from None

    async def _watch(self) -> None:
        """Session, person and topics again, at once when something about the person changed and every `RECHECK_S`."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._recheck.wait(), RECHECK_S)
            self._recheck.clear()
            user, allowed = await in_database_thread(_standing, self.session_key, set(self.asked))
            if user is None or self._user is None or user.pk != self._user.pk:
                raise Closed(NOT_SIGNED_IN)
            self._user = user
            lost = self.asked - allowed
            if lost:
                self.asked -= lost
                self.topics = self.asked | {self.own_topic}
                self._post({"subscribed": sorted(self.asked), "refused": sorted(lost), "at": self._feed.settled})

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            self._post({"ping": int(time.time()), "at": self._feed.settled})

    async def _drop_when_slow(self) -> None:
        await self._too_slow.wait()
        raise Closed(TOO_SLOW)

    # Messages of the browser

    async def _handle(self, message: dict[str, Any]) -> None:
        gone = _topics(message, "unsubscribe")
        self.asked -= gone
        self.topics = self.asked | {self.own_topic}
        if "subscribe" not in message:
            return
        wanted = _topics(message, "subscribe")
        after = message.get("after")
        if not (after is None or (isinstance(after, int) and not isinstance(after, bool) and 0 <= after < 2**63)):
            raise Closed(BAD_MESSAGE)
        if self._user is None or len(self.asked | wanted) > MAX_TOPICS:
            raise Closed(BAD_MESSAGE)
        allowed = await in_database_thread(allowed_topics, self._user, wanted)
        # Listen first, then read what was missed: nothing falls between; `_sent` drops what comes twice.
        self.asked |= allowed
        self.topics = self.asked | {self.own_topic}
        at = self._feed.settled
        missed = [] if after is None else await in_database_thread(events_after, after, allowed, CATCH_UP_LIMIT)
        # While there is something to catch up with, a break must lead back to where the browser was.
        answer_at = min(at, after) if missed and after is not None else at
        self._post({"subscribed": sorted(self.asked), "refused": sorted(wanted - allowed), "at": answer_at})
        if missed is None:
            self._post({"reset": True, "at": at})
        else:
            self._post_events(missed, at)


def _standing(session_key: str, topics: set[str]) -> tuple[User | None, set[str]]:
    user = user_of_session(session_key)
    return user, allowed_topics(user, topics) if user else set()


def _parsed(message: MutableMapping[str, Any]) -> dict[str, Any]:
    text = message.get("text")
    if not isinstance(text, str) or len(text) > MAX_MESSAGE_BYTES:
        raise Closed(BAD_MESSAGE)
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise Closed(BAD_MESSAGE) from None
    if not isinstance(parsed, dict):
        raise Closed(BAD_MESSAGE)
    return parsed


def _topics(message: dict[str, Any], key: str) -> set[str]:
    topics = message.get(key, [])
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise Closed(BAD_MESSAGE)
    return set(topics)


def _session_key(scope: Scope) -> str:
    for name, value in scope.get("headers", []):
        if name.lower() == b"cookie":
            cookies: SimpleCookie = SimpleCookie()
            with contextlib.suppress(CookieError):
                cookies.load(value.decode("latin-1"))
            if settings.SESSION_COOKIE_NAME in cookies:
                return cookies[settings.SESSION_COOKIE_NAME].value
    return ""
