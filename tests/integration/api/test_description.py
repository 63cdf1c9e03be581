"""The API keeps what its own description promises: schemathesis makes calls from it, good ones and absurd ones."""

from __future__ import annotations

import json
import uuid

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from provisioning.inventory import models as m

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
QUICK = ("instances_list", "networks_list", "jobs_list", "changes_list", "segments_list", "clouds_sync",
         "capacity_series", "hosts_get", "segment_maps", "health_problems")  # fmt: skip


@pytest.fixture(scope="module")
def described():
    # Through JSON: what a client would read, without lazy translations.
    raw = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
    schema = schemathesis.openapi.from_dict(raw)
    schema.app = get_wsgi_application()
    return {operation.ok().definition.raw["operationId"]: operation.ok() for operation in schema.get_all_operations()}


def _fuzz(operation, token, cloud, examples):
    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def run(case):
        # Most calls meet the cloud that is there; the others are strangers.
        if isinstance(case.path_parameters, dict) and len(str(case.query)) % 4:
            case.path_parameters["cloud"] = str(cloud.uuid)
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

    run()


@pytest.fixture
def filled(small_cloud, monkeypatch):
    from portal.api.throttling import ReadThrottle, WriteThrottle

    # The WSGI handler would close the test's own connection after each call.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    for throttle in (ReadThrottle, WriteThrottle):
        monkeypatch.setattr(throttle, "get_rate", lambda self: "1000000/min")
    cloud, owner = small_cloud.cloud, small_cloud.tenants["acme-dev"].uuid
    host, instance = small_cloud.hosts[0], small_cloud.instances[0]
    now = host.changed_at
    m.AsyncJob.objects.create(cloud=cloud, cloudstack_id=str(uuid.uuid4()), command="x.DeployVMCmd", status=2,
                              result_text='{"errorcode":530}', instance_type="VirtualMachine",
                              instance_cloudstack_id=instance.cloudstack_id, tenant_uuid=owner)  # fmt: skip
    m.CloudEvent.objects.create(cloud=cloud, cloudstack_id=str(uuid.uuid4()), event_type="VM.START", created_at=now)
    m.CloudAlert.objects.create(cloud=cloud, cloudstack_id=str(uuid.uuid4()), name="ALERT", sent_at=now)
    m.ChangeEvent.objects.create(cloud=cloud, kind="hosts", object_uuid=host.uuid, change="changed")
    yield cloud
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize("name", QUICK)
@pytest.mark.fuzz
def test_promises_are_kept(name, described, filled, operator, token_of):
    _fuzz(described[name], token_of(operator), filled, 12)


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.fuzz
def test_all_promises_are_kept(described, filled, operator, tenant_user, token_of):
    for who in (operator, tenant_user):
        token = token_of(who)
        for operation in described.values():
            _fuzz(operation, token, filled, 12)


def test_every_operation_has_a_name_of_its_own_and_can_fail_with_a_problem(described):
    assert len(described) > 90
    for name, operation in described.items():
        for status in ("401", "404", "500"):
            content = operation.definition.raw["responses"][status]["content"]
            assert list(content) == ["application/problem+json"], (name, status)


@pytest.mark.django_db
def test_the_description_is_for_people_with_an_account(client, client_of, auditor):
    assert client.get("/api/v1/schema/").status_code == 401
    assert client.get("/api/v1/docs/").status_code == 302
    mine = client_of(auditor)
    assert mine.get("/api/v1/schema/").json()["openapi"].startswith("3.")
    page = mine.get("/api/v1/docs/").content.decode()
    assert "<script>" not in page and "style=" not in page and "https://" not in page
