"""The language of the table: who may, who may only know, and what everybody else gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.permissions.world import (
    ADMIN,
    ALICE,
    ANONYMOUS,
    APPROVER,
    AUDITOR,
    BOB,
    NOBODY,
    OPERATOR,
    ROLES,
    World,
)

INFRA = frozenset({ADMIN, OPERATOR, AUDITOR})
RUNS = frozenset({ADMIN, OPERATOR})
GOVERNS = frozenset({ADMIN, AUDITOR})
ACME = frozenset({APPROVER, ALICE})
MEMBERS = ACME | {BOB}
SIGNED_IN = frozenset(ROLES) - {ANONYMOUS}
SEES_CLOUD = INFRA | MEMBERS
EVERYBODY = frozenset(ROLES)
NONE: frozenset[str] = frozenset()

Arguments = Callable[[World, str], dict[str, Any]]


def nothing(_world: World, _role: str) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Case:
    """One way of asking a route: `ok` get `status`, `forbidden` get 403, signed-in others 404, anonymous sign-in."""

    ok: frozenset[str]
    kwargs: Arguments = nothing
    forbidden: frozenset[str] = NONE
    method: str = "GET"
    status: int | tuple[int, ...] = 200
    data: Arguments = nothing
    query: str = ""
    name: str = ""
    anonymous: int | None = None
    others: int = 404


@dataclass(frozen=True)
class Rule:
    """A route of the resolver ("namespace:name") and every case of it."""

    route: str
    cases: tuple[Case, ...]
    is_public: bool = False
    api: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "api", self.route.startswith("api:"))


def on_cloud(world: World, _role: str) -> dict[str, Any]:
    return {"cloud": world.cloud.uuid}


def no_cloud(world: World, _role: str) -> dict[str, Any]:
    return {"cloud": world.absent}


def other_cloud(world: World, _role: str) -> dict[str, Any]:
    return {"cloud": world.other_cloud.uuid}


def expected(rule: Rule, case: Case, role: str) -> tuple[int, ...]:
    """The HTTP statuses that are right for this role."""
    good = case.status if isinstance(case.status, tuple) else (case.status,)
    if role == ANONYMOUS and not rule.is_public:
        if case.anonymous is not None:
            return (case.anonymous,)
        # The API says 401; a page leads to the sign-in.
        return (401,) if rule.api else (302,)
    if role in case.ok:
        return good
    if role in case.forbidden:
        return (403,)
    return (case.others,)


def of_cloud(
    route: str,
    ok: frozenset[str],
    *,
    forbidden: frozenset[str] = NONE,
    extra: dict[str, Any] | None = None,
    **more: Any,
) -> Rule:
    """A page of a cloud: the cloud, one of nobody's tenants, one that is not there."""

    def plus(base: Arguments) -> Arguments:
        return lambda world, role: {**base(world, role), **(extra or {})}

    return Rule(
        route,
        (
            Case(ok, plus(on_cloud), forbidden, name="cloud", **more),
            Case(ok & INFRA, plus(other_cloud), forbidden & INFRA, name="other cloud", **more),
            Case(NONE, plus(no_cloud), NONE, name="no such cloud", **{**more, "others": 404}),
        ),
    )


def of_object(
    route: str, key: str, *, extra: dict[str, Any] | None = None, members: bool = True,
    shared_for_members: bool = False, **more: Any,
) -> Rule:  # fmt: skip
    """An object of a tenant: acme's, globex's, nobody's, absent, and acme's under another cloud's address."""

    def made(owner: str, cloud: str = "cloud") -> Arguments:
        def kwargs(world: World, _role: str) -> dict[str, Any]:
            found = world.absent if owner == "absent" else getattr(world, owner)[key].uuid
            return {"cloud": getattr(world, cloud).uuid, "uuid": found, **(extra or {})}

        return kwargs

    acme = ACME if members else NONE
    globex = frozenset({BOB}) if members else NONE
    shared = MEMBERS if members and shared_for_members else NONE
    return Rule(
        route,
        (
            Case(INFRA | acme, made("acme"), name="acme's", **more),
            Case(INFRA | globex, made("globex"), name="globex's", **more),
            Case(INFRA | shared, made("shared"), name="nobody's", **more),
            Case(NONE, made("absent"), name="absent", **more),
            Case(NONE, made("acme", "other_cloud"), name="under another cloud", **more),
        ),
    )


__all__ = [
    "ACME", "ADMIN", "ALICE", "ANONYMOUS", "APPROVER", "AUDITOR", "BOB", "EVERYBODY", "GOVERNS", "INFRA", "MEMBERS",
    "NOBODY", "NONE", "OPERATOR", "ROLES", "RUNS", "SEES_CLOUD", "SIGNED_IN", "Case", "Rule", "World", "expected",
    "no_cloud", "nothing", "of_cloud", "of_object", "on_cloud", "other_cloud",
]  # fmt: skip
