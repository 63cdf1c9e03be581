"""Every route × every role × own, foreign and absent objects, from one table. An unknown route fails."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from portal.live.authorise import allowed_topics, user_of_session
from provisioning.inventory.kinds import KINDS
from tests.permissions.rules import ANONYMOUS, ROLES, SIGNED_IN, Case, Rule, expected
from tests.permissions.table import AREAS, TOPICS
from tests.permissions.world import World, build


def routes(resolver: Any = None, space: str = "") -> Iterator[tuple[str, Any]]:
    """("namespace:name", pattern) of everything that the resolver knows."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{space}:{entry.name}" if space else str(entry.name), entry
        else:
            yield from routes(entry, entry.namespace or space)


def test_every_route_is_in_the_table() -> None:
    known = {rule.route for rules in AREAS.values() for rule in rules}
    real = {name for name, _entry in routes()}
    assert not real - known, f"These routes have no rule in tests/permissions/table.py: {sorted(real - known)}"
    assert not known - real, f"These rules name routes that are gone: {sorted(known - real)}"


@pytest.fixture(autouse=True)
def quiet_and_unhurried(settings: Any) -> Iterator[None]:
    """Thousands of requests: no line in the log for each, and no limit on how many a minute."""
    from django.core.cache import cache
    from rest_framework.throttling import SimpleRateThrottle

    patch = pytest.MonkeyPatch()
    patch.setattr(SimpleRateThrottle, "allow_request", lambda self, request, view: True)
    logging.disable(logging.WARNING)
    cache.clear()
    yield
    logging.disable(logging.NOTSET)
    patch.undo()


class Undo(Exception):
    """Takes a case's writes back."""


# Every kind goes through the same code: these stand for infrastructure, tenants' things and the catalogue with every
# role and with tokens, the other kinds are asked by the roles that differ.
REPRESENTATIVE = frozenset({"hosts", "instances", "networks", "templates"})
DIFFERENT = (ANONYMOUS, "admin", "alice", "bob")


def kind_of(rule: Rule, case: Case, world: World) -> str:
    slug = rule.route.removeprefix("api:").rpartition("-")[0]
    return slug if slug in KINDS else str(case.kwargs(world, ANONYMOUS).get("kind", ""))


def ask(world: World, rule: Rule, case: Case, role: str, *, token: bool = False) -> int:
    client = Client(raise_request_exception=False)
    headers = {}
    if role != ANONYMOUS:
        if token:
            headers["Authorization"] = f"Bearer {world.tokens[role]}"
        else:
            client.cookies["sessionid"] = world.sessions[role]
    kwargs = case.kwargs(world, role)
    path = reverse(rule.route, kwargs=kwargs) if rule.route != "api:elsewhere" else "/api/v1/"
    path += case.query
    values = case.data(world, role)
    status = 0
    try:
        with transaction.atomic():
            if case.method == "GET":
                response: HttpResponse = client.get(path, headers=headers)
            elif rule.api:
                response = client.generic(case.method, path, json.dumps(values), "application/json", headers=headers)
            else:
                response = client.generic(case.method, path, *_form(values), headers=headers)
            status = response.status_code
            # A page that leads to the sign-in is not a page that leads on.
            if status == 302 and role != ANONYMOUS and "/sign-in/" in response["Location"] and not rule.is_public:
                status = -302
            _close(response)
            raise Undo
    except Undo:
        pass
    return status


def _form(values: dict[str, Any]) -> tuple[str, str]:
    from urllib.parse import urlencode

    return urlencode(values, doseq=True), "application/x-www-form-urlencoded"


def _close(response: Any) -> None:
    """A streamed answer is never read here: who gets one is the question, not what is in it."""
    if getattr(response, "streaming", False) and getattr(response, "is_async", False):
        iterator = response._iterator
        if hasattr(iterator, "aclose"):
            asyncio.run(iterator.aclose())


@pytest.mark.parametrize("area", AREAS)
def test_matrix(area: str, db: None, record_property: Any) -> None:
    world = build()
    wrong = []
    asked = granted = 0
    for rule in AREAS[area]:
        for case in rule.cases:
            kind = kind_of(rule, case, world)
            thorough = not kind or kind in REPRESENTATIVE
            for role in ROLES if thorough else DIFFERENT:
                wanted = expected(rule, case, role)
                ways = (False, True) if rule.api and thorough and role != ANONYMOUS else (False,)
                for token in ways:
                    got = ask(world, rule, case, role, token=token)
                    asked += 1
                    granted += role in case.ok
                    if got not in wanted:
                        how = " by token" if token else ""
                        wrong.append(
                            f"{case.method} {rule.route} [{case.name or 'plain'}] {case.kwargs(world, role)} as {role}"
                            f"{how}: {got}, not {wanted}"
                        )
    record_property("permissions", (area, len(AREAS[area]), asked, granted))
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:60])
    # Positive controls: a table in which nobody may do anything would pass, too.
    assert 0 < granted < asked or area == "frame"


@pytest.mark.parametrize("area", [area for area in AREAS if area != "frame"])
def test_a_method_that_the_table_does_not_name_does_nothing(area: str, db: None) -> None:
    """POST, PUT, PATCH and DELETE where the table has none never succeed, for anybody."""
    world = build()
    wrong = []
    seen = set()
    for rule in AREAS[area]:
        if rule.route in seen or rule.is_public:
            continue
        seen.add(rule.route)
        if rule.route.startswith("api:") and kind_of(rule, rule.cases[0], world) not in REPRESENTATIVE | {""}:
            continue
        named = {case.method for case in rule.cases}
        kwargs = rule.cases[0].kwargs
        for method in {"POST", "PUT", "PATCH", "DELETE"} - named:
            for role in ("admin", "auditor", "alice", ANONYMOUS):
                if method == "POST" and rule.route in {"audit:verify"}:
                    continue
                got = ask(world, rule, Case(SIGNED_IN, kwargs, method=method), role)
                if got not in {302, 401, 403, 404, 405} or (got == 302 and role != ANONYMOUS):
                    wrong.append(f"{method} {rule.route} as {role}: {got}")
    assert not wrong, "\n".join(wrong[:60])


def test_topics(db: None) -> None:
    world = build()
    places = {
        "cloud": world.cloud.uuid, "other_cloud": world.other_cloud.uuid, "absent": world.absent,
        "acme": world.small.tenants["acme-dev"].uuid, "globex": world.small.tenants["globex"].uuid,
        "sync": world.sync.uuid, "alice": world.users["alice"].uuid, "admin": world.users["admin"].uuid,
    }  # fmt: skip
    wrong = []
    for role, user in world.users.items():
        for shape, may in TOPICS.items():
            topic = shape.format(**places)
            heard = topic in allowed_topics(user, [topic])
            if heard != (role in may):
                wrong.append(f"{shape} as {role}: {'heard' if heard else 'refused'}")
    assert not wrong, "\n".join(wrong)


def test_no_socket_without_a_living_session(db: None) -> None:
    from django.utils import timezone

    world = build()
    assert user_of_session(world.sessions["alice"]) == world.users["alice"]
    assert user_of_session("") is None
    assert user_of_session("a" * 32) is None
    world.own_session["alice"].revoked_at = timezone.now()
    world.own_session["alice"].save()
    assert user_of_session(world.sessions["alice"]) is None
    world.users["bob"].is_active = False
    world.users["bob"].save()
    assert user_of_session(world.sessions["bob"]) is None
