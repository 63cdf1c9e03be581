"""Background checks of the chain."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from provisioning.audit.models import AuditVerification
from provisioning.audit.verify import verify

DAILY = "scheduled"


@shared_task(name="audit.verify")  # type: ignore[untyped-decorator]
def verify_task(verification_uuid: str = "") -> None:
    """Check the whole chain and store what was found. Without a UUID (the schedule) it makes its own row."""
    if verification_uuid:
        row = AuditVerification.objects.filter(uuid=verification_uuid).first()
        if row is None or row.finished_at is not None:
            return
    else:
        row = AuditVerification.objects.create()
    run(row)


def run(row: AuditVerification) -> AuditVerification:
    """Check now and store the verdict in `row`."""
    Verdict = AuditVerification.Verdict
    try:
        found = verify()
    except Exception as error:
        row.verdict, row.problem = Verdict.FAILED, f"{type(error).__name__}: {error}"[:500]
        row.finished_at = timezone.now()
        row.save()
        raise
    row.verdict = Verdict.INTACT if found.intact else Verdict.BROKEN
    row.sealed_count, row.waiting_count, row.head_hash = found.sealed_count, found.waiting_count, found.head_hash
    row.anchor_position, row.anchored_at = found.anchor_position, found.anchored_at
    row.broken_position, row.broken_event_uuid = found.broken_position, found.broken_event_uuid
    row.problem, row.warnings = found.problem, found.warnings
    row.finished_at = timezone.now()
    row.save()
    return row
