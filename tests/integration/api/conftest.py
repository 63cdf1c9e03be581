"""Tokens for the cast, and a caller that speaks for one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from provisioning.accounts.models import ApiToken, User
from provisioning.accounts.tokens import SCOPES, digest_of, new_token


@pytest.fixture(autouse=True)
def _fresh_throttles():
    cache.clear()


@pytest.fixture
def token_of(db: None) -> Callable[..., str]:
    def make(user: User, *scopes: str, **fields: Any) -> str:
        raw = new_token()
        ApiToken.objects.create(
            user=user, name="test", prefix=raw[:9], digest=digest_of(raw), scopes=list(scopes or SCOPES), **fields
        )
        return raw

    return make


class Caller:
    """`get("hosts/", state="Up")` below one cloud, or any path that begins with a slash."""

    def __init__(self, token: str, base: str) -> None:
        self.client, self.base = Client(raise_request_exception=False), base
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def path(self, path: str) -> str:
        return path if path.startswith("/") else self.base + path

    def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
        return self.client.get(self.path(path), params, headers={**self.headers, **(headers or {})})

    def post(self, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        return self.client.post(self.path(path), body, content_type=content_type, headers=self.headers)


@pytest.fixture
def call_as(small_cloud: Any, token_of: Callable[..., str]) -> Callable[..., Caller]:
    def make(user: User | None, *scopes: str) -> Caller:
        return Caller(token_of(user, *scopes) if user else "", f"/api/v1/clouds/{small_cloud.cloud.uuid}/")

    return make
