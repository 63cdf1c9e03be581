"""The children's log files: appended to by the children themselves, rotated and watched by the supervisor."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

MAX_BYTES = 5 * 1024 * 1024
KEEP = 3
_LOUD = {"error", "critical", "fatal"}


class LogFile:
    """One child's log. Children hold it open for appending, so it is rotated by copying and cutting to zero."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._read_to = path.stat().st_size
        self._rest = b""

    def rotate(self) -> None:
        """Move the log aside when it has grown beyond MAX_BYTES; the oldest copy goes."""
        if self.path.stat().st_size < MAX_BYTES:
            return
        for number in range(KEEP - 1, 0, -1):
            older = self.path.with_suffix(f".log.{number}")
            if older.exists():
                older.replace(self.path.with_suffix(f".log.{number + 1}"))
        shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
        with self.path.open("r+b") as file:
            file.truncate(0)
        self._read_to = 0

    def errors(self, limit: int = 5) -> list[str]:
        """What was written since the last call and sounds like an error: one short sentence each, at most `limit`."""
        size = self.path.stat().st_size
        if size < self._read_to:
            self._read_to = 0
        if size == self._read_to:
            return []
        with self.path.open("rb") as file:
            file.seek(max(self._read_to, size - 256 * 1024))
            text = self._rest + file.read()
        self._read_to = size
        lines = text.split(b"\n")
        self._rest = lines.pop()[-4096:]
        found = [said for said in map(_loud, lines) if said]
        return found[:limit]

    def tail(self, lines: int = 12) -> str:
        """The last lines, for a message about a child that does not come up."""
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(max(0, size - 16 * 1024))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _loud(line: bytes) -> str:
    text = line.decode(errors="replace").strip()
    if not text.startswith("{"):
        return ""
    try:
        entry = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(entry, dict) or str(entry.get("level", "")).lower() not in _LOUD:
        return ""
    said = str(entry.get("event", "")).strip().partition("\n")[0][:200]
    raised = str(entry.get("exception", "")).strip().rpartition("\n")[2].strip()[:200]
    if raised and raised not in said:
        said = f"{said}: {raised}"
    request_id = entry.get("request_id")
    return f"{said} (request {request_id})" if request_id else said
