"""One supervised program: started in a session of its own, tied to the supervisor's life, restarted with patience."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portal.stack.logfiles import LogFile
from portal.stack.processes import tied

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
# A child that has been up for so long starts from the shortest delay again.
STEADY_AFTER_S = 30.0


@dataclass
class Child:
    """`argv` starts with an absolute program. `death_signal` is what the kernel sends it when the supervisor is
    killed; `ends_last` children serve the others and are ended after them."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: LogFile
    death_signal: int = signal.SIGKILL
    ends_last: bool = False
    keep_open: tuple[int, ...] = ()
    cwd: Path | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)
    start_at: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it now."""
        self.log.rotate()
        with self.log.path.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 (our own programs)
                tied(list(self.argv), self.death_signal),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.env),
                cwd=self.cwd,
                pass_fds=self.keep_open,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def reap(self) -> str:
        """When it has ended: plan the restart, end what it left behind, and say how it ended; else an empty text."""
        if self.process is None or self.process.poll() is None:
            return ""
        code = self.process.returncode
        self.signal(signal.SIGKILL)
        now = time.monotonic()
        self.failures = 1 if now - self.started_at > STEADY_AFTER_S else self.failures + 1
        self.start_at = now + min(FIRST_DELAY_S * 2 ** (self.failures - 1), LONGEST_DELAY_S)
        self.process = None
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def is_due(self) -> bool:
        """Whether it is down and its delay is over."""
        return self.process is None and time.monotonic() >= self.start_at

    def signal(self, sign: int) -> None:
        """Send `sign` to the child and everything in its process group."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, sign)
            except (ProcessLookupError, PermissionError):
                pass

    def ask_to_end(self) -> None:
        """SIGTERM to the child alone: it ends its own helpers in its own order."""
        if self.is_running() and self.process is not None:
            self.process.terminate()


def end(children: Sequence[Child], within_s: float) -> None:
    """Ask all of `children` to end, and kill whoever has not after `within_s` seconds."""
    for child in children:
        child.ask_to_end()
    ends = time.monotonic() + within_s
    while any(child.is_running() for child in children) and time.monotonic() < ends:
        time.sleep(0.05)
    for child in children:
        child.signal(signal.SIGKILL)
        if child.process is not None:
            try:
                child.process.wait(2)
            except subprocess.TimeoutExpired:
                pass
