"""Re-encrypting every stored secret under the newest key, so that an old key can be taken out of the ring.

Resumable: a value that only the newest key opens is left alone, so a run that was stopped goes on where it was. Small
transactions with the rows locked; a value that changed meanwhile was written under the newest key anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from provisioning.secrets import keyring
from provisioning.secrets.fields import EncryptedTextField

BATCH = 100


@dataclass
class Outcome:
    """Counts of one run; `unreadable` names rows ("inventory.cloud 7 secret_key") that no key of the ring opens."""

    rotated: int = 0
    kept: int = 0
    unreadable: list[str] = field(default_factory=list)


def encrypted_fields() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Every model with secrets and the columns' field names."""
    for model in apps.get_models():
        names = [one.name for one in model._meta.concrete_fields if isinstance(one, EncryptedTextField)]
        if names:
            yield model, names


def rotate_all(progress: Callable[[str, Outcome], None] | None = None) -> Outcome:
    """Rotate every secret of every model. Raises ImproperlyConfigured when the ring is empty."""
    keyring.ring()
    newest = Fernet(settings.ENCRYPTION_KEYS[0])
    outcome = Outcome()
    for model, names in encrypted_fields():
        _rotate_model(model, names, newest, outcome)
        if progress is not None:
            progress(model._meta.label, outcome)
    return outcome


def _rotate_model(model: type[models.Model], names: list[str], newest: Fernet, outcome: Outcome) -> None:
    # The tokens as stored, past the field's own decryption.
    stored = {f"stored_{name}": Cast(name, TextField()) for name in names}
    columns = {one.name: str(one.column) for one in model._meta.concrete_fields}
    last = None
    table = connection.ops.quote_name(model._meta.db_table)
    key = connection.ops.quote_name(str(model._meta.pk.column if model._meta.pk else "id"))
    while True:
        with transaction.atomic():
            rows = model._default_manager.order_by("pk").select_for_update()
            if last is not None:
                rows = rows.filter(pk__gt=last)
            batch = list(rows.annotate(**stored).values("pk", *stored)[:BATCH])
            for row in batch:
                last = row["pk"]
                for name in names:
                    token = row[f"stored_{name}"]
                    if not token:
                        continue
                    fresh = _fresh(token, newest)
                    if fresh is None:
                        outcome.kept += 1
                    elif fresh == "":
                        outcome.unreadable.append(f"{model._meta.label_lower} {row['pk']} {name}")
                    else:
                        column = connection.ops.quote_name(columns[name])
                        with connection.cursor() as cursor:
                            # Names come from the models; the ORM would encrypt the token once more.
                            cursor.execute(
                                f"UPDATE {table} SET {column} = %s WHERE {key} = %s",  # noqa: S608
                                [fresh, row["pk"]],
                            )
                        outcome.rotated += 1
        if len(batch) < BATCH:
            return


def _fresh(token: str, newest: Fernet) -> str | None:
    """The token under the newest key; None when it is already, "" when no key opens it."""
    try:
        newest.decrypt(token.encode())
        return None
    except InvalidToken:
        pass
    try:
        return keyring.rotate(token)
    except keyring.CannotDecrypt:
        return ""
