"""The websocket as a browser meets it: real sessions, real rows, the real feed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings as project
from django.db import connection
from django.test import Client

from portal.live import consumers, feed, routing
from portal.live.database import in_database_thread
from provisioning.accounts.models import Membership, User
from provisioning.accounts.operations.signing_in import revoke_session
from provisioning.inventory.models import Sync
from provisioning.live import publish, publish_many
from provisioning.live.models import LiveEvent
from tests import factories
from tests.integration.live.browser import Browser

pytestmark = pytest.mark.django_db(transaction=True)
TIMEOUT_S = 8


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The in-memory channel layer does not reach from thread to thread at once: look often."""
    monkeypatch.setattr(feed, "POLL_S", 0.05)


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[project.SESSION_COOKIE_NAME].value


@asynccontextmanager
async def socket(
    session: str | None, origin: str = "http://testserver", application: Any = None, host: str = "testserver"
):
    headers = [(b"origin", origin.encode()), (b"host", host.encode())]
    if session is not None:
        headers.append((b"cookie", f"{project.SESSION_COOKIE_NAME}={session}".encode()))
    communicator = Browser(application or routing.websocket_application, "/ws/live/", headers=headers)
    yield communicator
    await communicator.disconnect(timeout=TIMEOUT_S)


async def opened(communicator: Browser, *topics: str, after: int | None = None) -> dict[str, Any]:
    accepted, _ = await communicator.connect(timeout=TIMEOUT_S)
    assert accepted
    await communicator.send_json_to({"subscribe": list(topics), "after": after})
    return await communicator.receive_json_from(timeout=TIMEOUT_S)


async def events(communicator: Browser, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < number:
        message = await communicator.receive_json_from(timeout=TIMEOUT_S)
        found += message.get("events", [])
    return found


async def close_code(communicator: Browser) -> int:
    while True:
        message = await communicator.receive_output(timeout=TIMEOUT_S)
        if message["type"] == "websocket.close":
            return int(message["code"])


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


@pytest.mark.parametrize("session", [None, "", "nobodys-session-key-nobodys-sess"])
def test_who_is_not_signed_in_is_closed_with_4401(session: str | None) -> None:
    async def scenario() -> None:
        async with socket(session) as browser:
            await browser.connect(timeout=TIMEOUT_S)
            assert await close_code(browser) == 4401

    run(scenario)


@pytest.mark.parametrize(
    ("origin", "host", "is_ours"),
    [
        ("https://console.example", "console.example", True),
        ("https://console.example", "console.example:443", True),
        ("http://console.example:8000", "console.example:8000", True),
        ("http://evil.example", "console.example", False),
        ("http://evil.example", "evil.example", False),
        ("http://console.example:9999", "console.example:8000", False),  # somebody else's page on the same machine
        ("https://console.example:8443", "console.example", True),  # behind a proxy, named in the settings
        ("null", "console.example", False),
    ],
)
def test_page_of_another_origin_gets_no_socket(
    operator: User, settings: Any, origin: str, host: str, is_ours: bool
) -> None:
    settings.ALLOWED_HOSTS = ["console.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://console.example:8443"]
    application = AllowedHostsOriginValidator(routing._sockets)
    session = session_of(operator)

    async def scenario() -> None:
        async with socket(session, origin, application, host) as browser:
            accepted, _ = await browser.connect(timeout=TIMEOUT_S)
            assert accepted is is_ours

    run(scenario)


def test_event_reaches_its_subscribers_after_the_commit(operator: User, cloud: Any) -> None:
    topic = f"cloud.{cloud.uuid}"
    session = session_of(operator)

    async def scenario() -> None:
        async with socket(session) as browser:
            answer = await opened(browser, topic)
            assert answer["subscribed"] == [topic]
            assert answer["refused"] == []
            await in_database_thread(publish, topic, "host.changed", {"name": "h1 <b>"})
            [event] = await events(browser, 1)
            assert (event["topic"], event["kind"], event["payload"]) == (topic, "host.changed", {"name": "h1 <b>"})

    run(scenario)


def test_topics_are_closed_by_default(
    small_cloud: factories.SmallCloud, tenant_user: User, outsider: User, acme: Any, globex: Any
) -> None:
    sync = Sync.objects.create(cloud=small_cloud.cloud)
    asked = {
        f"tenant.{acme.uuid}": True,
        f"user.{tenant_user.uuid}": True,
        f"tenant.{globex.uuid}": False,
        f"user.{outsider.uuid}": False,
        f"cloud.{small_cloud.cloud.uuid}": False,
        f"sync.{sync.uuid}": False,
        f"cloud.{uuid.uuid4()}": False,
        f"TENANT.{acme.uuid}": False,
        f"tenant.{acme.uuid.hex}": False,
        "everything": False,
        "tenant.": False,
        "": False,
    }
    session = session_of(tenant_user)

    async def scenario() -> None:
        async with socket(session) as browser:
            answer = await opened(browser, *asked)
            assert set(answer["subscribed"]) == {topic for topic, allowed in asked.items() if allowed}
            assert set(answer["refused"]) == {topic for topic, allowed in asked.items() if not allowed}
            # What is refused is not heard either; what is allowed still comes.
            await in_database_thread(
                publish_many,
                [
                    (f"cloud.{small_cloud.cloud.uuid}", "secret", {}),
                    (f"tenant.{globex.uuid}", "secret", {}),
                    (f"tenant.{acme.uuid}", "own", {}),
                ],
            )
            assert [event["kind"] for event in await events(browser, 1)] == ["own"]

    run(scenario)


@pytest.mark.parametrize("role", ["admin", "operator", "auditor"])
def test_infrastructure_roles_hear_every_topic(role: str, request: Any, cloud: Any, acme: Any) -> None:
    user = request.getfixturevalue(role)
    sync = Sync.objects.create(cloud=cloud)
    topics = {f"cloud.{cloud.uuid}", f"tenant.{acme.uuid}", f"sync.{sync.uuid}", f"user.{user.uuid}"}
    session = session_of(user)

    async def scenario() -> None:
        async with socket(session) as browser:
            assert set((await opened(browser, *topics))["subscribed"]) == topics

    run(scenario)


def test_browser_catches_up_from_where_it_was(operator: User, cloud: Any) -> None:
    topic = f"cloud.{cloud.uuid}"
    for number in range(5):
        publish(topic, "k", {"n": number})
    publish(f"cloud.{uuid.uuid4()}", "other", {})
    first = LiveEvent.objects.order_by("pk").first()
    assert first is not None
    session = session_of(operator)

    async def scenario() -> None:
        async with socket(session) as browser:
            await opened(browser, topic, after=first.pk + 1)
            assert [event["payload"]["n"] for event in await events(browser, 3)] == [2, 3, 4]
            await in_database_thread(publish, topic, "k", {"n": 5})
            assert [event["payload"]["n"] for event in await events(browser, 1)] == [5]

    run(scenario)


def test_too_much_to_catch_up_with_means_a_fresh_page(
    operator: User, cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "CATCH_UP_LIMIT", 3)
    topic = f"cloud.{cloud.uuid}"
    for number in range(5):
        publish(topic, "k", {"n": number})
    session = session_of(operator)

    async def scenario() -> None:
        async with socket(session) as browser:
            await opened(browser, topic, after=0)
            message = await browser.receive_json_from(timeout=TIMEOUT_S)
            assert message["reset"] is True
            await in_database_thread(publish, topic, "k", {"n": 5})
            assert [event["payload"]["n"] for event in await events(browser, 1)] == [5]

    run(scenario)


def test_revoked_session_is_closed_at_once(operator: User, cloud: Any) -> None:
    # Long enough that only the event can have done it.
    client = Client()
    client.force_login(operator)
    client.get("/")
    session = client.cookies[project.SESSION_COOKIE_NAME].value

    async def scenario() -> None:
        async with socket(session) as browser:
            await opened(browser, f"cloud.{cloud.uuid}")
            row = await in_database_thread(lambda: operator.browser_sessions.get())
            await in_database_thread(revoke_session, operator, row.uuid)
            assert await asyncio.wait_for(close_code(browser), 3) == 4401

    run(scenario)


def test_disabled_person_is_closed_by_the_regular_look(
    operator: User, cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.1)
    session = session_of(operator)

    async def scenario() -> None:
        async with socket(session) as browser:
            await opened(browser, f"cloud.{cloud.uuid}")
            await in_database_thread(lambda: User.objects.filter(pk=operator.pk).update(is_active=False))
            assert await close_code(browser) == 4401

    run(scenario)


def test_lost_membership_ends_the_topic(tenant_user: User, acme: Any) -> None:
    topic = f"tenant.{acme.uuid}"
    session = session_of(tenant_user)

    def leave() -> None:
        Membership.objects.filter(user=tenant_user).delete()
        publish(f"user.{tenant_user.uuid}", "membership.changed", {})

    async def scenario() -> None:
        async with socket(session) as browser:
            await opened(browser, topic)
            await in_database_thread(leave)
            answer = await browser.receive_json_from(timeout=TIMEOUT_S)
            assert answer["refused"] == [topic]
            await in_database_thread(publish, topic, "secret", {})
            assert await browser.receive_nothing(timeout=0.5)

    run(scenario)


@pytest.mark.parametrize(
    "text",
    [
        "no json", "[]", '"x"', "[" * 5000, '{"subscribe": "cloud.1"}', '{"subscribe": [1]}',
        '{"subscribe": [], "after": "1"}', '{"subscribe": [], "after": -1}', '{"subscribe": [], "after": true}',
        '{"subscribe": ["' + '", "'.join(f"cloud.{n}" for n in range(65)) + '"]}', '{"x": "' + "x" * 20_000 + '"}',
    ],
)  # fmt: skip
def test_message_that_no_page_sends_ends_the_socket(text: str, operator: User) -> None:
    session = session_of(operator)

    async def scenario() -> None:
        async with socket(session) as browser:
            await browser.connect(timeout=TIMEOUT_S)
            await browser.send_to(text_data=text)
            assert await close_code(browser) == 4400

    run(scenario)


def test_slow_browser_is_let_go_and_hinders_nobody(operator: User, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "EVENTS_PER_MESSAGE", 1)
    topic = f"cloud.{cloud.uuid}"
    session = session_of(operator)

    async def scenario() -> None:
        inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        stuck = asyncio.Event()

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send" and "events" in message["text"]:
                stuck.set()
                await asyncio.Event().wait()

        cookie = f"{project.SESSION_COOKIE_NAME}={session}".encode()
        scope = {"type": "websocket", "path": "/ws/live/", "headers": [(b"cookie", cookie)]}
        inbox.put_nowait({"type": "websocket.connect"})
        inbox.put_nowait({"type": "websocket.receive", "text": f'{{"subscribe": ["{topic}"]}}'})
        one = consumers.LiveSocket(scope, inbox.get, send)
        one._outbox = asyncio.Queue(2)
        slow = asyncio.create_task(one.run())
        async with socket(session) as browser:
            await opened(browser, topic)
            while not stuck.is_set():
                await in_database_thread(publish, topic, "k", {})
                await asyncio.sleep(0.05)
            for _ in range(4):
                await in_database_thread(publish, topic, "k", {})
            await asyncio.wait_for(slow, TIMEOUT_S)
            assert len(await events(browser, 5)) >= 5

    run(scenario)


def test_channel_layer_that_is_down_delays_and_loses_nothing(
    operator: User, cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        def __getattr__(self, name: str) -> Any:
            async def fail(*_args: Any) -> None:
                raise ConnectionError

            return fail

    monkeypatch.setattr(feed, "get_channel_layer", Down)
    topic = f"cloud.{cloud.uuid}"
    session = session_of(operator)

    async def scenario() -> None:
        async with socket(session) as browser:
            await opened(browser, topic)
            await in_database_thread(publish, topic, "k", {"n": 1})
            assert [event["payload"]["n"] for event in await events(browser, 1)] == [1]

    run(scenario)


@pytest.mark.postgres
def test_event_that_commits_after_a_higher_number_still_comes(operator: User, cloud: Any) -> None:
    """Two transactions: 7 is inserted first and committed last. SQLite has one writer, so it can't happen there."""
    if connection.vendor != "postgresql":
        pytest.skip("needs two writers at once: Postgres")
    from django.db import transaction

    topic = f"cloud.{cloud.uuid}"
    session = session_of(operator)

    async def scenario() -> None:
        inserted, release = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow_writer() -> None:
            with transaction.atomic():
                publish(topic, "k", {"n": "early number, late commit"})
                loop.call_soon_threadsafe(inserted.set)
                asyncio.run_coroutine_threadsafe(release.wait(), loop).result(TIMEOUT_S)

        async with socket(session) as browser:
            start = (await opened(browser, topic))["at"]
            writer = asyncio.create_task(in_database_thread(slow_writer))
            await inserted.wait()
            await in_database_thread(publish, topic, "k", {"n": "late number, early commit"})
            message = await browser.receive_json_from(timeout=TIMEOUT_S)
            assert [event["payload"]["n"] for event in message["events"]] == ["late number, early commit"]
            # A page that loses its connection now must come back for the one that isn't there yet.
            assert message["at"] == start
            release.set()
            await writer
            assert [event["payload"]["n"] for event in await events(browser, 1)] == ["early number, late commit"]
        async with socket(session) as browser:
            await opened(browser, topic, after=message["at"])
            assert {event["payload"]["n"] for event in await events(browser, 2)} == {
                "early number, late commit", "late number, early commit"
            }  # fmt: skip

    run(scenario)
