"""Refused writes of somebody signed in leave a row, whichever way they came; reading and floods do not."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from portal.attempts import MOST_A_MINUTE
from provisioning.accounts.models import ApiToken
from provisioning.accounts.tokens import digest_of, new_token
from provisioning.audit.models import AuditEvent, AuditPersonalData
from provisioning.inventory import models as m

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()


def _attempts():
    return list(AuditEvent.objects.filter(action="access.attempt").order_by("id"))


@pytest.mark.parametrize(("who", "status"), [("auditor", 403), ("tenant_user", 404)])
def test_a_refused_form_is_on_the_trail(cast, small_cloud, client, who, status):
    person = getattr(cast, who)
    client.force_login(person)
    path = reverse("clouds:sync", args=[small_cloud.cloud.uuid])
    answer = client.post(path, headers={"User-Agent": "Probe/1"}, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == status
    [row] = _attempts()
    actor = AuditPersonalData.objects.get(event_uuid=row.uuid, part="actor")
    assert (row.result, row.object_name) == ("denied", f"POST {path}")
    assert (row.actor_id, row.acting_role) == (str(person.uuid), person.role)
    assert (actor.name, actor.client_ip, actor.user_agent) == (person.username, "192.0.2.9", "Probe/1")
    assert row.request_id == answer["X-Request-Id"]
    assert not m.Sync.objects.exists()


@pytest.mark.parametrize(
    ("who", "scopes"), [("auditor", ["inventory:read", "clouds:write"]), ("operator", ["inventory:read"])]
)
def test_a_refused_call_of_the_api_is_on_the_trail(cast, small_cloud, who, scopes):
    person, raw = getattr(cast, who), new_token()
    ApiToken.objects.create(user=person, name="t", prefix=raw[:9], digest=digest_of(raw), scopes=scopes)
    path = reverse("api:sync", args=[small_cloud.cloud.uuid])
    answer = Client().post(path, {}, content_type="application/json", headers={"Authorization": f"Bearer {raw}"})
    assert answer.status_code == 403
    [row] = _attempts()
    assert (row.actor_id, row.result, row.error) == (str(person.uuid), "denied", answer.json()["detail"])


def test_reading_what_is_not_for_them_leaves_no_row(client, cast, small_cloud):
    client.force_login(cast.tenant_user)
    assert client.get(reverse("clouds:add")).status_code == 404
    assert not _attempts()


def test_trying_for_long_does_not_fill_the_trail(client, cast, small_cloud):
    client.force_login(cast.auditor)
    path = reverse("clouds:sync", args=[small_cloud.cloud.uuid])
    for _ in range(MOST_A_MINUTE + 5):
        assert client.post(path).status_code == 403
    assert len(_attempts()) == MOST_A_MINUTE
