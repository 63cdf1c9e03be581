"""`manage.py audit verify | export | erase-person | seal | restart-heads`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from provisioning.audit import anchors, erase, export, read, sealer, verify
from provisioning.audit.record import record

INTACT, BROKEN, CANNOT = 0, 1, 2


class Command(BaseCommand):
    help = "Check, export and tend the audit trail. `verify` exits 0 when intact, 1 when broken, 2 when it cannot tell."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("verify", help="Is the chain whole? Names the first broken row and why.")
        check.add_argument("--heads", type=Path, help="A copy of the heads file kept elsewhere.")
        check.add_argument("--json", action="store_true", help="One JSON document instead of sentences.")
        check.add_argument("--quiet", action="store_true", help="No progress.")
        out = verbs.add_parser("export", help="JSON Lines (with links) or CSV to a file or standard output.")
        out.add_argument("--csv", action="store_true")
        out.add_argument("--output", type=Path)
        gone = verbs.add_parser("erase-person", help="Empty the personal data of a person; the chain stays whole.")
        gone.add_argument("person", help="User name or the person's UUID.")
        gone.add_argument("--reason", required=True)
        gone.add_argument("--yes", action="store_true", help="Do it; without, only says how many rows.")
        verbs.add_parser("seal", help="Chain what waits now (the sealer does it by itself).")
        again = verbs.add_parser(
            "restart-heads", help="After a restore from a backup: set the old heads aside, as evidence, and begin anew."
        )
        again.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        verbs = {
            "verify": self._verify, "export": self._export, "erase-person": self._erase, "seal": self._seal,
            "restart-heads": self._restart_heads,
        }  # fmt: skip
        try:
            verbs[options["verb"]](options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=CANNOT) from None

    def _verify(self, options: dict[str, Any]) -> None:
        heads = options["heads"]
        if heads is not None and not heads.exists():
            raise CommandError(f"There is no file {heads}.", returncode=CANNOT)
        shows = sys.stderr.isatty() and not options["quiet"]
        found = verify.verify(heads_file=heads, progress=self._progress if shows else None)
        if shows:
            self.stderr.write("\r\x1b[K", ending="")
        if options["json"]:
            self.stdout.write(json.dumps({key: _plain(value) for key, value in vars(found).items()}))
        else:
            self._say(found)
        if not found.intact:
            sys.exit(BROKEN)

    def _progress(self, done: int) -> None:
        self.stderr.write(f"\r{done:,} links checked", ending="")
        self.stderr.flush()

    def _say(self, found: verify.Verdict) -> None:
        if found.intact:
            self.stdout.write(
                f"Intact: {found.sealed_count:,} of {found.sealed_count:,} events link to the one before."
            )
            if found.waiting_count:
                self.stdout.write(f"{found.waiting_count:,} events wait for their link.")
            if found.anchored_at is not None:
                self.stdout.write(
                    f"Newest link {found.head_hash[:12]}…, head copied outside at "
                    f"{found.anchored_at:%Y-%m-%d %H:%M:%S} UTC (position {found.anchor_position:,})."
                )
        else:
            where = f" at position {found.broken_position:,}" if found.broken_position is not None else ""
            event = f", event {found.broken_event_uuid}" if found.broken_event_uuid else ""
            self.stdout.write(f"BROKEN{where}{event}: {found.problem}")
            self.stdout.write(f"{found.sealed_count:,} links before it are whole.")
        for warning in found.warnings:
            self.stdout.write(f"Warning: {warning}")

    def _export(self, options: dict[str, Any]) -> None:
        record("audit.export", obj_type="audit", after={"format": "csv" if options["csv"] else "jsonl"})
        rows = export.csv_rows(read.Filters()) if options["csv"] else export.json_lines(read.Filters())
        if options["output"] is None:
            for row in rows:
                self.stdout.write(row, ending="")
            return
        with options["output"].open("w", encoding="utf-8", newline="") as file:
            file.writelines(rows)

    def _erase(self, options: dict[str, Any]) -> None:
        if not options["yes"]:
            count = erase.data_of(options["person"]).count()
            self.stdout.write(f"{count:,} rows tell this person. Add --yes to empty them; it cannot be undone.")
            return
        try:
            count = erase.erase_person(options["person"], reason=options["reason"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count:,} rows emptied. Backups made before still hold them.")

    def _seal(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{sealer.seal_all():,} events linked.")
        anchors.write_head()

    def _restart_heads(self, options: dict[str, Any]) -> None:
        last = anchors.last_head()
        kept = anchors.set_aside(timezone.now().strftime("%Y%m%dT%H%M%SZ"))
        record(
            "audit.restart_heads",
            obj_type="audit",
            reason=options["reason"],
            before={"position": last.position, "hash": last.hash} if last else {},
        )
        sealer.seal_all()
        anchors.write_head()
        self.stdout.write(f"A new series of heads begins; the old one is kept as {kept.name if kept else 'nothing'}.")


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str | list) else str(value)
