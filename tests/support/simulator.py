"""A simulator process for tests: one per worker to read from, or a fresh one to change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.support.processes import python, start, stop


@dataclass
class SimulatorProcess:
    """`url` is the API endpoint; `control(...)` speaks to the simulator's own control endpoint."""

    process: subprocess.Popen[str]
    url: str
    api_key: str
    secret_key: str
    control_token: str
    host: str
    port: int

    def control(self, path: str, method: str = "GET", **body: Any) -> Any:
        """Ask `/_sim/<path>` with the control token; the parsed answer."""
        response = requests.request(
            method,
            f"http://{self.host}:{self.port}/_sim/{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self.control_token}"},
            timeout=20,
        )
        response.raise_for_status()
        return response.json() if response.content else None

    def stop(self) -> int:
        return stop(self.process)


def start_simulator(*options: str) -> SimulatorProcess:
    """A simulator on a free port; options as on its command line. Raises AssertionError when it does not start."""
    process = start(python("-m", "provisioning.simulator", "--port", "0", *options))
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(f"The simulator ended at once with {process.wait(10)}.")
    said = json.loads(line)
    return SimulatorProcess(process=process, **said)


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorProcess]:
    """The small demo cloud, shared by the tests of one worker: read it, leave it as it is."""
    running = start_simulator("--speed", "20")
    yield running
    running.stop()


@pytest.fixture
def fresh_simulator() -> Iterator[Callable[..., SimulatorProcess]]:
    """`fresh_simulator("--hosts", "8")` → a simulator of this test's own, to change and to break."""
    running: list[SimulatorProcess] = []

    def begin(*options: str) -> SimulatorProcess:
        running.append(start_simulator(*options))
        return running[-1]

    yield begin
    for each in running:
        each.stop()
