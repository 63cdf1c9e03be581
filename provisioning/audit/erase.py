"""Taking a person's data off the trail without breaking the chain."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from provisioning.audit.models import AuditPersonalData
from provisioning.audit.record import record

BATCH = 1000


def data_of(person: str) -> QuerySet[AuditPersonalData]:
    """Rows that tell `person`: by UUID, or by the user name that was copied. Already erased ones are left out."""
    return AuditPersonalData.objects.filter(
        Q(person_id=person) | Q(name__iexact=person) | Q(name__iexact=person.strip()), erased_at__isnull=True
    )


def erase_person(person: str, *, reason: str) -> int:
    """Empty name, address, browser and personal fields of every row that tells `person`; returns how many.

    The events, their links and their commitments stay; what was behind the commitments cannot be found again, since
    the salt goes, too. The erasure itself is on the trail, without the name. Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("Erasing needs a reason: it stays on the trail.")
    # A name leads to the person's id, and the id to rows under an older name.
    ids = {row for row in data_of(person).values_list("person_id", flat=True).distinct() if row}
    erased = 0
    while True:
        rows = AuditPersonalData.objects.filter(
            Q(pk__in=data_of(person).values("pk")) | Q(person_id__in=ids), erased_at__isnull=True
        )
        chosen = list(rows.values_list("pk", flat=True)[:BATCH])
        if not chosen:
            break
        with transaction.atomic():
            erased += AuditPersonalData.objects.filter(pk__in=chosen).update(
                name="", client_ip="", user_agent="", details={}, salt="", erased_at=timezone.now()
            )
    record("audit.erase_person", obj_type="person", obj_id=next(iter(ids), ""), reason=reason,
           after={"rows_erased": erased})  # fmt: skip
    return erased
