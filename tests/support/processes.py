"""Real processes for tests: started tied to the test process, ended for sure, their output kept for the failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from portal.stack.processes import tied

ROOT = Path(__file__).resolve().parents[2]


def start(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, output: Path | None = None, cwd: Path = ROOT
) -> subprocess.Popen[str]:
    """Start `argv` in a session of its own; it is killed when the test process ends. Output goes to `output`, or to
    a pipe when that is None."""
    stream = output.open("ab") if output else subprocess.PIPE
    try:
        return subprocess.Popen(
            tied(list(argv)),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT if output else None,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            text=True,
            start_new_session=True,
        )
    finally:
        if output:
            stream.close()  # type: ignore[union-attr]


def stop(process: subprocess.Popen[str], sign: int = signal.SIGTERM, within_s: float = 15) -> int:
    """End `process` by `sign`, by SIGKILL on its whole group after `within_s`. Returns its exit code."""
    if process.poll() is None:
        process.send_signal(sign)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            pass
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait(10)
    if process.stdout:
        process.stdout.close()
    return code


T = TypeVar("T")


def wait_for(what: Callable[[], T], within_s: float, why: str, every_s: float = 0.1) -> T:
    """The first truthy answer of `what`. Raises AssertionError with `why` after `within_s` seconds."""
    ends = time.monotonic() + within_s
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"Not within {within_s} s: {why} (last answer: {answer!r})")
        time.sleep(every_s)


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
