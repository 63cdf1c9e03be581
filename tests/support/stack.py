"""The whole stack as `make run` starts it, in a home of its own and on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.support.processes import python, start, stop, wait_for

READY_WITHIN_S = 240


@dataclass
class RunningStack:
    """`url` is where it listens; `people` maps role → {"username", "password"} of the demo."""

    home: Path
    process: subprocess.Popen[str]
    output: Path
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    @property
    def people(self) -> dict[str, dict[str, str]]:
        return {person["role"]: person for person in self.facts["people"]}

    def children(self) -> dict[str, int]:
        """Name → pid of every child that the supervisor has now."""
        return dict(json.loads((self.home / "stack.json").read_text())["children"])

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def processes(self) -> list[psutil.Process]:
        """Every live process of this stack: the marked children and the supervisor itself."""
        found = marked(self.home)
        supervisor = self.facts.get("pid")
        with contextlib.suppress(psutil.Error):
            if supervisor and (process := psutil.Process(supervisor)).status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_ready(self, within_s: float = READY_WITHIN_S) -> RunningStack:
        """Until the supervisor says that everything is ready. Raises AssertionError with its output."""

        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"The stack ended with {self.process.returncode}:\n{self.said()}")
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
                self.facts = json.loads((self.home / "stack.json").read_text())
            return bool(self.facts.get("ready")) and psutil.pid_exists(self.facts["pid"])

        try:
            wait_for(ready, within_s, "the stack is ready", every_s=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()}\n{self.logs()}") from None
        return self

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:])
            for path in sorted((self.home / "logs").glob("*.log"))
        )

    def stop(self, sign: int = signal.SIGTERM) -> int:
        return stop(self.process, sign, within_s=20)


def marked(home: Path) -> list[psutil.Process]:
    """Live processes whose environment names `home` as their stack's."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get("ZONEWRIGHT_STACK") == str(home.resolve()):
                found.append(process)
    return found


def start_stack(home: Path, *options: str, **env: str) -> RunningStack:
    """`manage.py stack` on a free port; not yet ready."""
    home.mkdir(parents=True, exist_ok=True)
    output = home / "stack.out"
    output.touch(mode=0o600)  # like everything else in a home
    settings = {"ZONEWRIGHT_HOME": str(home), "DJANGO_SETTINGS_MODULE": "portal.settings.dev", **env}
    inherited = {name: "" for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    process = start(python("manage.py", "stack", "--port", "0", *options), env={**inherited, **settings}, output=output)
    return RunningStack(home=home, process=process, output=output)


@pytest.fixture(scope="session")
def live_stack() -> Iterator[RunningStack]:
    """One running stack with the demo cloud for all tests that only look: sign in, read, leave it as it is."""
    home = Path(tempfile.mkdtemp(prefix="zw-stack-"))
    running = start_stack(home)
    try:
        yield running.wait_ready()
    finally:
        running.stop()
        shutil.rmtree(home, ignore_errors=True)
