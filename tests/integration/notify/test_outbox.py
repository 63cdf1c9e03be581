"""What is put into the outbox leaves once its transaction is committed, and again and again until it is taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from provisioning.notify import outbox
from provisioning.notify.models import OutboxMessage

pytestmark = pytest.mark.django_db


class Receiver(BaseHTTPRequestHandler):
    answers: list[int]
    got: list[tuple[str, dict[str, object]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).got.append((self.headers["X-Zonewright-Delivery"], body))
        self.send_response(type(self).answers.pop(0) if type(self).answers else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    handler = type("Handler", (Receiver,), {"answers": [], "got": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    server.server_close()


def test_mail_is_sent_once(settings) -> None:
    message = outbox.enqueue("mail", "ada@example.org", subject="Two\nlines", body="Hello")
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    assert [sent.subject for sent in mail.outbox] == ["Two lines"]
    assert str(message.uuid) in mail.outbox[0].extra_headers["Message-ID"]
    message.refresh_from_db()
    assert message.state == "sent"
    assert message.sent_at is not None


def test_webhook_is_repeated_until_taken(receiver) -> None:
    url, handler = receiver
    handler.answers = [500]
    message = outbox.enqueue("webhook", url, payload={"what": "host.down"})
    assert outbox.deliver_due() == 0
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("pending", 1)
    assert "500" in message.last_error
    assert outbox.deliver_due() == 0  # not due yet
    OutboxMessage.objects.update(due_at=timezone.now())
    assert outbox.deliver_due() == 1
    assert handler.got == [(str(message.uuid), {"what": "host.down"})] * 2


def test_a_receiver_that_never_answers_is_given_up(receiver) -> None:
    url, handler = receiver
    handler.answers = [302]
    message = outbox.enqueue("webhook", url)
    OutboxMessage.objects.update(attempts=outbox.GIVE_UP_AFTER - 1)
    outbox.deliver_due()
    message.refresh_from_db()
    assert message.state == "failed"


def test_a_killed_senders_message_becomes_due_again() -> None:
    outbox.enqueue("mail", "ada@example.org", subject="kept")
    claimed = outbox._claim(timezone.now())  # the process dies here
    assert claimed is not None
    assert outbox.deliver_due() == 0
    assert outbox._claim(timezone.now() + outbox.LEASE + timedelta(seconds=1)) == claimed


@pytest.mark.django_db(transaction=True)
def test_nothing_leaves_when_the_change_is_rolled_back() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.enqueue("mail", "ada@example.org", subject="never")
        raise RuntimeError
    assert outbox.deliver_due() == 0
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("channel", "recipient"),
    [("pigeon", "x"), ("webhook", "file:///etc/passwd"), ("mail", "nobody"), ("mail", "a@b\nBcc: c@d")],
)
def test_bad_recipients_are_refused(channel: str, recipient: str) -> None:
    with pytest.raises(ValueError, match=r"channel|recipient"):
        outbox.enqueue(channel, recipient)
