"""The fixed cast: the same six people in every test, and the small cloud that they look at."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from provisioning.accounts.models import Membership, Tenant, User
from provisioning.inventory.models import Cloud
from tests import factories


@dataclass(frozen=True)
class Cast:
    admin: User
    operator: User
    auditor: User
    approver: User
    tenant_user: User
    outsider: User

    def everybody(self) -> dict[str, User]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@pytest.fixture
def small_cloud(db: None) -> factories.SmallCloud:
    """One zone, four hosts, two tenants (acme-dev, globex): rows only, no server behind them."""
    return factories.small_cloud()


@pytest.fixture
def cloud(small_cloud: factories.SmallCloud) -> Cloud:
    return small_cloud.cloud


@pytest.fixture
def acme(small_cloud: factories.SmallCloud) -> Tenant:
    return small_cloud.tenants["acme-dev"]


@pytest.fixture
def globex(small_cloud: factories.SmallCloud) -> Tenant:
    return small_cloud.tenants["globex"]


@pytest.fixture
def admin(db: None) -> User:
    return factories.make_user("admin", User.Role.ADMINISTRATOR)


@pytest.fixture
def operator(db: None) -> User:
    return factories.make_user("operator", User.Role.OPERATOR)


@pytest.fixture
def auditor(db: None) -> User:
    return factories.make_user("auditor", User.Role.AUDITOR)


@pytest.fixture
def approver(acme: Tenant) -> User:
    """Approves for acme-dev."""
    return factories.make_member("approver", acme, Membership.Role.APPROVER)


@pytest.fixture
def tenant_user(acme: Tenant) -> User:
    """alice of acme-dev."""
    return factories.make_member("alice", acme)


@pytest.fixture
def outsider(globex: Tenant) -> User:
    """bob of globex: acme-dev is none of his business."""
    return factories.make_member("bob", globex)


@pytest.fixture
def cast(admin: User, operator: User, auditor: User, approver: User, tenant_user: User, outsider: User) -> Cast:
    return Cast(admin, operator, auditor, approver, tenant_user, outsider)


@pytest.fixture
def client_of(db: None):
    """`client_of(user)` → a Django test client signed in as `user`."""
    from django.test import Client

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
