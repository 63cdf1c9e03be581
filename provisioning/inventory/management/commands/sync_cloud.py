"""`manage.py sync_cloud NAME|--all`: bring the mirror in step now, here, and say what came of it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.inventory.models import Cloud, Sync
from provisioning.inventory.sync import queue
from provisioning.inventory.sync import run as running
from provisioning.inventory.sync.specs import SPECS


class Command(BaseCommand):
    help = "Sync one cloud, or all of them, in this process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="the cloud's name or UUID")
        parser.add_argument("--all", action="store_true", help="every cloud that is switched on")
        parser.add_argument("--kind", action="append", default=[], choices=list(SPECS), help="only these kinds")

    def handle(self, *args: Any, name: str | None = None, **options: Any) -> None:
        clouds = Cloud.objects.filter(is_enabled=True)
        if not options["all"]:
            if not name:
                raise CommandError("Name a cloud, or say --all.")
            clouds = clouds.filter(uuid=name) if _is_uuid(name) else clouds.filter(name=name)
            if not clouds:
                raise CommandError(f"No cloud that is switched on is called {name}.")
        failed = 0
        for cloud in clouds:
            sync = queue.ask(cloud, options["kind"], requested_by="command line")
            if not running.run(sync):
                sync.refresh_from_db()
                self.stdout.write(f"{cloud}: another worker is at it (sync {sync.uuid}, {sync.state})")
                continue
            sync.refresh_from_db()
            took_s = (sync.finished_at - sync.started_at).total_seconds() if sync.finished_at and sync.started_at else 0
            self.stdout.write(
                f"{cloud}: {sync.state} in {took_s:.1f} s, {sync.objects_seen} objects seen, "
                f"{sync.rows_written} rows written" + (f": {sync.error}" if sync.error else "")
            )
            for slug, counts in sync.counts.items():
                trouble = counts.get("error") or counts.get("skipped")
                if trouble:
                    self.stdout.write(f"  {slug}: {trouble}")
            failed += sync.state == Sync.State.FAILED
        if failed:
            raise CommandError(f"{failed} of the syncs failed.")


def _is_uuid(text: str) -> bool:
    import uuid

    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
