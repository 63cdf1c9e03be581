"""The demo under kill: the same cloud, the same people, and a sync that was broken off is made again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from provisioning.cloudstack import CloudStackError, Gateway
from tests.support.processes import wait_for
from tests.support.stack import RunningStack, marked, start_stack

pytestmark = [pytest.mark.crash]


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    home = Path(tempfile.mkdtemp(prefix="zw-demo-"))
    running = start_stack(home)
    try:
        yield running.wait_ready()
    finally:
        running.stop()
        for process in marked(home):
            process.kill()
        shutil.rmtree(home, ignore_errors=True)


def rows(stack: RunningStack, query: str) -> list[Any]:
    with sqlite3.connect(f"file:{stack.home}/zonewright.sqlite3?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def zones(stack: RunningStack) -> list[str]:
    """The ids of the demo cloud's zones, asked with the home's own keys; empty while it does not answer."""
    demo = json.loads((stack.home / "demo.json").read_text())
    url = f"http://127.0.0.1:{demo['port']}/client/api"
    try:
        with Gateway(url, demo["api_key"], demo["secret_key"]) as gateway:
            return sorted(zone["id"] for zone in gateway.call("listZones")["zone"])
    except CloudStackError:
        return []


def test_the_demo_is_synced_when_it_is_ready(stack: RunningStack) -> None:
    assert zones(stack)
    assert [row[0] for row in rows(stack, "SELECT cloudstack_id FROM inventory_zone ORDER BY 1")] == zones(stack)
    assert rows(stack, "SELECT count(*) FROM inventory_host")[0][0] > 0
    assert rows(stack, "SELECT count(*) FROM inventory_cloud WHERE last_complete_sync_at IS NOT NULL") == [(1,)]


def test_killed_simulator_is_the_same_cloud(stack: RunningStack) -> None:
    before, pid = zones(stack), stack.children()["simulator"]
    psutil.Process(pid).kill()
    wait_for(lambda: stack.children().get("simulator") not in {None, pid}, 20, "a new simulator")
    assert wait_for(lambda: zones(stack), 30, "the demo cloud answers again") == before


@pytest.mark.slow
def test_worker_killed_in_a_sync_loses_nothing(stack: RunningStack) -> None:
    """However often the worker dies, a sync that was asked for ends, and the mirror is what the cloud is."""
    before = rows(stack, "SELECT cloudstack_id FROM inventory_instance WHERE gone_at IS NULL ORDER BY 1")
    assert before
    (last,) = rows(stack, "SELECT max(id) FROM inventory_sync")[0]
    for _ in range(2):
        pid = stack.children()["worker"]
        psutil.Process(pid).kill()
        wait_for(lambda pid=pid: stack.children().get("worker") not in {None, pid}, 20, "a new worker")
    wait_for(
        lambda: rows(stack, f"SELECT id FROM inventory_sync WHERE id > {last} AND state = 'done'"),
        150, "a sync that ends well", every_s=0.5,
    )  # fmt: skip
    known = {row[0] for row in rows(stack, "SELECT cloudstack_id FROM inventory_instance WHERE gone_at IS NULL")}
    assert {row[0] for row in before} <= known
    assert stack.is_ready()


def test_second_start_has_the_same_people_and_the_same_cloud(stack: RunningStack) -> None:
    cloud = rows(stack, "SELECT uuid FROM inventory_cloud")
    people, ids = stack.people, zones(stack)
    assert stack.stop() == 0
    again = start_stack(stack.home).wait_ready()
    try:
        assert again.people == people
        assert rows(again, "SELECT uuid FROM inventory_cloud") == cloud
        assert zones(again) == ids
    finally:
        again.stop()
