"""What a script relies on: no silent gaps, no silent "everything", errors it can read, a description it can fetch."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from provisioning.inventory import models as m

pytestmark = pytest.mark.django_db


def test_a_cursor_of_another_order_is_refused(call_as, operator, small_cloud):
    caller = call_as(operator)
    place = caller.get("instances/", limit=2).json()["next"].split("cursor=")[1]
    assert caller.get("instances/", limit=2, cursor=place, sort="name").status_code == 200  # the usual order
    for sort in ("-name", "state"):
        answer = caller.get("instances/", limit=2, cursor=place, sort=sort)
        assert answer.status_code == 400, sort
        assert [error["parameter"] for error in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize("cursor", ["n", "p", "nAAAA", "x12345678"])
def test_half_a_cursor_is_no_first_page(call_as, operator, cursor):
    assert call_as(operator).get("instances/", cursor=cursor).status_code == 400


def test_a_misspelt_field_starts_no_sync_of_everything(call_as, operator):
    answer = call_as(operator).post("sync/", {"kind": ["hosts"]})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": "kind", "detail": "There is no such field here."}]
    assert not m.Sync.objects.exists()


@pytest.mark.parametrize(("body", "place"), [("[]", ""), ("null", ""), ('{"kinds": "hosts"}', "kinds")])
def test_wrong_bodies_are_told_in_words(call_as, operator, body, place):
    answer = call_as(operator).post("sync/", body)
    [error] = answer.json()["errors"]
    assert answer.status_code == 400
    assert error["parameter"] == place
    assert "ErrorDetail" not in error["detail"] and "[" not in error["detail"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/vnd.oai.openapi+json"])
def test_the_description_is_there_under_the_usual_type(call_as, operator, accept):
    answer = call_as(operator).get("/api/v1/schema/", headers={"Accept": accept})
    assert answer.status_code == 200
    assert json.loads(answer.content)["openapi"].startswith("3.")


def test_a_problem_of_health_is_not_described_as_an_error(call_as, operator):
    schemas = json.loads(call_as(operator).get("/api/v1/schema/").content)["components"]["schemas"]
    assert "impact" in schemas["Problem"]["properties"] and "request_id" not in schemas["Problem"]["properties"]
    assert {"request_id", "status"} <= set(schemas["ProblemDocument"]["properties"])


def test_no_token_is_told_how_to_bring_one(small_cloud):
    answer = Client().get("/api/v1/clouds/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
