"""The table: every route of the console and of the API, and who gets what. A route that is not here fails the test.

To add a route: one `Rule` with a case per way of asking it (own, foreign, absent object; each method).
"""

from __future__ import annotations

from typing import Any

from provisioning.inventory.kinds import KINDS
from tests import factories
from tests.permissions.rules import (
    ADMIN,
    ALICE,
    AUDITOR,
    BOB,
    EVERYBODY,
    GOVERNS,
    INFRA,
    MEMBERS,
    NONE,
    RUNS,
    SEES_CLOUD,
    SIGNED_IN,
    Case,
    Rule,
    World,
    no_cloud,
    nothing,
    of_cloud,
    of_object,
    on_cloud,
    other_cloud,
)
from tests.permissions.world import CATALOGUE_KINDS, OWNER_KINDS

DO = ADMIN_ONLY = frozenset({ADMIN})
LOOK = frozenset({AUDITOR})


def person(name: str) -> Any:
    return lambda world, role: {"uuid": world.users[name].uuid}


def no_person(world: World, _role: str) -> dict[str, Any]:
    return {"uuid": world.absent}


def data(**values: Any) -> Any:
    return lambda world, role: values


def bad_cloud(_world: World, _role: str) -> dict[str, Any]:
    # Refused before anybody is asked: what is tested is who may try, not what they are told.
    return {"name": "New", "api_url": "nonsense", "api_key": "a", "secret_key": "b", "try": "1"}


def token_of(role_wanted: str) -> Any:
    return lambda world, role: {"uuid": world.own_token[role_wanted].uuid}


def session_of(role_wanted: str) -> Any:
    return lambda world, role: {"uuid": world.own_session[role_wanted].uuid}


def own_token(world: World, role: str) -> dict[str, Any]:
    return {"uuid": world.own_token[role].uuid if role in world.own_token else world.absent}


def own_session(world: World, role: str) -> dict[str, Any]:
    return {"uuid": world.own_session[role].uuid if role in world.own_session else world.absent}


def link(world: World, _role: str) -> dict[str, Any]:
    uid, token = world.link.split("/")
    return {"uid": uid, "token": token}


FRAME = [
    Rule("healthz", (Case(EVERYBODY),), is_public=True),
    Rule("readyz", (Case(EVERYBODY, status=(200, 503)),), is_public=True),
    # Somebody without a cloud is told how to get one.
    Rule("home", (Case(SEES_CLOUD, status=302, others=200),)),
    Rule("words", (
        Case(EVERYBODY, lambda w, r: {"language": "en", "digest": "0"}),
        Case(EVERYBODY, lambda w, r: {"language": "tlh", "digest": "0"}, name="nobody's language"),
    ), is_public=True),
    Rule("preferences", (Case(SIGNED_IN, method="POST", data=data(theme="dark"), status=204),)),
]

ACCOUNTS = [
    Rule("accounts:sign-in", (
        Case(EVERYBODY, status=(200, 302)),
        Case(EVERYBODY, method="POST", data=data(username="nobody-here", password="x"), status=(302, 403, 429)),
    ), is_public=True),
    Rule("accounts:sign-out", (Case(EVERYBODY, method="POST", status=302),), is_public=True),
    Rule("accounts:set-password", (
        Case(EVERYBODY, link, name="living link"),
        Case(EVERYBODY, lambda world, role: {"uid": "AAAA", "token": "x-y"}, status=410, name="dead link"),
    ), is_public=True),
    Rule("accounts:profile", (
        Case(SIGNED_IN),
        Case(SIGNED_IN, method="POST", status=302, data=data(full_name="N", time_zone="UTC", theme="dark",
                                                             density="compact")),
    )),
    Rule("accounts:password", (
        Case(SIGNED_IN),
        Case(SIGNED_IN, method="POST", status=302,
             data=data(old_password=factories.PASSWORD, new_password="another long sentence")),
    )),
    Rule("accounts:sessions", (Case(SIGNED_IN),)),
    Rule("accounts:sessions-end-others", (Case(SIGNED_IN, method="POST", status=302),)),
    Rule("accounts:session-state", (Case(SIGNED_IN),)),
    Rule("accounts:session-stay", (Case(SIGNED_IN, method="POST"),)),
    Rule("accounts:session-end", (
        Case(SIGNED_IN, own_session, method="POST", status=302, name="own"),
        Case(frozenset({ADMIN, ALICE}), session_of(ALICE), method="POST", status=302, name="alice's"),
        Case(NONE, no_person, method="POST", name="absent"),
    )),
    Rule("accounts:tokens", (
        Case(SIGNED_IN),
        Case(SIGNED_IN, method="POST", data=data(name="t", scopes=["inventory:read"], lifetime_days="30")),
        Case(frozenset({ADMIN, AUDITOR}), method="POST", others=422, name="a scope beyond one's role",
             data=data(name="t", scopes=["audit:read"], lifetime_days="30")),
    )),
    Rule("accounts:token-revoke", (
        Case(SIGNED_IN, own_token, method="POST", status=302, name="own"),
        Case(frozenset({ADMIN, ALICE}), token_of(ALICE), method="POST", status=302, name="alice's"),
        Case(NONE, no_person, method="POST", name="absent"),
    )),
    Rule("accounts:people", (Case(GOVERNS),)),
    Rule("accounts:person-new", (
        Case(DO, forbidden=LOOK),
        Case(DO, forbidden=LOOK, method="POST", data=data(username="neo", role="member")),
    )),
    Rule("accounts:person", (Case(GOVERNS, person(ALICE)), Case(NONE, no_person, name="absent"))),
    Rule("accounts:person-change", (
        Case(DO, person(ALICE), LOOK, "POST", 302, data(full_name="A", role="operator")),
        Case(NONE, no_person, LOOK, "POST", name="absent"),
    )),
    Rule("accounts:person-switch", (
        Case(DO, lambda w, r: {"uuid": w.users[ALICE].uuid, "verb": "disable"}, LOOK, "POST", 302),
        Case(DO, lambda w, r: {"uuid": w.users[ALICE].uuid, "verb": "enable"}, LOOK, "POST", 302),
        Case(NONE, lambda w, r: {"uuid": w.absent, "verb": "disable"}, LOOK, "POST", name="absent"),
    )),
    Rule("accounts:person-link", (
        Case(DO, person(ALICE), LOOK, "POST"),
        Case(NONE, no_person, LOOK, "POST", name="absent"),
    )),
    Rule("accounts:membership-grant", (
        Case(DO, person(BOB), LOOK, "POST", 302, lambda w, r: {"tenant": w.tenant.uuid, "role": "approver"}),
        Case(NONE, no_person, LOOK, "POST", name="absent"),
    )),
    Rule("accounts:membership-revoke", (
        Case(DO, lambda w, r: {"uuid": w.users[ALICE].uuid, "membership": w.membership.pk}, LOOK, "POST", 302),
        Case(NONE, lambda w, r: {"uuid": w.users[BOB].uuid, "membership": w.membership.pk}, LOOK, "POST",
             name="somebody else's"),
    )),
    Rule("accounts:tenants", (Case(INFRA),)),
    Rule("accounts:tenant-new", (
        Case(DO, on_cloud, INFRA),
        Case(DO, on_cloud, INFRA, "POST", 302, lambda w, r: {"owner": f"account:{w.account_to_take}", "name": "n"}),
        Case(NONE, no_cloud, INFRA - DO, name="absent"),
    )),
    Rule("accounts:tenant", (
        Case(INFRA, lambda w, r: {"uuid": w.tenant.uuid}), Case(NONE, no_person, name="absent"))),
    Rule("accounts:tenant-keys", (
        Case(DO, lambda w, r: {"uuid": w.tenant.uuid}, INFRA, "POST", 302, data(api_key="k", secret_key="s")),
        Case(NONE, no_person, INFRA - DO, "POST", name="absent"),
    )),
    Rule("accounts:tenant-remove", (
        Case(DO, lambda w, r: {"uuid": w.tenant.uuid}, INFRA, "POST", 302,
             lambda w, r: {"name": w.tenant.name, "reason": "over"}),
        Case(NONE, no_person, INFRA - DO, "POST", name="absent"),
    )),
]  # fmt: skip

AUDIT = [
    Rule("audit:list", (Case(GOVERNS), Case(GOVERNS, query="?who=alice&result=success", name="filtered"))),
    Rule("audit:verdict", (Case(GOVERNS),)),
    Rule("audit:verify", (Case(GOVERNS, method="POST", status=302),)),
    Rule("audit:detail", (
        Case(GOVERNS, lambda w, r: {"uuid": w.event.uuid}), Case(NONE, no_person, name="absent"))),
    Rule("audit:export", tuple(Case(GOVERNS, data_, name=data_(None, "")["form"]) for data_ in (
        data(form="csv"), data(form="jsonl")))),
]  # fmt: skip

EDIT = data(name="Sandbox", api_url="nonsense", api_key="k", verify_tls="on", is_enabled="on")
CLOUDS = [
    Rule("clouds:list", (Case(INFRA),)),
    Rule("clouds:add", (Case(RUNS, forbidden=LOOK), Case(RUNS, nothing, LOOK, "POST", 422, bad_cloud))),
    of_cloud("clouds:detail", INFRA),
    of_cloud("clouds:progress", INFRA),
    Rule("clouds:edit", (
        Case(RUNS, on_cloud, LOOK), Case(RUNS, other_cloud, LOOK, name="other cloud"),
        Case(RUNS, on_cloud, LOOK, "POST", 422, EDIT, name="change"),
        Case(NONE, no_cloud, LOOK, name="absent"),
    )),
    Rule("clouds:sync", (
        Case(RUNS, on_cloud, LOOK, "POST", 302), Case(RUNS, other_cloud, LOOK, "POST", 302, name="other cloud"),
        Case(NONE, no_cloud, LOOK, "POST", name="absent"),
    )),
    Rule("clouds:remove", (
        Case(RUNS, other_cloud, LOOK, "POST", 302, data(typed_name="Elsewhere", reason="over")),
        Case(NONE, no_cloud, LOOK, "POST", name="absent"),
    )),
]  # fmt: skip

MONITORING = [
    of_cloud("capacity:index", INFRA),
    of_cloud("capacity:export", INFRA, extra={"form": "csv"}),
    of_cloud("capacity:series", INFRA, status=(200, 400, 404)),
    of_cloud("health:index", INFRA),
    of_cloud("health:export", INFRA, extra={"form": "csv"}),
    Rule("health:acknowledge", (
        Case(RUNS, lambda w, r: {"cloud": w.cloud.uuid, "problem": w.problem.uuid}, LOOK),
        Case(RUNS, lambda w, r: {"cloud": w.cloud.uuid, "problem": w.problem.uuid}, LOOK, "POST", (204, 302),
             data(note="Seen.")),
        Case(NONE, lambda w, r: {"cloud": w.cloud.uuid, "problem": w.absent}, LOOK, "POST", name="absent"),
        Case(NONE, lambda w, r: {"cloud": w.other_cloud.uuid, "problem": w.problem.uuid}, LOOK, "POST",
             name="under another cloud"),
    )),
]  # fmt: skip


def members_see(slug: str) -> bool:
    return slug in OWNER_KINDS or slug in CATALOGUE_KINDS


INVENTORY = [
    of_cloud("inventory:overview", INFRA),
    of_cloud("inventory:hierarchy", INFRA),
    of_cloud("inventory:alerts", INFRA),
    of_cloud("inventory:segments", INFRA),
    of_cloud("inventory:jobs", SEES_CLOUD),
    of_cloud("inventory:events", SEES_CLOUD),
    of_cloud("inventory:changes", SEES_CLOUD),
    of_cloud("inventory:search", SEES_CLOUD, query="?q=a"),
    of_object("inventory:job", "job"),
    of_object("inventory:event", "event"),
]
for _slug in KINDS:
    _may = SEES_CLOUD if members_see(_slug) else INFRA
    _more = {"extra": {"kind": _slug}}
    INVENTORY += [
        of_cloud("inventory:list", _may, **_more),
        of_cloud("inventory:export", _may, extra={"kind": _slug, "form": "csv"}),
        of_object("inventory:detail", _slug, members=members_see(_slug), shared_for_members=_slug in CATALOGUE_KINDS,
                  **_more),
        # The raw answer was made for our key and tells more than its owner's key would see.
        of_object("inventory:raw", _slug, members=False, status=(200, 404), **_more),
    ]  # fmt: skip
INVENTORY += [
    Rule("inventory:columns", (
        Case(SEES_CLOUD, lambda w, r: {**on_cloud(w, r), "kind": "instances"}, NONE, "POST", (204, 302),
             data(cols="name")),
        Case(INFRA, lambda w, r: {**on_cloud(w, r), "kind": "hosts"}, NONE, "POST", (204, 302), data(cols="name"),
             name="hosts"),
        Case(NONE, lambda w, r: {**no_cloud(w, r), "kind": "hosts"}, NONE, "POST", name="absent"),
    )),
]  # fmt: skip

API = [
    Rule("api:root", (Case(SIGNED_IN),)),
    Rule("api:schema", (Case(SIGNED_IN),)),
    Rule("api:docs", (Case(SIGNED_IN, anonymous=302),)),
    Rule("api:elsewhere", (Case(NONE, query="nothing/here/", anonymous=404),)),
    Rule("api:clouds", (Case(SIGNED_IN),)),
    of_cloud("api:cloud", SEES_CLOUD),
    Rule("api:sync", (
        Case(RUNS, on_cloud, INFRA | MEMBERS | {"member of nothing"}, "POST", (200, 201, 202), data()),
        Case(NONE, no_cloud, SIGNED_IN - RUNS, "POST", name="absent"),
    )),
    of_cloud("api:syncs", INFRA),
    Rule("api:sync-detail", (
        Case(INFRA, lambda w, r: {"cloud": w.cloud.uuid, "uuid": w.sync.uuid}),
        Case(NONE, lambda w, r: {"cloud": w.cloud.uuid, "uuid": w.absent}, name="absent"),
    )),
    of_cloud("api:jobs", SEES_CLOUD),
    of_object("api:job", "job"),
    of_cloud("api:events", SEES_CLOUD),
    of_object("api:event", "event"),
    of_cloud("api:alerts", INFRA),
    of_object("api:alert", "alert", members=False),
    of_cloud("api:changes", SEES_CLOUD),
    of_object("api:change", "change"),
    of_cloud("api:segments", INFRA),
    of_cloud("api:segment-maps", INFRA),
    of_cloud("api:capacity", INFRA),
    of_cloud("api:capacity-series", INFRA, status=(200, 400)),
    of_cloud("api:health", INFRA),
    of_cloud("api:problems", INFRA),
]  # fmt: skip
for _slug in KINDS:
    _members = members_see(_slug)
    _shared = _slug in CATALOGUE_KINDS
    API += [
        of_cloud(f"api:{_slug}-list", SEES_CLOUD if _members else INFRA),
        of_object(f"api:{_slug}-detail", _slug, members=_members, shared_for_members=_shared),
        of_object(f"api:{_slug}-raw", _slug, members=False, status=(200, 404)),
        of_object(f"api:{_slug}-changes", _slug, members=_members, shared_for_members=_shared),
    ]

AREAS: dict[str, list[Rule]] = {
    "frame": FRAME,
    "accounts": ACCOUNTS,
    "audit": AUDIT,
    "clouds": CLOUDS,
    "monitoring": MONITORING,
    "inventory": INVENTORY,
    "api": API,
}

# Topics of the websocket: who may listen. {…} is filled from the world.
TOPICS: dict[str, frozenset[str]] = {
    "cloud.{cloud}": INFRA,
    "cloud.{other_cloud}": INFRA,
    "cloud.{absent}": NONE,
    "tenant.{acme}": INFRA | {"approver", ALICE},
    "tenant.{globex}": INFRA | {BOB},
    "tenant.{absent}": NONE,
    "sync.{sync}": INFRA,
    "sync.{absent}": NONE,
    "user.{alice}": frozenset({ALICE}),
    "user.{admin}": frozenset({ADMIN}),
    "user.{absent}": NONE,
    "everything.{cloud}": NONE,
    "cloud.*": NONE,
    "cloud": NONE,
    "": NONE,
}
