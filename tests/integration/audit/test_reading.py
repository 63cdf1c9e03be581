"""Looking for events: every filter, pages by cursor, exports, and what is before and after."""

from __future__ import annotations

import csv
import io
import json
import uuid
from typing import Any

import pytest
from django.test import AsyncClient, Client

from portal.web.audit.diff import diff
from provisioning.accounts.models import User
from provisioning.audit.context import AuditContext, acting
from provisioning.audit.export import csv_rows, json_lines
from provisioning.audit.models import AuditEvent
from provisioning.audit.read import Filters, history_of, neighbours, page, stream
from provisioning.audit.record import record, record_refusal
from provisioning.audit.sealer import seal_all

CLOUD, TENANT = uuid.uuid4(), uuid.uuid4()


@pytest.fixture
def some(db: None) -> None:
    with acting(AuditContext("u-1", "marta", "operator", "10.20.0.14", "Firefox", "req-1")):
        record("cloud.change", obj_type="cloud", obj_id="c-1", obj_name="prod-eu", cloud_uuid=CLOUD, reason="CR-8812")
        record("cloud.sync", obj_type="cloud", obj_id="c-1", obj_name="prod-eu", cloud_uuid=CLOUD)
    with acting(AuditContext("u-2", "jonas", "auditor", "10.20.0.15", "Firefox", "req-2")):
        record_refusal("cloud.remove", obj_type="cloud", obj_id="c-2", obj_name="lab", error="Not for auditors.")
        record("person.create", obj_type="user", obj_id="u-3", obj_name="neo", tenant_uuid=TENANT, job_id="job-61")


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 4), (Filters(who="marta"), 2), (Filters(who="Marta"), 2), (Filters(who="u-2"), 2),
        (Filters(who="mart"), 0), (Filters(action="cloud.sync"), 1), (Filters(action="cloud."), 3),
        (Filters(object="prod"), 2), (Filters(object="c-2"), 1), (Filters(object="neo"), 1),
        (Filters(object_type="user"), 1), (Filters(result="denied"), 1), (Filters(cloud=CLOUD), 2),
        (Filters(tenant=TENANT), 1), (Filters(address="10.20.0.15"), 2), (Filters(request_id="req-1"), 2),
        (Filters(text="cr-8812"), 1), (Filters(text="job-61"), 1), (Filters(text="10.20.0.14"), 2),
        (Filters(text="not for"), 1), (Filters(who="marta", action="cloud.sync", result="success"), 1),
        (Filters(text="100%_"), 0),
    ],
)  # fmt: skip
def test_filters(some: None, filters: Filters, count: int) -> None:
    assert len(page(filters).entries) == count
    assert len(list(stream(filters, chunk=1))) == count


def test_pages_by_cursor_show_everything_once_in_both_directions(db: None) -> None:
    for number in range(25):
        record("cloud.sync", obj_id=number)
    seen: list[str] = []
    cursor = None
    while True:
        found = page(Filters(), before=cursor, size=10)
        seen += [entry.event.object_id for entry in found.entries]
        if found.older is None:
            break
        cursor = found.older
    assert seen == [str(number) for number in reversed(range(25))]
    newer = page(Filters(), after=found.newer, size=10)
    assert [entry.event.object_id for entry in newer.entries] == [str(number) for number in range(14, 4, -1)]


def test_an_event_says_when_it_is_not_sealed_yet(some: None, auditor: User, client_of: Any) -> None:
    client = client_of(auditor)
    assert "Not sealed yet" in client.get("/audit/").content.decode()
    seal_all()
    assert all(entry.seal and not entry.is_waiting for entry in page(Filters()).entries)
    assert "Not sealed yet" not in client.get("/audit/").content.decode()


def test_neighbours_and_history(some: None) -> None:
    event = AuditEvent.objects.get(action="cloud.sync")
    assert [entry.event.action for entry in neighbours(event)] == ["cloud.change", "cloud.sync"]
    assert [entry.event.action for entry in history_of("c-1")] == ["cloud.sync", "cloud.change"]


def test_markup_and_formulas_stay_text(db: None, auditor: User, client_of: Any) -> None:
    nasty = "=HYPERLINK(1)<script>alert(1)</script>"
    record(
        "cloud.change", obj_type="cloud", obj_id="x", obj_name=nasty, reason=nasty, before={"a": nasty}, after={"a": 1}
    )
    client = client_of(auditor)
    for path in ("/audit/", f"/audit/{AuditEvent.objects.get(action='cloud.change').uuid}/"):
        body = client.get(path).content.decode()
        assert "<script>alert" not in body and "&lt;script&gt;" in body
    rows = list(csv.DictReader(io.StringIO("".join(csv_rows(Filters(action="cloud.change"))))))
    assert rows[0]["object_name"].startswith("'=") and json.loads(rows[0]["before"]) == {"a": nasty}


async def _read(response: Any) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


@pytest.mark.django_db(transaction=True)
def test_exports_stream_what_the_page_shows_and_are_recorded(auditor: User) -> None:
    from asgiref.sync import async_to_sync

    for number in range(450):
        record("cloud.sync", obj_id=number)
    seal_all()
    login = Client()
    login.force_login(auditor, backend="django.contrib.auth.backends.ModelBackend")

    async def fetch(path: str) -> tuple[Any, bytes]:
        client = AsyncClient()
        client.cookies["sessionid"] = login.cookies["sessionid"].value
        response = await client.get(path)
        return response, await _read(response)

    response, body = async_to_sync(fetch)("/audit/export.jsonl?action=cloud.sync")
    lines = [json.loads(line) for line in body.decode().splitlines()]
    assert [line["event"]["object_id"] for line in lines] == [str(number) for number in range(450)]
    assert response["Content-Disposition"].endswith('.jsonl"') and response["Cache-Control"] == "no-store"
    _response, body = async_to_sync(fetch)("/audit/export.csv?action=cloud.sync")
    assert len(body.decode().splitlines()) == 451
    assert AuditEvent.objects.filter(action="audit.export").count() == 2
    assert list(json_lines(Filters(action="nothing.there"))) == []


def test_a_wrong_filter_shows_nothing_rather_than_everything(some: None, auditor: User, client_of: Any) -> None:
    client = client_of(auditor)
    for query in ("address=zz", "since=yesterday", "cloud=x"):
        response = client.get(f"/audit/?{query}")
        assert response.status_code == 400
        assert "prod-eu" not in response.content.decode()
        assert client.get(f"/audit/export.csv?{query}").status_code == 400


def test_before_and_after() -> None:
    found = diff({"a": 1, "b": "2.0", "gone": 1}, {"a": 1, "b": "3.0", "new": {"x": [1]}})
    assert [(line.kind, str(line.html)) for line in found.before] == [
        ("same", "  a: 1"), ("gone", "- b: &quot;<u>2</u>.0&quot;"), ("gone", "- gone: 1"),
    ]  # fmt: skip
    assert [line.kind for line in found.after] == ["same", "new", "new"]
    many = diff({str(number): 1 for number in range(20)}, {str(number): 1 for number in range(20)})
    assert (len(many.before), many.hidden) == (6, 14)
