"""What the matrix walks over: one cloud, two tenants, an object of every kind for each of them, a person per role."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from monitoring.health.models import HealthProblem
from provisioning.accounts.models import ApiToken, Membership, Tenant, User, UserSession
from provisioning.accounts.operations import own, people
from provisioning.accounts.tokens import SCOPES, digest_of, new_token
from provisioning.audit.models import AuditEvent
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS
from tests import factories

ANONYMOUS = "anonymous"
ADMIN, OPERATOR, AUDITOR = "admin", "operator", "auditor"
APPROVER, ALICE, BOB = "approver", "alice", "bob"
NOBODY = "member of nothing"
ROLES = (ANONYMOUS, ADMIN, OPERATOR, AUDITOR, APPROVER, ALICE, BOB, NOBODY)

OWNER_KINDS = frozenset({"instances", "volumes", "networks", "accounts", "projects"})
CATALOGUE_KINDS = frozenset({"offerings", "templates"})


@dataclass
class World:
    """`acme` and `globex` map a kind's slug (or job, event, change) to an object of that tenant; `shared` to one of
    nobody; `absent` is a UUID of nothing."""

    small: factories.SmallCloud
    users: dict[str, User]
    acme: dict[str, Any] = field(default_factory=dict)
    globex: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    other_cloud: m.Cloud = None  # type: ignore[assignment]
    sync: m.Sync = None  # type: ignore[assignment]
    problem: HealthProblem = None  # type: ignore[assignment]
    membership: Membership = None  # type: ignore[assignment]
    sessions: dict[str, str] = field(default_factory=dict)
    own_session: dict[str, UserSession] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    own_token: dict[str, ApiToken] = field(default_factory=dict)
    event: AuditEvent = None  # type: ignore[assignment]
    link: str = ""
    absent: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def cloud(self) -> m.Cloud:
        return self.small.cloud

    @property
    def account_to_take(self) -> str:
        """CloudStack's id of an account that is no tenant yet."""
        return str(self.shared["accounts"].cloudstack_id)

    @property
    def tenant(self) -> Tenant:
        return self.small.tenants["acme-dev"]


def build() -> World:
    small = factories.small_cloud()
    acme, globex = small.tenants["acme-dev"], small.tenants["globex"]
    users = {
        ADMIN: factories.make_user("admin", User.Role.ADMINISTRATOR),
        OPERATOR: factories.make_user("operator", User.Role.OPERATOR),
        AUDITOR: factories.make_user("auditor", User.Role.AUDITOR),
        APPROVER: factories.make_member("approver", acme, Membership.Role.APPROVER),
        ALICE: factories.make_member("alice", acme),
        BOB: factories.make_member("bob", globex),
        NOBODY: factories.make_user("nobody"),
    }
    factories.make_user("second-admin", User.Role.ADMINISTRATOR)
    world = World(small=small, users=users)
    for slug, kind in KINDS.items():
        for objects, tenant in ((world.acme, acme), (world.globex, globex), (world.shared, None)):
            fields: dict[str, Any] = {"tenant_uuid": tenant.uuid if tenant else None}
            if slug in CATALOGUE_KINDS and tenant is None:
                fields["is_public"] = True
            objects[slug] = factories.make(kind.model, small.cloud, f"{slug} of {tenant or 'nobody'}", **fields)
    for name, model in (
        ("job", m.AsyncJob),
        ("event", m.CloudEvent),
        ("change", m.ChangeEvent),
        ("alert", m.CloudAlert),
    ):
        for objects, tenant in ((world.acme, acme), (world.globex, globex), (world.shared, None)):
            objects[name] = _record(model, small.cloud, tenant)
    # An account that is nobody's tenant yet has a domain all the same.
    world.shared["accounts"].domain = small.root
    world.shared["accounts"].save()
    world.other_cloud = factories.make_cloud("Elsewhere")
    world.problem = HealthProblem.objects.create(
        cloud=small.cloud, fingerprint="host-down:1", rule="host", severity="critical", plane="data", impact=9,
        score=1.0, headline_text="A host is down", since_at=factories.NOW,
    )  # fmt: skip
    world.sync = m.Sync.objects.create(cloud=small.cloud, state=m.Sync.State.DONE)
    world.membership = Membership.objects.get(user=users[ALICE])
    for role, user in users.items():
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        world.sessions[role] = client.cookies["sessionid"].value
        world.own_session[role] = UserSession.objects.get(user=user)
        raw = new_token()
        world.tokens[role] = raw
        world.own_token[role] = ApiToken.objects.create(
            user=user, name="all", prefix=raw[:9], digest=digest_of(raw), scopes=sorted(SCOPES)
        )
    own.create_token(users[ALICE], name="one", scopes=["inventory:read"], lifetime_days=1)
    world.event = AuditEvent.objects.latest("pk")
    world.link = people.link_for(users[BOB])
    return world


def _record(model: Any, cloud: m.Cloud, tenant: Tenant | None) -> Any:
    names = {one.name for one in model._meta.get_fields()}
    fields: dict[str, Any] = {"cloud": cloud}
    if "tenant_uuid" in names:
        fields["tenant_uuid"] = tenant.uuid if tenant else None
    if "cloudstack_id" in names:
        fields["cloudstack_id"] = factories.cloudstack_id()
    if model is m.ChangeEvent:
        fields |= {"kind": "instances", "object_uuid": uuid.uuid4(), "change": "changed"}
    for one in model._meta.concrete_fields:
        if one.get_internal_type() == "DateTimeField" and not one.null and one.name not in fields:
            fields[one.name] = factories.NOW
    return model.objects.create(**fields)
