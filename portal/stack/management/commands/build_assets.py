"""`manage.py build_assets`: front-end parts from the npm lock, then collectstatic; quick when nothing changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.stack import assets


class Command(BaseCommand):
    help = "Builds static/vendor from package-lock.json and collects static files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="build even when nothing changed")
        parser.add_argument("--no-collect", action="store_true", help="leave STATIC_ROOT alone")

    def handle(self, *args: Any, force: bool = False, no_collect: bool = False, **options: Any) -> None:
        try:
            built = assets.build(force=force)
        except assets.AssetsFailed as error:
            raise CommandError(str(error)) from error
        collected = False if no_collect else assets.collect(force=force)
        if options["verbosity"]:
            words = ("built" if built else "unchanged", "collected" if collected else "in place")
            self.stdout.write(f"Assets: {', '.join(words)}.")
