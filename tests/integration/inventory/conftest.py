from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioning.inventory.models import Cloud, Sync
from provisioning.inventory.sync import queue
from provisioning.inventory.sync import run as running
from tests.integration.cloudstack.tiny import TinyCloudStack
from tests.integration.inventory import world


@pytest.fixture
def tiny() -> Iterator[TinyCloudStack]:
    with TinyCloudStack() as cloud:
        yield world.small(cloud)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Syncs that a worker would have been woken for."""
    woken: list[int] = []
    monkeypatch.setattr(queue, "send", woken.append)
    return woken


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, sent: list[int]) -> None:
    monkeypatch.setattr(running, "TIMEOUT_S", 1.0)
    monkeypatch.setattr(running, "RETRY_BUDGET_S", 0.0)


@pytest.fixture
def remote(db: None, tiny: TinyCloudStack) -> Cloud:
    """The tiny cloud, registered and never synced."""
    return world.register(tiny)


def sync(cloud: Cloud, *kinds: str) -> Sync:
    """One sync to its end."""
    asked = queue.ask(cloud, kinds)
    assert running.run(asked)
    asked.refresh_from_db()
    cloud.refresh_from_db()
    return asked
