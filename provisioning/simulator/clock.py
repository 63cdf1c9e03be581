"""Time that can be injected, and the one scheduler for everything that happens later.

``RealClock`` follows the wall clock, ``RealClock(speed=60)`` lets a minute pass in a second, ``ManualClock`` moves only
when told.  All times are seconds since the epoch as float, UTC.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """What the simulator asks for the time."""

    manual = False
    speed = 1.0

    def now(self) -> float:
        raise NotImplementedError

    def outside(self) -> float:
        """What the clocks of clients say, whose time does not run faster: signatures expire by it."""
        return self.now()

    def forward_to(self, when: float) -> None:
        """Be at ``when`` or later from now on."""
        raise NotImplementedError


class RealClock(Clock):
    """Wall time, or wall time from a chosen start at a chosen speed."""

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        if speed <= 0:
            raise ValueError("the clock's speed must be above 0")
        self.speed = speed
        self._wall = time.time()
        self._start = self._began = self._wall if start is None else start

    def now(self) -> float:
        return self._start + (time.time() - self._wall) * self.speed

    def outside(self) -> float:
        return self._began + (time.time() - self._wall)

    def forward_to(self, when: float) -> None:
        self._start += max(0.0, when - self.now())


class ManualClock(Clock):
    """Stands still until ``Scheduler.advance`` moves it."""

    manual = True

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def forward_to(self, when: float) -> None:
        self.set(when)

    def set(self, when: float) -> None:
        """Move forward to ``when``; going back is ignored, as time does not."""
        self._now = max(self._now, when)


class Timer:
    """Something due at a time; ``cancel()`` makes it never happen."""

    __slots__ = ("at", "call", "cancelled")

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Scheduler:
    """Timers on one clock, run in order of their time.

    Due timers run before every request, so that a client never sees a state from before them, and from ``serve`` while
    nobody asks.
    """

    def __init__(
        self,
        clock: Clock,
        after_run: Callable[[], None] | None = None,
        on_defect: Callable[[str], None] | None = None,
    ) -> None:
        """``on_defect`` is told the traceback of a timer that raised; without it the error goes on."""
        self.clock = clock
        self._on_defect = on_defect
        self._heap: list[tuple[float, int, Timer]] = []
        self._tie = itertools.count()
        self._after_run = after_run
        self._wake: asyncio.Event | None = None
        self._at: float | None = None

    def now(self) -> float:
        """The time of the running timer, or the clock's."""
        return self.clock.now() if self._at is None else self._at

    @contextmanager
    def standing_at(self, when: float) -> Iterator[None]:
        """Within, it is ``when``, whatever the clock says."""
        before, self._at = self._at, when
        try:
            yield
        finally:
            self._at = before

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        return self.at(self.now() + max(0.0, seconds), call)

    def at(self, when: float, call: Callable[[], None]) -> Timer:
        timer = Timer(when, call)
        heapq.heappush(self._heap, (when, next(self._tie), timer))
        if self._wake is not None:
            self._wake.set()
        return timer

    def run_due(self, until: float | None = None) -> int:
        """Run every timer due by ``until`` (now when None); how many ran.  A timer sees its own time as now."""
        limit = self.clock.now() if until is None else until
        ran = 0
        while self._heap and self._heap[0][0] <= limit:
            when, _, timer = heapq.heappop(self._heap)
            if timer.cancelled:
                continue
            if isinstance(self.clock, ManualClock):
                self.clock.set(when)
            self._at = when
            try:
                timer.call()
            except Exception:
                # One broken timer must not stop the time of everything else.
                if self._on_defect is None:
                    raise
                self._on_defect(traceback.format_exc())
            finally:
                self._at = None
            ran += 1
        if ran and self._after_run is not None:
            self._after_run()
        return ran

    def advance(self, seconds: float) -> None:
        """Move a manual clock forward, running what becomes due on the way."""
        if not isinstance(self.clock, ManualClock):
            raise TypeError("only a manual clock can be advanced")
        target = self.clock.now() + seconds
        self.run_due(target)
        self.clock.set(target)

    def next_due(self) -> float | None:
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    async def serve(self) -> None:
        """Run timers as they become due, for ever; cancel the task to end it."""
        self._wake = asyncio.Event()
        while True:
            self._wake.clear()
            self.run_due()
            due = self.next_due()
            wait: float | None = None
            if due is not None and not self.clock.manual:
                wait = max(0.001, (due - self.clock.now()) / self.clock.speed)
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                pass


def iso(at: float | None) -> str | None:
    """``2026-11-23T00:20:48+0000``, as CloudStack prints dates; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(int(at), tz=UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
