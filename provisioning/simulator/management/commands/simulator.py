"""``manage.py simulator``: a simulated CloudStack management server on its own socket."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from provisioning.simulator import cli


class Command(BaseCommand):
    """Serve until interrupted."""

    help = "A simulated CloudStack management server on its own socket."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        import argparse

        code = cli.run(argparse.Namespace(**options))
        if code:
            sys.exit(code)
