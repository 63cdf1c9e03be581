"""Fixtures for every test. The people and rooms are in tests/support; this file only opens the doors."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.contract.summary import pytest_terminal_summary as contract_summary
from tests.support.audit_flush import flush_may_empty_the_trail  # noqa: F401
from tests.support.axe import axe, axe_script  # noqa: F401
from tests.support.browser import (  # noqa: F401
    built_assets,
    chromium,
    complaints,
    new_page,
    page,
    page_as,
)
from tests.support.cast import (  # noqa: F401
    acme,
    admin,
    approver,
    auditor,
    cast,
    client_of,
    cloud,
    globex,
    operator,
    outsider,
    small_cloud,
    tenant_user,
)
from tests.support.databases import postgres_url, valkey_url  # noqa: F401
from tests.support.simulator import fresh_simulator, simulator  # noqa: F401
from tests.support.stack import live_stack  # noqa: F401

_BROWSER = {"chromium", "new_page", "page", "page_as"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file on one worker (its browser and servers are shared), and everything on the one live stack too."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & _BROWSER:
            item.add_marker(pytest.mark.browser)
        group = "live-stack" if "live_stack" in fixtures else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take away the home that the test settings made, when the process that made it ends."""
    home = Path(os.environ.get("ZONEWRIGHT_HOME", ""))
    if not hasattr(config, "workerinput") and home.name.startswith("zonewright-test-"):
        shutil.rmtree(home, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The contract's line, and how large the permission matrix was: once, whichever worker walked it."""
    contract_summary(terminalreporter)
    walked = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", [])
        if name == "permissions"
    ]
    if walked:
        rules, asked, granted = (sum(row[place] for row in walked) for place in (1, 2, 3))
        terminalreporter.write_line(f"permissions: {rules} routes, {asked} requests, {granted} of them allowed")
