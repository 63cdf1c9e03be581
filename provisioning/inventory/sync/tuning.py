"""A connection's settings for the length of a sync."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Large enough for the upper levels of the indexes that a big first sync fills in random order.
_CACHE_KIB = 16 * 1024


@contextmanager
def for_bulk_writing() -> Iterator[None]:
    """On SQLite: a cache of our own instead of mapped file pages, which would count as this process' memory."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA mmap_size")
        row = cursor.fetchone()
        mmap_bytes = int(row[0]) if row else 0
        cursor.execute("PRAGMA cache_size")
        cache_size = int(cursor.fetchone()[0])
        cursor.execute("PRAGMA mmap_size=0")
        cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA mmap_size={mmap_bytes}")
            cursor.execute(f"PRAGMA cache_size={cache_size}")
            cursor.execute("PRAGMA shrink_memory")
