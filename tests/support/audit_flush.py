"""Emptying the tables between tests, although the database refuses to empty the audit trail.

Only the tests' `flush` is allowed to: it takes the guards away, empties, and puts them back. The product has no such
way; whoever takes a guard away there is found by `manage.py audit verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connections

from provisioning.audit import triggers


@pytest.fixture(scope="session", autouse=True)
def flush_may_empty_the_trail() -> Iterator[None]:
    original = flush.Command.handle

    def handle(self: flush.Command, **options: Any) -> None:
        connection = connections[options["database"]]
        guarded = "audit_auditevent" in connection.introspection.table_names()
        if guarded:
            triggers.remove(connection)
        try:
            original(self, **options)
        finally:
            if guarded:
                triggers.install(connection)

    patch = pytest.MonkeyPatch()
    patch.setattr(flush.Command, "handle", handle)
    yield
    patch.undo()
