"""The ring of chain keys: newest first, each `id:base64` (32 bytes or more). Old ids stay for verifying old links."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class KeyRing:
    newest_id: str
    keys: dict[str, bytes]

    @property
    def newest(self) -> bytes:
        return self.keys[self.newest_id]


def ring() -> KeyRing:
    """The ring from ZONEWRIGHT_AUDIT_KEYS. Raises ImproperlyConfigured with one sentence when it is empty or wrong."""
    keys: dict[str, bytes] = {}
    for entry in settings.AUDIT_KEYS:
        key_id, _, encoded = str(entry).partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded)
        except (ValueError, binascii.Error):
            key = b""
        if not key_id or len(key_id) > 32 or len(key) < 32:
            raise ImproperlyConfigured(
                f"ZONEWRIGHT_AUDIT_KEYS: {key_id or 'an entry'!r} is not id:base64 of at least 32 bytes."
            )
        if key_id in keys:
            raise ImproperlyConfigured(f"ZONEWRIGHT_AUDIT_KEYS: the id {key_id!r} is there twice.")
        keys[key_id] = key
    if not keys:
        raise ImproperlyConfigured("ZONEWRIGHT_AUDIT_KEYS is empty: set one chain key (see docs/operations.md).")
    return KeyRing(next(iter(keys)), keys)
