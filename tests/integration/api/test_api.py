"""The API: who gets what, strict parameters, cursors, problem documents, writes."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from provisioning.audit.models import AuditEvent
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS
from tests import factories

pytestmark = pytest.mark.django_db
MEMBER_KINDS = {slug for slug, kind in KINDS.items() if kind.model.scope != "infrastructure"}
RECORDS = ("jobs", "events", "alerts", "changes", "segments")
INFRASTRUCTURE_FIELDS = {"host", "pod", "cluster", "storage_pool", "segment_id", "broadcast_uri", "internal_name"}


@pytest.mark.parametrize("slug", [*KINDS, *RECORDS])
def test_every_list_is_there_for_whom_it_is(slug, call_as, operator, tenant_user):
    assert call_as(operator).get(f"{slug}/").status_code == 200
    allowed = slug in MEMBER_KINDS or slug in {"jobs", "events", "changes"}
    assert call_as(tenant_user).get(f"{slug}/").status_code == (200 if allowed else 404)
    assert call_as(None).get(f"{slug}/").status_code == 401


@pytest.mark.parametrize("slug", KINDS)
def test_every_object_can_be_fetched(slug, call_as, operator, small_cloud):
    row = KINDS[slug].model.objects.filter(cloud=small_cloud.cloud).first()
    row = row or factories.make(KINDS[slug].model, small_cloud.cloud, "the only one")
    body = call_as(operator).get(f"{slug}/{row.uuid}/").json()
    assert (body["kind"], body["uuid"], body["cloudstack_id"]) == (slug, str(row.uuid), row.cloudstack_id)
    assert not {"id", "digest", "cloud"} & set(body)
    assert call_as(operator).get(f"{slug}/{row.uuid}/changes/").json() == {"results": []}


def test_members_get_their_own_objects_in_a_tenant_s_shape(call_as, tenant_user, outsider):
    mine = call_as(tenant_user).get("instances/").json()["results"]
    theirs = call_as(outsider).get("instances/").json()["results"]
    assert {row["name"] for row in mine} == {"acme-dev-vm-1", "acme-dev-vm-2", "acme-dev-vm-3"}
    assert {row["name"] for row in theirs} == {"globex-vm-4"}
    assert not INFRASTRUCTURE_FIELDS & set(mine[0])
    assert mine[0]["zone"] == {"kind": "zones", "name": "Sandbox-simulator"}
    assert call_as(tenant_user).get(f"instances/{theirs[0]['uuid']}/").status_code == 404
    volume = call_as(tenant_user).get("volumes/").json()["results"][0]
    assert "storage_pool" not in volume and "path" not in volume


def test_the_operator_sees_relations(call_as, operator, small_cloud):
    row = call_as(operator).get("instances/", host=str(small_cloud.hosts[0].uuid)).json()["results"]
    assert [one["host"]["name"] for one in row] == ["SimulatedAgent.0"]
    assert row[0]["tenant"]["name"] == "acme-dev"


def test_cursors_walk_forth_and_back_without_loss(call_as, operator, small_cloud):
    for number in range(23):
        factories.add_instance(small_cloud, "acme-dev", f"same-{number % 3}", memory_mib=None if number % 2 else number)
    caller = call_as(operator)
    for sort in ("name", "-name", "memory_mib", "-memory_mib", "-host"):
        seen, url, pages = [], None, []
        while True:
            answer = (
                caller.client.get(url, headers=caller.headers) if url else caller.get("instances/", sort=sort, limit=4)
            )
            body = answer.json()
            pages.append([row["uuid"] for row in body["results"]])
            seen += pages[-1]
            if not body["next"]:
                break
            url = body["next"]
        assert len(seen) == len(set(seen)) == 27, sort
        back = []
        while body["previous"]:
            body = caller.client.get(body["previous"], headers=caller.headers).json()
            back.append([row["uuid"] for row in body["results"]])
        assert back[::-1] == pages[:-1], sort


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"stat": "Up"}, "stat"),
        ({"sort": "colour"}, "sort"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "x"}, "cursor"),
        ({"zone": "fra-1"}, "zone"),
        ({"zone": str(uuid.uuid4())}, "zone"),
        ({"changed": "yesterday"}, "changed"),
        ({"changed": "9999-12-31T23:59:59-23:59"}, "changed"),
        ({"gone": "maybe"}, "gone"),
        ({"q": "\x00"}, "q"),
        ({"count": "maybe"}, "count"),
    ],
)
def test_what_cannot_be_meant_is_named(call_as, operator, params, parameter):
    answer = call_as(operator).get("hosts/", **params)
    body = answer.json()
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["parameter"] for error in body["errors"]] == [parameter]
    assert body["request_id"] == answer["X-Request-Id"]


def test_members_cannot_ask_by_what_they_cannot_see(call_as, tenant_user, small_cloud):
    answer = call_as(tenant_user).get("instances/", host=str(small_cloud.hosts[0].uuid))
    assert answer.status_code == 400
    assert call_as(tenant_user).get("instances/", sort="host").status_code == 400
    found = call_as(tenant_user).get("instances/", q=small_cloud.instances[0].internal_name).json()["results"]
    assert found == []


def test_count_is_only_given_when_asked(call_as, operator):
    assert "count" not in call_as(operator).get("hosts/").json()
    assert call_as(operator).get("hosts/", count="true").json()["count"] == {"value": 4, "is_exact": True}


@pytest.mark.parametrize("state", ["revoked", "expired", "inactive", "unknown", "malformed"])
def test_dead_tokens_open_nothing(state, call_as, operator, token_of):
    from datetime import timedelta

    from django.utils import timezone

    past = timezone.now() - timedelta(minutes=1)
    fields = {"revoked": {"revoked_at": past}, "expired": {"expires_at": past}}.get(state, {})
    raw = token_of(operator, **fields)
    if state == "inactive":
        operator.is_active = False
        operator.save()
    raw = {"unknown": raw[:-1] + ("A" if raw[-1] != "A" else "B"), "malformed": "zw_é"}.get(state, raw)
    answer = Client().get("/api/v1/clouds/", headers={"Authorization": f"Bearer {raw}"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_wrong_token_does_not_fall_back_to_the_session(client_of, operator):
    client = client_of(operator)
    assert client.get("/api/v1/clouds/").status_code == 200
    assert client.get("/api/v1/clouds/", headers={"Authorization": "Bearer zw_wrong"}).status_code == 401


def test_scopes_narrow(call_as, operator, tenant_user):
    caller = call_as(operator, "capacity:read")
    assert caller.get("hosts/").status_code == 403
    assert "inventory:read" in caller.get("hosts/").json()["detail"]
    assert caller.get("capacity/").status_code == 200
    assert call_as(tenant_user).get("capacity/").status_code == 404
    assert call_as(tenant_user).get("health/").status_code == 404
    assert call_as(operator).get("health/").status_code == 200
    assert call_as(operator).get("health/problems/").status_code == 200


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("nothing-here/", "get", 404),
        ("hosts/not-a-uuid/", "get", 404),
        ("/api/v1/nowhere", "get", 404),
        ("hosts/", "post", 405),
        ("hosts/", "delete", 405),
    ],
)
def test_other_errors_are_documents_too(call_as, operator, path, method, status):
    caller = call_as(operator)
    answer = getattr(caller.client, method)(caller.path(path), headers=caller.headers)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["request_id"] == answer["X-Request-Id"]


def test_only_json_is_offered_and_taken(call_as, admin):
    caller = call_as(admin)
    assert caller.get("hosts/", headers={"Accept": "image/png"}).status_code == 406
    answer = caller.post("sync/", b"<x/>", content_type="application/xml")
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")
    assert caller.post("sync/", b"{", content_type="application/json").status_code == 400


def test_the_slash_at_the_end_may_be_left_out(call_as, operator):
    assert call_as(operator).get("hosts").json() == call_as(operator).get("hosts/").json()


def test_a_failure_inside_is_a_document_with_the_request_id(call_as, operator, monkeypatch):
    from portal.api.inventory import objects

    def fail(*_args, **_options):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(objects, "relations_of", fail)
    answer = call_as(operator).get("hosts/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["request_id"] == answer["X-Request-Id"]
    assert "secret detail" not in answer.content.decode()


def test_too_many_calls_are_told_when_to_come_back(call_as, operator, monkeypatch):
    from portal.api.throttling import ReadThrottle

    monkeypatch.setattr(ReadThrottle, "get_rate", lambda self: "3/min")
    caller, other = call_as(operator), call_as(operator)
    answers = [caller.get("hosts/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert other.get("hosts/").status_code == 200, "another token has a budget of its own"


def test_a_sync_is_asked_for_once_by_name_and_written_down(call_as, operator, small_cloud):
    answer = call_as(operator).post("sync/", {"kinds": ["hosts"]})
    assert answer.status_code == 202
    sync = m.Sync.objects.get(cloud=small_cloud.cloud)
    assert answer.json()["uuid"] == str(sync.uuid)
    assert answer["Location"].endswith(f"/clouds/{small_cloud.cloud.uuid}/syncs/{sync.uuid}/")
    assert call_as(operator).get(answer["Location"].removeprefix("http://testserver")).json()["kinds"] == ["hosts"]
    event = AuditEvent.objects.get(action="cloud.sync")
    assert event.request_id == answer["X-Request-Id"]
    assert event.actor_id == str(operator.uuid) or event.actor_name


@pytest.mark.parametrize("who", ["auditor", "tenant_user"])
def test_who_may_not_ask_for_a_sync(who, call_as, cast):
    assert call_as(getattr(cast, who)).post("sync/", {}).status_code == 403
    assert not m.Sync.objects.exists()


def test_writes_by_session_need_the_csrf_token(operator, small_cloud):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    path = f"/api/v1/clouds/{small_cloud.cloud.uuid}/sync/"
    assert client.post(path, {}, content_type="application/json").status_code == 403
    assert not m.Sync.objects.exists()
    client.get("/api/v1/docs/")
    token = client.cookies["csrftoken"].value
    answer = client.post(path, {}, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 202


def test_nothing_wrong_in_the_body_of_a_sync_starts_one(call_as, operator):
    answer = call_as(operator).post("sync/", {"kinds": ["unicorns"]})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": "kinds[0]", "detail": '"unicorns" is not a valid choice.'}]
    assert not m.Sync.objects.exists()


def test_a_body_that_is_nested_too_deeply_is_the_callers_mistake(call_as, operator):
    answer = call_as(operator).post("sync/", '{"kinds":' + "[" * 100_000)
    assert answer.status_code == 400
    assert not m.Sync.objects.exists()


def test_a_filter_takes_only_so_many_values(call_as, operator):
    answer = call_as(operator).get("hosts/", state=[f"s{number}" for number in range(51)])
    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == ["state"]


def test_nothing_of_the_mirrors_own_bookkeeping_is_shown(call_as, operator):
    [*_, row] = call_as(operator).get("hosts/").json()["results"]
    assert not {key for key in row if key == "id" or "digest" in key}


def test_clouds_never_show_their_keys(call_as, admin, tenant_user, small_cloud):
    body = call_as(admin).get("/api/v1/clouds/").content.decode()
    assert small_cloud.cloud.name in body
    assert "test-api-key" not in body and "test-secret-key" not in body
    (mine,) = call_as(tenant_user).get("/api/v1/clouds/").json()["results"]
    assert set(mine) == {"uuid", "name", "state", "last_complete_sync_at"}


def test_raw_is_for_people_who_see_infrastructure(call_as, operator, tenant_user, small_cloud):
    import json
    import zlib

    instance = small_cloud.instances[0]
    m.RawAnswer.objects.create(
        cloud=small_cloud.cloud, kind="instances", cloudstack_id=instance.cloudstack_id,
        body=zlib.compress(json.dumps({"id": "x", "password": "hunter2", "hostname": "h"}).encode()),
    )  # fmt: skip
    body = call_as(operator).get(f"instances/{instance.uuid}/raw/").json()
    assert body["answer"]["hostname"] == "h" and "hunter2" not in json.dumps(body)
    assert call_as(tenant_user).get(f"instances/{instance.uuid}/raw/").status_code == 404


def test_members_read_changes_without_host_names(call_as, operator, tenant_user, small_cloud):
    instance = small_cloud.instances[0]
    m.ChangeEvent.objects.create(
        cloud=small_cloud.cloud, kind="instances", object_uuid=instance.uuid, object_name=instance.name,
        tenant_uuid=instance.tenant_uuid, change="changed", before={"host": "kvm-1", "state": "Stopped"},
        after={"host": "kvm-2", "state": "Running"},
    )  # fmt: skip
    (theirs,) = call_as(tenant_user).get("changes/").json()["results"]
    assert theirs["before"] == {"state": "Stopped"} and theirs["after"] == {"state": "Running"}
    (full,) = call_as(operator).get("changes/").json()["results"]
    assert full["after"]["host"] == "kvm-2"
