"""Resource limits and counts."""

from __future__ import annotations

from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import denied, invalid
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import NOT_YOURS, below, named_account, owner


def _types(p: Params) -> list[limits.Resource]:
    name = p.str("resourcetypename")
    if name is not None:
        if name not in limits.BY_NAME:
            raise invalid("Please specify valid resource type name.")
        return [limits.BY_NAME[name]]
    number = p.int("resourcetype")
    if number is None:
        return list(limits.RESOURCES)
    if number not in limits.BY_NUMBER:
        raise invalid(f"Please specify valid resource type; got {number}")
    return [limits.BY_NUMBER[number]]


def _head(ctx: Ctx, account: Obj | None, domain: Obj) -> dict[str, Any]:
    if account is not None:
        return owner(ctx.state, account.uuid)
    return {"domainid": domain.uuid, "domain": domain["name"], "domainpath": domain["path"]}


def _subject(ctx: Ctx, p: Params) -> tuple[Obj | None, Obj]:
    """The account (None: the domain itself) and the domain that the call is about."""
    account = named_account(ctx, p)
    domain = p.obj("domainid")
    if account is None and domain is None:
        account = ctx.account
    if account is not None:
        return account, ctx.state.table("domain").need(account["domainid"])
    assert domain is not None
    if not ctx.is_admin and not below(domain, ctx.domain):
        raise denied(NOT_YOURS)
    return None, domain


@command("listResourceLimits")
def list_resource_limits(ctx: Ctx, p: Params) -> Result:
    account, domain = _subject(ctx, p)
    rows = []
    for resource in _types(p):
        top = (
            limits.limit(ctx.sim, account, resource)
            if account is not None
            else limits.domain_limit(ctx.sim, domain, resource)
        )
        rows.append(
            {
                **_head(ctx, account, domain),
                "resourcetype": str(resource.number),
                "resourcetypename": resource.name,
                "max": top,
            }
        )
    return ctx.listing("resourcelimit", rows)


@command("updateResourceLimit")
def update_resource_limit(ctx: Ctx, p: Params) -> Result:
    account, domain = _subject(ctx, p)
    resource = _types(p)[0]
    most = p.int("max", -1)
    assert most is not None
    if most < -1:
        raise invalid("Please specify either '-1' for an infinite limit, or a limit that is at least '0'.")
    if account is not None and account.get("accounttype") == limits.ROOT_ADMIN_TYPE and most >= 0:
        raise invalid("Only infinite limit is supported for ADMIN accounts")
    subject = account if account is not None else domain
    if ctx.role_kind != "Admin" and account is ctx.account:
        raise denied("Can't update limits of own account")
    found = ctx.state.table("limit").find(ownerid=subject.uuid, resourcetype=resource.number)
    if found is None:
        ctx.state.add("limit", ownerid=subject.uuid, resourcetype=resource.number, max=most)
    else:
        found.set(max=most)
    ctx.event(
        "RESOURCE.LIMIT.UPDATE",
        f"Resource limit updated. Resource Type: {resource.name}, New Value: {most}",
        resource=("Account" if account is not None else "Domain", subject.uuid, subject["name"]),
    )
    return {
        "resourcelimit": {
            **_head(ctx, account, domain),
            "resourcetype": str(resource.number),
            "resourcetypename": resource.name,
            "max": most,
        }
    }


@command("updateResourceCount")
def update_resource_count(ctx: Ctx, p: Params) -> Result:
    account, domain = _subject(ctx, p)
    used = limits.counts(ctx.sim, account.uuid) if account is not None else limits.domain_counts(ctx.sim, domain)
    return ctx.listing(
        "resourcecount",
        [
            {
                **_head(ctx, account, domain),
                "resourcetype": str(resource.number),
                "resourcetypename": resource.name,
                "resourcecount": used[resource.name],
            }
            for resource in _types(p)
        ],
    )
