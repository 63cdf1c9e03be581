"""The ring of encryption keys from the settings."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class CannotDecrypt(Exception):
    """No key of the ring opens this value: a key was removed before `manage.py rotate_secrets` had run."""


def ring() -> MultiFernet:
    """The key ring. Raises ImproperlyConfigured when no key is set."""
    if not settings.ENCRYPTION_KEYS:
        raise ImproperlyConfigured("ZONEWRIGHT_ENCRYPTION_KEYS is empty: set one Fernet key (see docs/operations.md).")
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def encrypt(plain: str) -> str:
    return ring().encrypt(plain.encode()).decode()


def decrypt(token: str) -> str:
    try:
        return ring().decrypt(token.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt("No key of ZONEWRIGHT_ENCRYPTION_KEYS opens this stored secret.") from None


def rotate(token: str) -> str:
    """The same secret under the newest key."""
    try:
        return ring().rotate(token.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt("No key of ZONEWRIGHT_ENCRYPTION_KEYS opens this stored secret.") from None
