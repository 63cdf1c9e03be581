"""Celery's door to the outbox."""

from __future__ import annotations

from celery import shared_task

from provisioning.notify import outbox


@shared_task(name="notify.deliver_due")  # type: ignore[untyped-decorator]
def deliver_due_messages() -> int:
    """Deliver what is due. May run twice at once: each message is claimed by one."""
    return outbox.deliver_due()
