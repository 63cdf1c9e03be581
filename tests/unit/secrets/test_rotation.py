"""Stored secrets: never readable in the database, rotated without a gap, and one clear sentence without a key."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from provisioning.accounts.models import Tenant
from provisioning.audit.models import AuditEvent
from provisioning.inventory.models import Cloud
from provisioning.secrets import keyring
from provisioning.secrets.rotation import encrypted_fields, rotate_all

NEW = Fernet.generate_key().decode()


def stored(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT secret_key FROM {table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def some(count: int) -> None:
    Cloud.objects.create(name="c", api_url="http://c/client/api", api_key="k", secret_key="secret of the cloud")
    for number in range(count):
        secret = f"secret {number}" if number else ""
        Tenant.objects.create(
            cloud_uuid=uuid.uuid4(), name=f"t{number}", domain_cloudstack_id="d", account_name=f"t{number}",
            secret_key=secret,
        )  # fmt: skip


@pytest.mark.django_db
def test_the_database_never_sees_a_secret() -> None:
    some(2)
    for token in stored("inventory_cloud") + stored("accounts_tenant")[1:]:
        assert "secret" not in token
    assert stored("accounts_tenant")[0] == ""
    assert Cloud.objects.get().secret_key == "secret of the cloud"


def test_every_model_with_secrets_is_known() -> None:
    assert {model._meta.label for model, _names in encrypted_fields()} >= {"inventory.Cloud", "accounts.Tenant"}


@pytest.mark.django_db
def test_rotation_moves_everything_to_the_newest_key_and_can_be_repeated(settings: Any) -> None:
    old = settings.ENCRYPTION_KEYS
    some(250)
    settings.ENCRYPTION_KEYS = [NEW, *old]
    first = rotate_all()
    assert (first.rotated, first.kept, first.unreadable) == (250, 0, [])
    second = rotate_all()
    assert (second.rotated, second.kept) == (0, 250)
    settings.ENCRYPTION_KEYS = [NEW]
    assert Cloud.objects.get().secret_key == "secret of the cloud"
    assert Tenant.objects.get(name="t249").secret_key == "secret 249"


@pytest.mark.django_db
def test_a_rotation_that_was_stopped_goes_on(settings: Any) -> None:
    old = settings.ENCRYPTION_KEYS
    some(3)
    settings.ENCRYPTION_KEYS = [NEW, *old]
    cloud = Cloud.objects.get()
    cloud.save()  # one value is under the newest key already
    outcome = rotate_all()
    assert (outcome.rotated, outcome.kept) == (2, 1)


@pytest.mark.django_db
def test_the_command_says_what_no_key_opens_and_stands_on_the_trail(settings: Any) -> None:
    some(1)
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match=r"inventory.cloud \d+ secret_key"):
        call_command("rotate_secrets", stdout=io.StringIO())
    assert AuditEvent.objects.get(action="secrets.rotate").result == "failed"


def test_without_keys_there_is_one_sentence(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = []
    with pytest.raises(ImproperlyConfigured, match="ZONEWRIGHT_ENCRYPTION_KEYS is empty"):
        keyring.encrypt("x")
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(keyring.CannotDecrypt, match="No key of ZONEWRIGHT_ENCRYPTION_KEYS opens"):
        keyring.decrypt(Fernet(Fernet.generate_key()).encrypt(b"x").decode())
