"""Every list and every page of an object answers for every role, and shows to each what they may see."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from provisioning.inventory.kinds import KINDS
from tests.factories import make

pytestmark = pytest.mark.django_db
MEMBER_KINDS = {slug for slug, kind in KINDS.items() if kind.model.scope != "infrastructure"}


def list_url(cloud, slug, **params):
    from urllib.parse import urlencode

    return reverse("inventory:list", args=[cloud.uuid, slug]) + (f"?{urlencode(params, doseq=True)}" if params else "")


@pytest.mark.parametrize("slug", KINDS)
def test_every_list_answers(slug, client_of, operator, tenant_user, small_cloud):
    answer = client_of(operator).get(list_url(small_cloud.cloud, slug))
    assert answer.status_code == 200
    assert KINDS[slug].plural.lower() in answer.content.decode().lower()
    theirs = client_of(tenant_user).get(list_url(small_cloud.cloud, slug))
    assert theirs.status_code == (200 if slug in MEMBER_KINDS else 404)


@pytest.mark.parametrize("slug", KINDS)
def test_every_object_has_a_page_with_every_tab(slug, client_of, operator, small_cloud):
    obj = KINDS[slug].model.objects.filter(cloud=small_cloud.cloud).first()
    obj = obj or make(KINDS[slug].model, small_cloud.cloud, "the only one")
    client = client_of(operator)
    url = reverse("inventory:detail", args=[small_cloud.cloud.uuid, slug, obj.uuid])
    page = client.get(url)
    assert page.status_code == 200
    assert obj.cloudstack_id in page.content.decode()
    for tab in page.context["tabs"]:
        assert client.get(tab.url).status_code == 200, tab.key


@pytest.mark.parametrize("name", ["jobs", "events", "alerts", "changes", "segments"])
def test_every_record_list_answers(name, client_of, operator, tenant_user, small_cloud):
    url = reverse(f"inventory:{name}", args=[small_cloud.cloud.uuid])
    assert client_of(operator).get(url).status_code == 200
    assert client_of(tenant_user).get(url).status_code == (404 if name in {"alerts", "segments"} else 200)


def test_unknown_kind_object_and_cloud_look_the_same(client_of, operator, small_cloud):
    client, cloud = client_of(operator), small_cloud.cloud
    assert client.get(reverse("inventory:list", args=[cloud.uuid, "unicorns"])).status_code == 404
    assert client.get(reverse("inventory:detail", args=[cloud.uuid, "hosts", uuid.uuid4()])).status_code == 404
    assert client.get(reverse("inventory:list", args=[uuid.uuid4(), "hosts"])).status_code == 404
