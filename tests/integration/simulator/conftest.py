"""A simulator in a process of its own, as clients meet it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


class Process:
    """A running ``python -m provisioning.simulator``; what it announced is in ``info``."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "provisioning.simulator", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            assert self.process.stderr is not None
            raise RuntimeError(self.process.stderr.read())
        self.info: dict[str, Any] = json.loads(line)

    @property
    def url(self) -> str:
        return str(self.info["url"])

    def control(self, method: str, name: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://{self.info['host']}:{self.info['port']}/_sim/{name}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"X-Sim-Token": self.info["control_token"]},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self._close()

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(15)
        self._close()
        return code

    def _close(self) -> None:
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def simulator() -> Iterator[Callable[..., Process]]:
    """Starts simulators and ends those that are left."""
    started: list[Process] = []

    def start(*options: str) -> Process:
        process = Process(*options)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.process.poll() is None:
            process.stop()


@pytest.fixture(scope="module")
def demo() -> Iterator[Process]:
    """The demonstration cloud with quick jobs, shared by a module's tests."""
    process = Process("--job-seconds", "0.05", "--seed", "3")
    yield process
    process.stop()
