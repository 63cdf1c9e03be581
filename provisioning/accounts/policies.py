"""Every "may this person do that" in one place. A view, an operation and a socket ask here and nowhere else.

Each `can_*` takes the person and, where it matters, the object; answers False for anonymous, inactive and unknown
people. Seeing rows is decided by `scoping.restrict`; these decide pages and actions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from provisioning.accounts.models import Tenant, User

ADMINISTRATOR: Final = "administrator"
OPERATOR: Final = "operator"
AUDITOR: Final = "auditor"
MEMBER: Final = "member"

Policy = Callable[..., bool]
POLICIES: dict[str, Policy] = {}


def _policy(function: Policy) -> Policy:
    POLICIES[function.__name__] = function
    return function


def _role(user: Any) -> str:
    """The person's global role; "" for whoever is not a signed-in, active person."""
    if not getattr(user, "is_authenticated", False) or not getattr(user, "is_active", False):
        return ""
    return str(getattr(user, "role", ""))


def _has(user: Any, *roles: str) -> bool:
    return _role(user) in roles


def _is_member(user: Any, tenant_uuid: Any, *roles: str) -> bool:
    if not _role(user):
        return False
    memberships = user.memberships.filter(tenant__uuid=tenant_uuid)
    return bool((memberships.filter(role__in=roles) if roles else memberships).exists())


# --- what one may see -------------------------------------------------------------------------------------------


@_policy
def can_see_infrastructure(user: User, obj: object | None = None) -> bool:
    """Zones, hosts, storage, system VMs, segments, jobs of everybody."""
    return _has(user, ADMINISTRATOR, OPERATOR, AUDITOR)


@_policy
def can_see_cloud(user: User, cloud: Any = None) -> bool:
    """One cloud (its name, its pages); without one: any cloud at all. Members see the clouds of their tenants."""
    if _has(user, ADMINISTRATOR, OPERATOR, AUDITOR):
        return True
    if not _role(user):
        return False
    memberships = user.memberships.all()
    if cloud is not None:
        memberships = memberships.filter(tenant__cloud_uuid=getattr(cloud, "uuid", cloud))
    return memberships.exists()


@_policy
def can_see_health(user: User, obj: object | None = None) -> bool:
    return can_see_infrastructure(user)


@_policy
def can_see_capacity(user: User, obj: object | None = None) -> bool:
    return can_see_infrastructure(user)


@_policy
def can_see_cloud_settings(user: User, obj: object | None = None) -> bool:
    """A cloud's address, key name, last errors and syncs; never its secret."""
    return can_see_infrastructure(user)


@_policy
def can_see_audit(user: User, obj: object | None = None) -> bool:
    return _has(user, ADMINISTRATOR, AUDITOR)


@_policy
def can_export_audit(user: User, obj: object | None = None) -> bool:
    return can_see_audit(user)


@_policy
def can_verify_audit(user: User, obj: object | None = None) -> bool:
    """Checking changes nothing, so an auditor may."""
    return can_see_audit(user)


@_policy
def can_see_people(user: User, obj: object | None = None) -> bool:
    """Who has which role is evidence: auditors see it, too."""
    return _has(user, ADMINISTRATOR, AUDITOR)


@_policy
def can_see_tenants(user: User, obj: object | None = None) -> bool:
    return _has(user, ADMINISTRATOR, OPERATOR, AUDITOR)


# --- what one may do --------------------------------------------------------------------------------------------


@_policy
def can_manage_clouds(user: User, obj: object | None = None) -> bool:
    """Add, edit, remove a cloud and try its keys."""
    return _has(user, ADMINISTRATOR, OPERATOR)


@_policy
def can_request_sync(user: User, obj: object | None = None) -> bool:
    return _has(user, ADMINISTRATOR, OPERATOR)


@_policy
def can_acknowledge_problems(user: User, obj: object | None = None) -> bool:
    return _has(user, ADMINISTRATOR, OPERATOR)


@_policy
def can_manage_people(user: User, obj: object | None = None) -> bool:
    return _has(user, ADMINISTRATOR)


@_policy
def can_manage_tenants(user: User, obj: object | None = None) -> bool:
    return _has(user, ADMINISTRATOR)


@_policy
def can_use_console(user: User, obj: object | None = None) -> bool:
    """Be signed in at all: own profile, own sessions, own tokens."""
    return _role(user) in (ADMINISTRATOR, OPERATOR, AUDITOR, MEMBER)


@_policy
def can_approve(user: User, tenant: Tenant | None = None) -> bool:
    """Decide requests of a tenant. Only its approvers: an administrator does not spend a tenant's money."""
    return tenant is not None and _is_member(user, tenant.uuid, "approver")


@_policy
def can_order(user: User, tenant: Tenant | None = None) -> bool:
    """Ask for something on behalf of a tenant."""
    return tenant is not None and _is_member(user, tenant.uuid)


def sees_everything(user: Any) -> bool:
    """People whose lists are not cut down to tenants."""
    return _has(user, ADMINISTRATOR, OPERATOR, AUDITOR)
