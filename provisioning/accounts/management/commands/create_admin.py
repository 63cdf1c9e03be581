"""`manage.py create_admin`: the first administrator, or a way back in."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from provisioning.accounts.models import User, UserSession, tidy_username
from provisioning.audit.record import record


class Command(BaseCommand):
    help = "Make an administrator, or give an existing person the role and a new password."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--full-name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument("--generate", action="store_true", help="Make a random password and print it once.")
        parser.add_argument("--password-stdin", action="store_true", help="Read the password from standard input.")

    def handle(self, *args: Any, **options: Any) -> None:
        username = tidy_username(options["username"])
        person = User.objects.filter(username=username).first()
        password = self._password(options)
        try:
            validate_password(password, person or User(username=username, email=options["email"]))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():
            if person is None:
                person = User.objects.create_user(
                    username, password, full_name=options["full_name"], email=options["email"],
                    role=User.Role.ADMINISTRATOR,
                )  # fmt: skip
                record("person.create", obj_type="user", obj_id=person.uuid, obj_name=username,
                       reason="manage.py create_admin",
                       after={"username": username, "role": "administrator"})  # fmt: skip
            else:
                before = {"role": person.role, "is_active": person.is_active}
                person.role, person.is_active, person.is_demo = User.Role.ADMINISTRATOR, True, False
                person.set_password(password)
                person.save()
                UserSession.objects.filter(user=person, revoked_at__isnull=True).delete()
                record("person.change", obj_type="user", obj_id=person.uuid, obj_name=username, before=before,
                       reason="manage.py create_admin", after={"role": "administrator", "is_active": True})  # fmt: skip
        self.stdout.write(f"{username} is an administrator.")
        if options["generate"]:
            self.stdout.write(f"Password, shown this once: {password}")

    def _password(self, options: dict[str, Any]) -> str:
        if options["generate"]:
            return secrets.token_urlsafe(18)
        if options["password_stdin"]:
            return sys.stdin.readline().rstrip("\n")
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask on: use --generate or --password-stdin.")
        first = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != first:
            raise CommandError("The two passwords are not the same.")
        return first
