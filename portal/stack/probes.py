"""/healthz: the process answers. /readyz: everything that a request needs is there, part by part."""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.http import public
from portal.stack import heartbeat

_migrations_applied = False


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while this process answers at all."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part is ready, else 503; `parts` says which is not. Nothing secret: anybody may ask."""
    parts = {name: _ask(check) for name, check in CHECKS.items()}
    ready = all(part["ok"] for part in parts.values())
    body = {"status": "ready" if ready else "not ready", "parts": parts}
    response = JsonResponse(body, status=200 if ready else 503)
    # "Not ready" is an answer, not an error of ours: Django would log every one.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _ask(check: Callable[[], str]) -> dict[str, object]:
    try:
        wrong = check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        # The class alone: messages carry addresses and user names.
        wrong = type(error).__name__
    return {"ok": not wrong, "error": wrong} if wrong else {"ok": True}


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return "" if cursor.fetchone() == (1,) else "The database gave no answer."


def _migrations() -> str:
    global _migrations_applied
    if not _migrations_applied:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "Migrations are not applied."
        # They cannot become unapplied under a running process; looking costs too much to do it every time.
        _migrations_applied = True
    return ""


def _valkey() -> str:
    return "" if heartbeat.client().ping() else "Valkey gave no answer."


def _worker() -> str:
    return "" if heartbeat.is_alive("worker") else "No worker has shown itself lately."


def _beat() -> str:
    return "" if heartbeat.is_alive("beat") else "The scheduler has not shown itself lately."


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "valkey": _valkey,
    "worker": _worker,
    "beat": _beat,
}
