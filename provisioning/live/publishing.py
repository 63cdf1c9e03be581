"""Writing live events.

The row is the event. What goes over the channel layer is only "look again": it carries no data, so a lost or doubled
announcement costs nothing, and nothing that a reader may not see ever leaves the database unasked.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction

log = structlog.get_logger(__name__)

# The group that every listening process joins.
WAKE_GROUP = "live"
WAKE_MESSAGE = {"type": "live.wake"}

# What topics begin with: infrastructure of a cloud, one tenant, one sync, one person.
CLOUD, TENANT, SYNC, USER = "cloud", "tenant", "sync", "user"
_PREFIXES = frozenset({CLOUD, TENANT, SYNC, USER})

# Announcing may cost this long at most, and after a failure nobody tries again for a while: listeners poll anyway.
ANNOUNCE_TIMEOUT_S = 1.0
QUIET_AFTER_FAILURE_S = 5.0
_quiet_until = 0.0


def topic_of(prefix: str, uuid: object) -> str:
    """`topic_of(CLOUD, cloud.uuid)` → "cloud.<uuid>". Raises ValueError for a prefix that nobody may subscribe to."""
    if prefix not in _PREFIXES:
        raise ValueError(f"{prefix!r} is not a kind of topic; known are {', '.join(sorted(_PREFIXES))}")
    return f"{prefix}.{uuid}"


def publish(topic: str, kind: str, payload: dict[str, Any]) -> None:
    """Store one event on `topic` and announce it on commit.

    `topic` is "cloud.<uuid>", "tenant.<uuid>", "sync.<uuid>" or "user.<uuid>".
    `kind` is dotted ("host.changed"); `payload` is JSON and must hold only what every subscriber of the topic may see.
    Rolls back with the caller's transaction; a channel layer that is down delays the event, it never breaks the write.
    Raises ValueError for a topic of no known kind.
    """
    publish_many([(topic, kind, payload)])


def publish_many(events: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """Store many `(topic, kind, payload)` in order with one insert; see `publish`."""
    from provisioning.live.models import LiveEvent

    rows = [LiveEvent(topic=_checked(topic), kind=kind, payload=payload) for topic, kind, payload in events]
    if not rows:
        return
    LiveEvent.objects.bulk_create(rows, batch_size=500)
    # One announcement a transaction is enough, however many events it holds.
    if not any(hook[1] is _announce for hook in connection.run_on_commit):
        transaction.on_commit(_announce, robust=True)


def _checked(topic: str) -> str:
    """`topic` with its UUID in the one spelling that subscribers are compared by."""
    prefix, _, identity = topic.partition(".")
    if prefix not in _PREFIXES:
        raise ValueError(f"{topic!r} is not a topic; topics begin with {', '.join(sorted(_PREFIXES))}")
    return f"{prefix}.{uuid.UUID(identity)}"


def _announce() -> None:
    global _quiet_until
    layer = get_channel_layer()
    if layer is None or time.monotonic() < _quiet_until:
        return
    try:
        async_to_sync(_send_wake)(layer)
    except Exception as error:
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE_S
        log.warning("live.announce_failed", error=type(error).__name__)


async def _send_wake(layer: Any) -> None:
    import asyncio

    await asyncio.wait_for(layer.group_send(WAKE_GROUP, WAKE_MESSAGE), ANNOUNCE_TIMEOUT_S)
