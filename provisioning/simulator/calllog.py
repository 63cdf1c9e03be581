"""A log of every call received, for tests to ask: who called what, when, with which answer."""

from __future__ import annotations

from collections import deque
from typing import Any

KEEP = 100_000
HIDDEN = ("signature", "secretkey", "password", "sessionkey")


class CallLog:
    """The last ``KEEP`` calls, oldest first.  Secrets are never kept."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEEP)
        self.sequence = 0

    def add(
        self,
        *,
        at: float,
        method: str,
        command: str,
        params: dict[str, str],
        caller: str,
        status: int,
        ms: float,
        fault: str | None = None,
    ) -> None:
        self.sequence += 1
        shown = {
            name: ("***" if name.lower() in HIDDEN else value)
            for name, value in params.items()
            if name.lower() != "apikey"
        }
        self._entries.append(
            {
                "seq": self.sequence,
                "at": at,
                "method": method,
                "command": command,
                "params": shown,
                "caller": caller,
                "status": status,
                "ms": round(ms, 3),
                "fault": fault,
            }
        )

    def calls(self, command: str | None = None, since: int = 0, caller: str | None = None) -> list[dict[str, Any]]:
        """Calls after sequence number ``since``, of one command or caller where asked."""
        return [
            entry
            for entry in self._entries
            if entry["seq"] > since
            and (command is None or entry["command"] == command)
            and (caller is None or entry["caller"] == caller)
        ]

    def clear(self) -> None:
        self._entries.clear()
