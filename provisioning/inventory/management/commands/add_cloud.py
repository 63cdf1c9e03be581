"""`manage.py add_cloud NAME URL`: register a cloud; the keys come from the environment or from standard input."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.cloudstack import CloudStackError
from provisioning.inventory.errors import Refused
from provisioning.inventory.operations import clouds


class Command(BaseCommand):
    help = (
        "Register a CloudStack. CLOUD_API_KEY and CLOUD_SECRET_KEY hold the key pair; what is missing is asked for, so "
        "that no secret stands in the list of processes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("url", help="ends in /client/api")
        parser.add_argument("--ca-bundle", type=Path, help="a PEM file with the authorities to trust")
        parser.add_argument("--proxy", default="", help="outbound proxy, e.g. http://proxy.example.org:3128")
        parser.add_argument("--insecure", action="store_true", help="do not check the TLS certificate")

    def handle(self, *args: Any, **options: Any) -> None:
        bundle: Path | None = options["ca_bundle"]
        try:
            ca_text = bundle.read_text() if bundle else ""
        except OSError as error:
            raise CommandError(f"{bundle} cannot be read: {error.strerror}.") from None
        try:
            cloud = clouds.add_cloud(
                name=options["name"],
                api_url=options["url"],
                api_key=os.environ.get("CLOUD_API_KEY") or _ask("API key: "),
                secret_key=os.environ.get("CLOUD_SECRET_KEY") or _ask("Secret key: "),
                ca_bundle=ca_text,
                proxy_url=options["proxy"],
                verify_tls=not options["insecure"],
            )
        except (CloudStackError, Refused) as error:
            raise CommandError(error.sentence) from None
        self.stdout.write(
            f"{cloud.name}: CloudStack {cloud.version}, role {cloud.role_name or 'unknown'}, "
            f"{cloud.command_count} commands. Its first sync is asked for."
        )


def _ask(prompt: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return getpass.getpass(prompt)
