"""`manage.py make_keys`: fresh keys for a production environment, ready to paste. Nothing is stored."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand
from django.utils import timezone


class Command(BaseCommand):
    help = "Print fresh values for ZONEWRIGHT_SECRET_KEY, ZONEWRIGHT_ENCRYPTION_KEYS and ZONEWRIGHT_AUDIT_KEYS."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        audit = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.stdout.write(f"ZONEWRIGHT_SECRET_KEY={secrets.token_urlsafe(50)}")
        self.stdout.write(f"ZONEWRIGHT_ENCRYPTION_KEYS={Fernet.generate_key().decode()}")
        # To the second: two keys with one id would not start.
        self.stdout.write(f"ZONEWRIGHT_AUDIT_KEYS={timezone.now():%Y%m%dT%H%M%S}:{audit}")
