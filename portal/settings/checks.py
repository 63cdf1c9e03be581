"""What production refuses to start with. Pure: values in, sentences out; each sentence names its variable."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from cryptography.fernet import Fernet

from portal.addresses import networks

# Parts of values that stand in documents, examples and tests: whoever reads those knows the key.
_PUBLISHED = re.compile(r"change.?me|insecure|example|only-for-tests|default|secret-?key-?here|replace|xxxx", re.I)
_PUBLISHED_FERNET = {"9gUo6k5dDo4vCnHXHqdk4lvuLHdTxPpE_9wPFyY4iZc="}


def problems(
    *,
    secret_key: str,
    encryption_keys: Sequence[str],
    audit_keys: Sequence[str],
    allowed_hosts: Sequence[str],
    trusted_proxies: Sequence[str],
    csrf_trusted_origins: Sequence[str],
    database_url: str,
    redis_url: str,
) -> list[str]:
    """One sentence for everything that keeps production from starting; empty when all is well."""
    found = [*_secret_key(secret_key), *_encryption_keys(encryption_keys), *_audit_keys(audit_keys)]
    if not allowed_hosts:
        found.append("ZONEWRIGHT_ALLOWED_HOSTS is empty: name the host names that people type, comma-separated.")
    elif "*" in allowed_hosts:
        found.append("ZONEWRIGHT_ALLOWED_HOSTS may not be *: name the host names that people type.")
    try:
        networks(tuple(trusted_proxies))
    except ValueError as error:
        found.append(f"ZONEWRIGHT_TRUSTED_PROXIES: {error}.")
    found += [
        f"ZONEWRIGHT_CSRF_TRUSTED_ORIGINS: {origin!r} lacks its scheme (https://…)."
        for origin in csrf_trusted_origins
        if "://" not in origin
    ]
    if not re.match(r"^(postgres|postgresql|psql|pgsql)://", database_url):
        found.append("DATABASE_URL must name a Postgres database (postgres://user:password@host:5432/name).")
    if not re.match(r"^(rediss?|valkeys?|unix)://", redis_url):
        found.append("REDIS_URL must name a Redis or Valkey server (redis://, rediss:// or unix://).")
    return found


def _secret_key(key: str) -> list[str]:
    if not key:
        return ["ZONEWRIGHT_SECRET_KEY is not set: give it 50 random characters."]
    if len(key) < 32 or len(set(key)) < 8 or _PUBLISHED.search(key):
        return ["ZONEWRIGHT_SECRET_KEY is a default, published or too short: give it 50 random characters."]
    return []


def _encryption_keys(keys: Sequence[str]) -> list[str]:
    if not keys:
        return ["ZONEWRIGHT_ENCRYPTION_KEYS is not set: `manage.py make_keys` prints one."]
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except (ValueError, binascii.Error):
            return [f"ZONEWRIGHT_ENCRYPTION_KEYS: key {number} is not a Fernet key (32 bytes, URL-safe base64)."]
        if key in _PUBLISHED_FERNET or len(set(base64.urlsafe_b64decode(key))) < 8:
            return [
                f"ZONEWRIGHT_ENCRYPTION_KEYS: key {number} is a published one: `manage.py make_keys` prints another."
            ]
    return []


def _audit_keys(keys: Sequence[str]) -> list[str]:
    if not keys:
        return ["ZONEWRIGHT_AUDIT_KEYS is not set: `manage.py make_keys` prints one."]
    for number, entry in enumerate(keys, 1):
        name, _, encoded = entry.partition(":")
        try:
            raw = base64.urlsafe_b64decode(encoded)
        except (ValueError, binascii.Error):
            raw = b""
        if not name or len(raw) < 32:
            return [f"ZONEWRIGHT_AUDIT_KEYS: key {number} is not id:base64 of at least 32 bytes."]
        if name == "test" or len(set(raw)) < 8:
            return [f"ZONEWRIGHT_AUDIT_KEYS: key {number} is a published one: `manage.py make_keys` prints another."]
    return []


def refuse(found: Sequence[str], error: type[Exception]) -> None:
    """Raise `error` with every sentence of `found`; nothing when it is empty."""
    if found:
        raise error("Zonewright does not start like this:\n- " + "\n- ".join(found))
