"""The transactional outbox: what must leave the house is a row of the change's own transaction, delivered afterwards.

Delivered at least once: a process killed between sending and noting it sends again. Receivers tell a repetition by the
message's UUID (`X-Zonewright-Delivery` of a webhook, `Message-ID` of a mail).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import requests
import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from provisioning.notify.models import OutboxMessage
from provisioning.secrets.redaction import redact_text

log = structlog.get_logger(__name__)

# While one process sends, the message is not due for anybody else; a killed one's becomes due again after this time.
LEASE = timedelta(minutes=2)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=6)
GIVE_UP_AFTER = 12  # attempts: about two days
CONNECT_S, ANSWER_S = 5.0, 15.0


class NotDelivered(Exception):
    """The message could not be handed over; one sentence."""


def enqueue(
    channel: str, recipient: str, *, subject: str = "", body: str = "", payload: dict[str, Any] | None = None
) -> OutboxMessage:
    """Put a message into the outbox, in the current transaction.

    `channel` is `mail` (`recipient` an address, `subject`, `body`) or `webhook` (`recipient` an http(s) URL,
    `payload`).
    Raises ValueError for another channel or a recipient of the wrong form.
    """
    if channel not in OutboxMessage.Channel.values:
        raise ValueError(f"{channel!r} is not a channel")
    if channel == OutboxMessage.Channel.WEBHOOK and not recipient.startswith(("https://", "http://")):
        raise ValueError("a webhook's recipient is an http(s) URL")
    if channel == OutboxMessage.Channel.MAIL and ("@" not in recipient or any(c in recipient for c in "\r\n,")):
        raise ValueError("a mail's recipient is one address")
    message = OutboxMessage.objects.create(
        channel=channel, recipient=recipient, subject=subject.replace("\n", " ")[:300], body=body, payload=payload or {}
    )
    transaction.on_commit(_wake, robust=True)
    return message


def _wake() -> None:
    from provisioning.notify.tasks import deliver_due_messages

    deliver_due_messages.delay()


def deliver_due(limit: int = 50) -> int:
    """Deliver up to `limit` messages that are due now. Returns how many were handed over. Must not be called inside
    a transaction: each one is sent outside of any."""
    handed_over = 0
    for _ in range(limit):
        message = _claim(timezone.now())
        if message is None:
            break
        handed_over += _deliver(message)
    return handed_over


def _claim(now: datetime) -> OutboxMessage | None:
    """Take the longest-due message by moving its due time; a race lost is a race repeated."""
    while True:
        due = OutboxMessage.objects.filter(state=OutboxMessage.State.PENDING, due_at__lte=now).order_by("due_at")
        message = due.first()
        if message is None:
            return None
        taken = OutboxMessage.objects.filter(
            pk=message.pk, state=OutboxMessage.State.PENDING, due_at=message.due_at
        ).update(due_at=now + LEASE, attempts=F("attempts") + 1)
        if taken:
            message.refresh_from_db()
            return message


def _deliver(message: OutboxMessage) -> bool:
    try:
        (_mail if message.channel == OutboxMessage.Channel.MAIL else _webhook)(message)
    except (NotDelivered, OSError) as error:
        # smtplib's errors are OSErrors. The text may hold the server's words, never our credentials.
        _postpone(message, redact_text(str(error) or type(error).__name__)[:500])
        return False
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=OutboxMessage.State.SENT, sent_at=timezone.now(), last_error=""
    )
    return True


def _postpone(message: OutboxMessage, why: str) -> None:
    is_over = message.attempts >= GIVE_UP_AFTER
    wait = min(FIRST_RETRY * 2 ** (message.attempts - 1), LONGEST_RETRY)
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=OutboxMessage.State.FAILED if is_over else OutboxMessage.State.PENDING,
        due_at=timezone.now() + wait,
        last_error=why,
    )
    log.log(40 if is_over else 30, "notify.not_delivered", message=str(message.uuid), attempt=message.attempts, why=why)


def _mail(message: OutboxMessage) -> None:
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    EmailMessage(
        message.subject, message.body, to=[message.recipient], headers={"Message-ID": f"<{message.uuid}@{host}>"}
    ).send()


def _webhook(message: OutboxMessage) -> None:
    try:
        answer = requests.post(
            message.recipient, json=message.payload, timeout=(CONNECT_S, ANSWER_S), allow_redirects=False, stream=True,
            headers={"X-Zonewright-Delivery": str(message.uuid), "User-Agent": "Zonewright"},
        )  # fmt: skip
    except requests.RequestException as error:
        raise NotDelivered(f"{type(error).__name__}: the receiver could not be reached") from error
    with answer:
        if not 200 <= answer.status_code < 300:
            raise NotDelivered(f"the receiver answered HTTP {answer.status_code}")
