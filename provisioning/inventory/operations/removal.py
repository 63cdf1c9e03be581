"""Emptying a cloud's tables in steps that nobody has to wait for."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Model

from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import AsyncJob, ChangeEvent, Cloud, CloudAlert, CloudEvent, RawAnswer

STEP_ROWS = 1000


def empty(cloud: Cloud) -> int:
    """Delete all rows of `cloud` in the mirror, STEP_ROWS a transaction. May be interrupted and repeated."""
    removed = 0
    models: list[type[Model]] = [kind.model for kind in reversed(KINDS.values())]
    models += [RawAnswer, ChangeEvent, AsyncJob, CloudEvent, CloudAlert]
    for model in models:
        while True:
            with transaction.atomic():
                some = list(
                    model._default_manager.filter(cloud=cloud).order_by().values_list("pk", flat=True)[:STEP_ROWS]
                )
                if some:
                    # Links inside the mirror are not checked by the database, so no order and no cascade is needed.
                    removed += model._default_manager.filter(pk__in=some)._raw_delete("default")
            if len(some) < STEP_ROWS:
                break
    return removed
