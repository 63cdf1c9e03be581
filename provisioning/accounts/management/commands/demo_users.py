"""`manage.py demo_users`: one demo login per role, beside a demo cloud only."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from provisioning.accounts.demo import demo_users


class Command(BaseCommand):
    help = "Make or refresh one demo login per role; passwords are kept in demo-logins.json of ZONEWRIGHT_HOME (0600)."

    def handle(self, *args: Any, **options: Any) -> None:
        for login in demo_users():
            self.stdout.write(f"{login['role']:14} {login['username']:10} {login['password']}")
