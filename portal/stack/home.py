"""The home folder of a stack: one stack at a time, its facts for others to read, and who still carries its mark."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import psutil

# Every process of a stack carries its home under this name in its environment.
MARK = "ZONEWRIGHT_STACK"


class CannotStart(Exception):
    """Nothing was started; the message is one sentence for the person at the terminal."""


def lock(home: Path) -> int:
    """Take `home` for this process; the descriptor holds it until the process ends, however it ends.

    Raises CannotStart when another stack has it.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(home / "stack.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(f"ZONEWRIGHT_HOME={home} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        facts = read_facts(home)
        where = f" at {facts['url']}" if facts.get("url") else ""
        who = f" (process {facts['pid']})" if facts.get("pid") else ""
        raise CannotStart(f"Zonewright already runs on {home}{where}{who}: stop it or name another ZONEWRIGHT_HOME.")
    return descriptor


def listen(host: str, port: int) -> socket.socket:
    """The console's listening socket, opened by the supervisor so that a restarted web process loses no connection.

    Raises CannotStart when the port is taken or may not be opened.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or str(error)
        raise CannotStart(f"Port {port} on {host} cannot be used ({why}): choose another with PORT=….") from error
    return listener


def free_port(preferred: int = 0) -> int:
    """A loopback port that nobody has: `preferred` when it is free."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise CannotStart("No free port is left on the loopback address.")


def read_facts(home: Path) -> dict[str, Any]:
    """What the running (or last) stack of `home` said about itself; empty when nothing is known."""
    try:
        facts = json.loads((home / "stack.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def write_facts(home: Path, facts: dict[str, Any]) -> None:
    """Publish the facts of the running stack; owner only, for they hold the demo's logins."""
    keep(home, "stack.json", facts)


def kept(home: Path, name: str, make: Any) -> dict[str, Any]:
    """A small JSON file of `home` (0600), made by `make()` at the first asking."""
    path = home / name
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        if isinstance(found, dict):
            return found
    made: dict[str, Any] = make()
    keep(home, name, made)
    return made


def keep(home: Path, name: str, facts: dict[str, Any]) -> None:
    """Write `facts` as JSON to `name` in `home`: atomically, and readable by the owner alone."""
    draft = home / f".{name}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(facts, file, indent=1)
    draft.replace(home / name)


def marked(home: Path) -> list[psutil.Process]:
    """Live processes, this one left out, that belong to a stack of `home`."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARK) == str(home):
                found.append(process)
    return found


def sweep(home: Path, within_s: float = 3) -> int:
    """End every process that a former stack of `home` left behind. Returns how many there were.

    Only to be called by the holder of the lock: whoever carries the mark then has no supervisor any more.
    """
    left = marked(home)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGTERM)
    ends = time.monotonic() + within_s
    while marked(home) and time.monotonic() < ends:
        time.sleep(0.05)
    for process in marked(home):
        with contextlib.suppress(psutil.Error):
            process.kill()
    return len(left)
