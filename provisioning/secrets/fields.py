"""A model field whose value is encrypted at rest (MultiFernet: the newest key encrypts, all keys decrypt)."""

from __future__ import annotations

from typing import Any

from django.db import models

from provisioning.secrets import keyring


class EncryptedTextField(models.TextField[str, str]):
    """Text that the database only ever sees as a Fernet token. Empty stays empty. Never filter by it."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return keyring.decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return keyring.encrypt(value) if value else value
