"""`manage.py rotate_secrets`: re-encrypt every stored secret under the newest key. Stands here, one room above the
secrets, because it is on the audit trail."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from provisioning.audit.record import record
from provisioning.secrets.rotation import Outcome, rotate_all


class Command(BaseCommand):
    help = (
        "Re-encrypt every stored secret under the first key of ZONEWRIGHT_ENCRYPTION_KEYS. Can be stopped and repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = rotate_all(self._say)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        failed = bool(outcome.unreadable)
        problem = f"No key opens: {', '.join(outcome.unreadable[:20])}" if failed else ""
        counts = {"rotated": outcome.rotated, "kept": outcome.kept, "unreadable": len(outcome.unreadable)}
        record(
            "secrets.rotate", obj_type="secrets", result="failed" if failed else "success", error=problem, after=counts
        )
        self.stdout.write(f"{outcome.rotated} secrets re-encrypted, {outcome.kept} had the newest key already.")
        if failed:
            raise CommandError(
                f"No key of the ring opens {len(outcome.unreadable)}: {', '.join(outcome.unreadable[:20])}. "
                "Put the old key back behind the new one and run this again."
            )
        self.stdout.write("Older keys may be taken out of ZONEWRIGHT_ENCRYPTION_KEYS now (keep them with old backups).")

    def _say(self, label: str, _outcome: Outcome) -> None:
        self.stdout.write(f"{label}: done")
