"""Keeps the children of a stack running, and ends them all when it ends.

Why our own: a stack must survive the death of one child, and nothing may survive the death of the stack, not even when
the supervisor itself is killed (docs/adr/0001). The kernel does the last part: see `processes.tied`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from portal.stack import home as homes
from portal.stack.children import Child, end

T = TypeVar("T")
TICK_S = 0.2
SILENT_S = 60.0
# A child that fails so often before everything was ready once will not come up by trying further.
HOPELESS_AFTER = 5
SERVERS_END_WITHIN_S = 6.0
STORES_END_WITHIN_S = 2.5


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived."""


class Supervisor:
    """Holds the children. `say` prints a line for the person at the terminal."""

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        self.home = home
        self.say = say
        self.children: list[Child] = []
        self.facts: dict[str, Any] = {"pid": os.getpid(), "ready": False, "children": {}}
        self._said_at: dict[str, float] = {}
        self._stopping = 0
        self._may_interrupt = True
        self._make_pid = os.getppid() if _is_make(os.getppid()) else 0

    # ------------------------------------------------------------------------------------------- signals
    def take_signals(self) -> None:
        """Handle SIGINT, SIGTERM and SIGHUP: a shell that started us with `&` left SIGINT ignored."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._on_signal)

    def _on_signal(self, sign: int, frame: FrameType | None) -> None:
        self._stopping += 1
        if self._stopping == 1 and self._may_interrupt:
            raise Stopped

    def _check_stop(self) -> None:
        if self._make_pid and _make_was_interrupted(self._make_pid):
            self._stopping += 1
        if self._stopping:
            raise Stopped

    # ------------------------------------------------------------------------------------------- children
    def add(self, child: Child) -> Child:
        self.children.append(child)
        self._start(child)
        return child

    def _start(self, child: Child) -> None:
        # Between fork and bookkeeping a signal would leave a child that nobody knows of.
        self._may_interrupt = False
        try:
            child.start()
        finally:
            self._may_interrupt = True
        self._tell(children={each.name: each.pid for each in self.children if each.pid})
        if self._stopping:
            raise Stopped

    def tick(self) -> None:
        """Restart what has ended and repeat what sounds like an error. Raises Stopped when it is time to end."""
        self._check_stop()
        for child in self.children:
            ended = child.reap()
            if ended:
                self.say(f"{child.name} {ended}; it is started again (log: {child.log.path}).")
                if child.failures >= HOPELESS_AFTER and not self.facts["ready"]:
                    raise homes.CannotStart(f"{child.name} does not start; its log ends:\n{child.log.tail()}")
            if child.is_due():
                self._start(child)
            for said in child.log.errors():
                self._repeat(f"{child.name}: {said}")
            child.log.rotate()

    def _repeat(self, said: str) -> None:
        """Say what a log said; the same words once a minute only."""
        words, now = said.partition(" (request ")[0], time.monotonic()
        if now - self._said_at.get(words, -SILENT_S) >= SILENT_S:
            self._said_at = {**{w: at for w, at in self._said_at.items() if now - at < SILENT_S}, words: now}
            self.say(said)

    def wait_for(self, what: Callable[[], T | None], within_s: float, name: str) -> T:
        """The first truthy answer of `what`, ticking meanwhile. Raises CannotStart after `within_s` seconds."""
        ends = time.monotonic() + within_s
        while True:
            answer = what()
            if answer:
                return answer
            if time.monotonic() > ends:
                raise homes.CannotStart(f"{name} within {within_s:.0f} s; the logs in {self.home / 'logs'} say more.")
            self.tick()
            time.sleep(0.1)

    def run(self) -> None:
        """Until Stopped."""
        while True:
            self.tick()
            time.sleep(TICK_S)

    def end(self) -> None:
        """End everything, the servers before the stores that they write to; within about ten seconds."""
        self._may_interrupt = False
        self._stopping += 1
        self._tell(ready=False)
        end([child for child in self.children if not child.ends_last], SERVERS_END_WITHIN_S)
        end([child for child in self.children if child.ends_last], STORES_END_WITHIN_S)
        homes.sweep(self.home, within_s=0.5)
        self._tell(children={}, pid=None, url=None)

    # ------------------------------------------------------------------------------------------- facts
    def _tell(self, **facts: Any) -> None:
        self.facts.update(facts)
        homes.write_facts(self.home, self.facts)

    def tell(self, **facts: Any) -> None:
        """Publish `facts` in the home's stack.json."""
        self._tell(**facts)


def _is_make(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() in {"make", "gmake"}
    except OSError:
        return False


def _make_was_interrupted(pid: int) -> bool:
    """Whether the `make` that runs us has received SIGINT alone (`kill -INT`, not Ctrl-C).

    make passes SIGTERM on but expects the terminal to have sent SIGINT to everybody, and then waits for us for ever.
    While it does so it blocks the signal, which Linux shows in /proc.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    for line in status.splitlines():
        if line.startswith("SigBlk:"):
            return bool(int(line.split()[1], 16) & (1 << (signal.SIGINT - 1)))
    return False
