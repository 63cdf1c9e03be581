"""What the tests of the chain do to a trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from provisioning.audit import triggers
from provisioning.audit.context import AuditContext, acting
from provisioning.audit.record import record


def write(count: int) -> None:
    with acting(AuditContext("u-1", "marta", "operator", "10.20.0.14", "Firefox 145", "req-1")):
        for number in range(count):
            record("audit.verify", obj_type="cloud", obj_id=number, obj_name=f"c{number}", reason="because",
                   before={"n": number, "f": 0.5}, after={"n": number + 1, "ü": ["ß", None, True]})  # fmt: skip


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@contextmanager
def unguarded() -> Iterator[None]:
    """What somebody with the database's owner account can do."""
    triggers.remove(connection)
    try:
        yield
    finally:
        triggers.install(connection)
