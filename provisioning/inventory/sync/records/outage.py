"""A cloud that falls silent between two full syncs: the frequent polls notice it first."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.cloudstack import AuthenticationFailed, Busy, CloudStackError, NotCloudStack, Unreachable
from provisioning.inventory.models import Cloud
from provisioning.inventory.sync.signals_free import tell_trouble

# More than one poll: a single dropped connection is not an outage.
SILENT_AFTER = timedelta(seconds=20)

_STATES: tuple[tuple[type[CloudStackError], Cloud.State], ...] = (
    (AuthenticationFailed, Cloud.State.REFUSED),
    (NotCloudStack, Cloud.State.BROKEN),
    (Unreachable, Cloud.State.UNREACHABLE),
    (Busy, Cloud.State.UNREACHABLE),
)


def notice(cloud: Cloud, error: CloudStackError) -> bool:
    """Mark a cloud that was well and has answered nobody for SILENT_AFTER. Returns whether it was marked here; the next
    sync that succeeds takes the mark away."""
    state = next((state for kind, state in _STATES if isinstance(error, kind)), None)
    if state is None:
        return False
    now = timezone.now()
    silent = Q(last_answer_at__isnull=True) | Q(last_answer_at__lt=now - SILENT_AFTER)
    with transaction.atomic():
        marked = Cloud.objects.filter(silent, pk=cloud.pk, state=Cloud.State.OK).update(
            state=state, last_error=error.sentence, last_error_at=now, last_error_kind=error.kind
        )
        if marked:
            transaction.on_commit(lambda: tell_trouble(cloud))
    return bool(marked)
