"""The fixtures themselves: the cast can sign in, and the small cloud hangs together."""

from __future__ import annotations

import pytest
import redis
import requests


@pytest.mark.django_db
def test_cast_and_cloud(cast, small_cloud):
    assert len(cast.everybody()) == 6
    model = type(small_cloud.instances[0])
    assert model.objects.for_user(cast.admin).count() == 4
    assert model.objects.for_user(cast.tenant_user).count() == 3
    assert model.objects.for_user(cast.outsider).count() == 1


def test_browser(page_as, admin):
    page = page_as(admin)
    assert page.goto("/healthz").status == 200


def test_simulator(simulator):
    assert requests.get(simulator.url, timeout=5).status_code == 401


def test_valkey(valkey_url):
    assert redis.Redis.from_url(valkey_url).ping()
