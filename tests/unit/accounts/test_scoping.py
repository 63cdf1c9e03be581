"""Deny by default, over every model and every kind of person."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser

from provisioning.accounts.models import Membership, User
from provisioning.accounts.scoping import restrict
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS
from tests import factories

SCOPES = {"infrastructure", "tenant", "catalogue"}
SEE_ALL = {"administrator", "operator", "auditor"}


def scoped_models() -> list[type[Any]]:
    return [model for model in apps.get_models() if getattr(model, "scope", None) in SCOPES]


def test_every_mirrored_model_says_whose_its_rows_are() -> None:
    for kind in KINDS.values():
        assert kind.model.scope in SCOPES
    assert {m.ChangeEvent, m.AsyncJob, m.CloudEvent, m.CloudAlert} <= set(scoped_models())


def test_models_with_a_tenants_scope_can_be_asked_for_it() -> None:
    for model in scoped_models():
        names = {one.name for one in model._meta.get_fields()}
        if model.scope == "tenant":
            assert "tenant_uuid" in names, model
        if model.scope == "catalogue":
            assert {"tenant_uuid", "is_public", "cloud"} <= names, model


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_nobody_sees_anything_of_any_model_without_being_somebody(model: Any, db: None) -> None:
    disabled = User(username="x", role=User.Role.ADMINISTRATOR, is_active=False)
    for who in (AnonymousUser(), disabled, None, object()):
        assert restrict(model._default_manager.all(), who).query.is_empty()  # type: ignore[arg-type]


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_a_model_without_a_known_scope_shows_nothing_even_to_administrators(model: Any, db: None) -> None:
    administrator = User(username="x", role=User.Role.ADMINISTRATOR)
    closed = restrict(model._default_manager.all(), administrator).query.is_empty()
    assert closed == (getattr(model, "scope", None) not in SCOPES)


def test_an_unknown_role_sees_no_more_than_its_memberships(db: None) -> None:
    small = factories.small_cloud()
    stranger = factories.make_user("stranger", "emperor")
    assert not m.Instance.objects.for_user(stranger).exists()
    Membership.objects.create(user=stranger, tenant=small.tenants["globex"], role="approver")
    assert m.Instance.objects.for_user(stranger).count() == 1
    assert not m.Host.objects.for_user(stranger).exists()


def test_the_table_of_owners(db: None) -> None:
    """role × memberships × model × owner of the row: seen or not, by a rule written down a second time."""
    small = factories.small_cloud()
    elsewhere = factories.small_cloud("Elsewhere")
    tenants = {"acme": small.tenants["acme-dev"], "globex": small.tenants["globex"], "far": elsewhere.tenants["globex"]}
    people = {}
    for role in ("administrator", "operator", "auditor", "member"):
        for size in range(3):
            for of in itertools.combinations(tenants, size):
                user = factories.make_user(f"{role}-{'-'.join(of) or 'none'}", role)
                for name in of:
                    Membership.objects.create(user=user, tenant=tenants[name], role="tenant_user")
                people[role, of] = user
    checked = 0
    for model in (m.Host, m.VirtualRouter, m.Instance, m.GuestNetwork, m.Template, m.Offering, m.Account):
        model.objects.all().delete()
        owners: dict[str, Any] = {"nobody": None, "stranger": uuid.uuid4(), **{n: t.uuid for n, t in tenants.items()}}
        for (owner, tenant_uuid), public in itertools.product(owners.items(), (False, True)):
            cloud = elsewhere.cloud if owner == "far" else small.cloud
            extra = {"is_public": public} if hasattr(model, "is_public") else {}
            row = factories.make(model, cloud, f"{owner}-{public}", tenant_uuid=tenant_uuid, **extra)
            for (role, of), user in people.items():
                may = role in SEE_ALL
                if not may and model.scope != "infrastructure":
                    may = owner in of
                    if model.scope == "catalogue" and owner == "nobody" and public:
                        may = may or bool({"acme", "globex"} & set(of))
                assert model.objects.for_user(user).filter(pk=row.pk).exists() == may, (model, owner, public, role, of)
                checked += 1
    assert checked > 1000


def test_a_membership_that_was_taken_away_shows_nothing_more(db: None) -> None:
    small = factories.small_cloud()
    alice = factories.make_member("alice", small.tenants["acme-dev"])
    assert m.Instance.objects.for_user(alice).count() == 3
    alice.memberships.all().delete()
    assert not m.Instance.objects.for_user(User.objects.get(pk=alice.pk)).exists()
