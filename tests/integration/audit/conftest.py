"""The trail on both databases: every test here runs on SQLite, and on a real Postgres where one is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.management import call_command
from django.db import connections

from tests.support.databases import postgres_bin


@pytest.fixture(scope="session")
def postgres_wrapper(postgres_url: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A connection to a migrated Postgres, not yet in use."""
    settings = {**connections.settings["default"], **environ.Env.db_url_config(postgres_url), "OPTIONS": {}}
    old_settings, old = connections.settings["default"], connections["default"]
    with django_db_blocker.unblock():
        connections.settings["default"] = settings
        wrapper = connections.create_connection("default")
        connections["default"] = wrapper
        try:
            call_command("migrate", verbosity=0, interactive=False)
        finally:
            connections["default"] = old
            connections.settings["default"] = old_settings
    yield wrapper
    with django_db_blocker.unblock():
        wrapper.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def trail(request: pytest.FixtureRequest, transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[str]:
    """An empty trail with guards, with real commits; yields the database's name."""
    settings.AUDIT_HEADS_PATH = str(tmp_path / "heads.jsonl")
    if request.param == "sqlite":
        if connections["default"].vendor != "sqlite":
            pytest.skip("This lane runs on Postgres alone.")
        yield "sqlite"
        return
    if postgres_bin() is None:
        pytest.skip("Postgres is not installed.")
    wrapper = request.getfixturevalue("postgres_wrapper")
    old_settings, old = connections.settings["default"], connections["default"]
    connections.settings["default"] = wrapper.settings_dict
    connections["default"] = wrapper
    try:
        yield "postgres"
    finally:
        call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
        connections["default"] = old
        connections.settings["default"] = old_settings
