"""A proxy's address can hold a password: stored ones are encrypted where they stand."""

from typing import Any

from django.db import migrations

import provisioning.secrets.fields
from provisioning.secrets import keyring


def _each(schema_editor: Any, change: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, proxy_url FROM inventory_cloud WHERE proxy_url <> ''")
        for key, value in cursor.fetchall():
            cursor.execute("UPDATE inventory_cloud SET proxy_url = %s WHERE id = %s", [change(value), key])


def encrypt(apps: Any, schema_editor: Any) -> None:
    _each(schema_editor, keyring.encrypt)


def decrypt(apps: Any, schema_editor: Any) -> None:
    _each(schema_editor, keyring.decrypt)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]
    operations = [
        migrations.AlterField("cloud", "proxy_url", provisioning.secrets.fields.EncryptedTextField(blank=True)),
        migrations.RunPython(encrypt, decrypt),
    ]
