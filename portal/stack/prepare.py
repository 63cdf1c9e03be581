"""What a stack needs before its first request: front-end parts, tables, a cloud and people."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any

import redis
import requests
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal.stack import assets, heartbeat, home


def front_end() -> None:
    """Build and collect the static files; nothing happens when they are in step. Raises CannotStart."""
    try:
        assets.build()
        assets.collect()
    except assets.AssetsFailed as error:
        raise home.CannotStart(str(error)) from error


def tables() -> bool:
    """Apply missing migrations. Returns whether there were any."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def demo_facts(folder: Path, hosts: int = 0, vms: int = 0) -> dict[str, Any]:
    """Keys, size and port of this home's demo cloud: decided once, so that the cloud stays the same cloud. The port
    is the former one while nobody else has taken it. `hosts` and `vms` of 0 leave the small demo."""
    facts = home.kept(
        folder,
        "demo.json",
        lambda: {
            "api_key": secrets.token_urlsafe(64),
            "secret_key": secrets.token_urlsafe(64),
            "control_token": secrets.token_urlsafe(24),
            "hosts": hosts,
            "vms": vms,
            "port": 0,
        },
    )
    port = home.free_port(int(facts["port"]))
    if port != facts["port"]:
        facts["port"] = port
        home.keep(folder, "demo.json", facts)
    return facts


def is_embedded_valkey(folder: Path) -> bool:
    """Whether the stack brings its own Valkey: no REDIS_URL names another."""
    from portal.settings.runtime import valkey_url

    return bool(valkey_url(folder) == settings.REDIS_URL)


def valkey_answers() -> bool:
    """Whether Valkey answers a PING."""
    try:
        return bool(heartbeat.client().ping())
    except redis.RedisError:
        return False


def answers_http(url: str) -> bool:
    """Whether somebody answers HTTP at `url`, with whatever status: a bound socket alone says little."""
    try:
        requests.get(url, timeout=2)
    except requests.RequestException:
        return False
    return True


def demo_url(demo: dict[str, Any]) -> str:
    return f"http://127.0.0.1:{demo['port']}/client/api"


def own_log(folder: Path) -> None:
    """Send this process's own log lines to the home's stack.log: the terminal is for sentences."""
    path = folder / "logs" / "stack.log"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setStream(path.open("a", encoding="utf-8"))
