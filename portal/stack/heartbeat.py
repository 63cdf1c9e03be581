"""Marks that worker and beat leave in Valkey, and the reading of them. A mark fades by itself."""

from __future__ import annotations

import logging
import re
import time

import redis
from django.conf import settings

EVERY_S = 2.0
FADES_AFTER_S = 9
_log = logging.getLogger(__name__)
_client: redis.Redis | None = None


def client() -> redis.Redis:
    """A client of the stack's Valkey with short time-outs: a probe that hangs is worse than one that fails."""
    global _client
    if _client is None:
        url = re.sub(r"^valkey(s?)://", r"redis\1://", settings.REDIS_URL)
        _client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    return _client


def _key(who: str) -> str:
    return f"zonewright:alive:{who}"


def beat(who: str) -> None:
    """Leave `who`'s mark. A Valkey that is away is not this process's failure: the mark just fades."""
    try:
        client().set(_key(who), repr(time.time()), ex=FADES_AFTER_S)
    except redis.RedisError as error:
        _log.warning("No heartbeat left: %s", error)


def forget(who: str) -> None:
    """Take `who`'s mark away at an orderly end, so that /readyz says so at once."""
    try:
        client().delete(_key(who))
    except redis.RedisError:
        pass


def is_alive(who: str) -> bool:
    """Whether `who` has left a mark lately. Raises redis.RedisError when Valkey does not answer."""
    return bool(client().exists(_key(who)))
