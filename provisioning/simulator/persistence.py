"""The SQLite file that keeps a simulated cloud over restarts, ``kill -9`` included.

One row per object that differs from the generated base.  Every write is committed before the answer that announced it
leaves
the process; with a write-ahead log and ``synchronous=NORMAL`` a killed process loses nothing (a power cut may lose
the last
moments, which is enough for a simulator).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FORMAT = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sequence (kind TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS object (
  kind TEXT NOT NULL, dbid INTEGER NOT NULL, uuid TEXT NOT NULL, fields TEXT NOT NULL, removed_at REAL, gone INTEGER
  NOT NULL,
  PRIMARY KEY (kind, dbid)) WITHOUT ROWID;
"""

Row = tuple[str, int, str, dict[str, Any], float | None]


class StoreError(Exception):
    """The file is not one of ours, or was made with other options."""


class Store:
    """One simulated cloud's file.  ``path`` None keeps nothing."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            # Two simulators on one file would overwrite each other's objects.
            self.db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self.db.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA.split(";"):
                self.db.execute(statement)
            self.db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.path} can't be used as a state file: {error}. Move it away for a new cloud."
            ) from error
        self._sequences: dict[str, int] = self.sequences()

    def meta(self) -> dict[str, Any]:
        return {key: json.loads(value) for key, value in self.db.execute("SELECT key, value FROM meta")}

    def set_meta(self, **values: Any) -> None:
        self.db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in values.items()]
        )

    def write(
        self, rows: Iterable[Row], forgotten: Iterable[tuple[str, int]], sequences: dict[str, int], now: float
    ) -> None:
        """Everything or nothing, on disk when it returns.  ``now``: the cloud's time, where a restart goes on."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            self.db.executemany(
                "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, 0)",
                [
                    (kind, dbid, uuid, json.dumps(fields, ensure_ascii=False, separators=(",", ":")), removed_at)
                    for kind, dbid, uuid, fields, removed_at in rows
                ],
            )
            # A row of the generated base must not come back after a restart, so its place stays marked.
            self.db.executemany("INSERT OR REPLACE INTO object VALUES (?, ?, '', '{}', NULL, 1)", list(forgotten))
            changed = [(kind, last) for kind, last in sequences.items() if self._sequences.get(kind) != last]
            self.db.executemany("INSERT OR REPLACE INTO sequence VALUES (?, ?)", changed)
            self.db.execute("INSERT OR REPLACE INTO meta VALUES ('clock', ?)", (json.dumps(now),))
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self._sequences.update(changed)

    def read(self) -> Iterator[tuple[str, int, str, dict[str, Any], float | None, bool]]:
        query = "SELECT kind, dbid, uuid, fields, removed_at, gone FROM object ORDER BY kind, dbid"
        for kind, dbid, uuid, fields, removed_at, gone in self.db.execute(query):
            yield kind, dbid, uuid, json.loads(fields), removed_at, bool(gone)

    def sequences(self) -> dict[str, int]:
        return dict(self.db.execute("SELECT kind, last FROM sequence"))

    def close(self) -> None:
        self.db.close()
