"""What a row was made from, in 16 bytes; and what may be kept of an answer. Pure."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

_SECRET_NAME = re.compile(
    r"(secret|password|passphrase|privatekey|private_key|apikey|api_key|sessionkey|token|userdata)", re.IGNORECASE
)
# Names that only speak of secrets.
_HARMLESS = frozenset({"passwordenabled", "apikeyaccess", "zonetoken", "userdataid", "userdataname", "userdatapolicy"})
REDACTED = "(not kept)"
# Lower-case words that call for a closer look, and the harmless names they also stand in: most answers need none.
_SUSPECTS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"password", (b"passwordenabled",)),
    (b"secret", ()),
    (b"passphrase", ()),
    (b"privatekey", ()),
    (b"private_key", ()),
    (b"apikey", (b"apikeyaccess",)),
    (b"api_key", ()),
    (b"sessionkey", ()),
    (b"token", (b"zonetoken",)),
    (b"userdata", (b"userdataid", b"userdataname", b"userdatapolicy")),
)


def digest_of(salt: bytes, raw: dict[str, Any], volatile: frozenset[str], tenant: UUID | None) -> bytes:
    """16 bytes that change when anything in `raw` but its `volatile` fields does, or the tenant, or `salt`."""
    stable = {key: value for key, value in raw.items() if key not in volatile} if volatile else raw
    digest = blake2b(orjson.dumps(stable, option=orjson.OPT_SORT_KEYS), digest_size=16, key=salt)
    if tenant is not None:
        digest.update(tenant.bytes)
    return digest.digest()


def with_missing_links(digest: bytes, columns: Iterable[str]) -> bytes:
    """`digest` of a row whose `columns` point at objects not in the mirror: it changes once they are there."""
    return blake2b(digest, digest_size=16, key=",".join(sorted(columns)).encode()[:64]).digest()


def metrics_digest_of(metrics: dict[str, object]) -> bytes:
    return blake2b(repr(sorted(metrics.items())).encode(), digest_size=8).digest()


def redacted(value: Any) -> Any:
    """An answer without secrets: users' keys, passwords, user data. Names stay, values become REDACTED."""
    if isinstance(value, dict):
        return {
            key: REDACTED if _is_secret(key) and item not in (None, "") else redacted(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redacted(item) for item in value] if value and isinstance(value[0], dict | list) else value
    return value


@functools.lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return name.lower() not in _HARMLESS and bool(_SECRET_NAME.search(name))


def packed(raw: dict[str, Any]) -> bytes:
    """An answer as it is kept: redacted JSON, zlib."""
    body = orjson.dumps(raw)
    if _needs_a_look(body):
        body = orjson.dumps(redacted(raw))
    return zlib.compress(body, 1)


def _needs_a_look(body: bytes) -> bool:
    lowered = body.lower()
    for word, harmless in _SUSPECTS:
        found = lowered.count(word)
        if found and found > sum(lowered.count(name) for name in harmless):
            return True
    return False


def unpacked(body: bytes | memoryview) -> dict[str, Any]:
    """The answer in `RawAnswer.body`."""
    found = orjson.loads(zlib.decompress(bytes(body)))
    return found if isinstance(found, dict) else {}
