"""Domains: the tree that tenants hang in."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.cleanup import remove_account
from provisioning.simulator.clock import iso
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, denied, invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import NOT_YOURS, below, matching, subtree


def brief(domain: Obj, ctx: Ctx) -> dict[str, Any]:
    parent = ctx.state.get("domain", domain.get("parentid"))
    return {
        "id": domain.uuid,
        "name": domain["name"],
        "level": domain["level"],
        "parentdomainid": parent.uuid if parent else None,
        "parentdomainname": parent["name"] if parent else None,
        "haschild": ctx.state.table("domain").count(parentid=domain.uuid) > 0,
        "path": domain["path"],
    }


def domain_view(domain: Obj, ctx: Ctx) -> dict[str, Any]:
    sim = ctx.sim
    used = limits.domain_counts(sim, domain, limits.counter(ctx))

    def most(resource: limits.Resource) -> int:
        own = limits.own_limit(sim, domain.uuid, resource)
        return -1 if own is None else own

    return {
        **brief(domain, ctx),
        "state": domain["state"],
        "created": iso(domain["created"]) if domain.get("parentid") else None,
        "networkdomain": domain.get("networkdomain"),
        **limits.shown(used, most),
        "hasannotations": False,
    }


def _reach(ctx: Ctx) -> list[Obj]:
    return list(ctx.state.all("domain")) if ctx.is_admin else subtree(ctx.state, ctx.domain)


@command("listDomains", refs={"id": "domain"})
def list_domains(ctx: Ctx, p: Params) -> Result:
    one = p.obj("id")
    if one is not None:
        if not ctx.is_admin and not below(one, ctx.domain):
            raise denied(NOT_YOURS)
        rows = [one] if one.removed_at is None else []
    elif ctx.is_admin or p.flag("listall"):
        rows = _reach(ctx)
    else:
        rows = [ctx.domain]
    if p.has("level"):
        rows = [d for d in rows if d["level"] == p.int("level")]
    if p.has("name"):
        rows = [d for d in rows if d["name"] == p.str("name")]
    return ctx.listing("domain", matching(p, rows, name="-"), domain_view, cacheable=False)


@command("listDomainChildren", refs={"id": "domain"})
def list_domain_children(ctx: Ctx, p: Params) -> Result:
    top = p.obj("id") or ctx.domain
    if not ctx.is_admin and not below(top, ctx.domain):
        raise denied(NOT_YOURS)
    if p.flag("isrecursive") or p.flag("listall"):
        rows = [d for d in subtree(ctx.state, top) if d is not top]
    else:
        rows = ctx.state.table("domain").where(parentid=top.uuid)
    if p.has("name"):
        rows = [d for d in rows if d["name"] == p.str("name")]
    return ctx.listing("domain", matching(p, rows, name="-"), domain_view, cacheable=False)


@command("createDomain", refs={"parentdomainid": "domain"})
def create_domain(ctx: Ctx, p: Params) -> Result:
    parent = p.obj("parentdomainid") or ctx.domain
    name = p.need("name")
    if not ctx.is_admin and not below(parent, ctx.domain):
        raise denied(NOT_YOURS)
    if ctx.state.table("domain").find(parentid=parent.uuid, name=name) is not None:
        ctx.event(
            "DOMAIN.CREATE",
            f"Error while creating Domain. Domain Name: {name}",
            level="ERROR",
            resource=("Domain", "", ""),
        )
        raise invalid(f"Domain with name [{name}] already exists for the parent with ID [{parent.dbid}].")
    domain = ctx.state.add(
        "domain",
        name=name,
        level=parent["level"] + 1,
        parentid=parent.uuid,
        path=f"{parent['path']}/{name}",
        _path=f"{parent['_path']}{name}/",
        state="Active",
        networkdomain=p.str("networkdomain"),
    )
    ctx.event(
        "DOMAIN.CREATE",
        f"Successfully completed creating Domain. Domain Name: {name}",
        resource=("Domain", domain.uuid, name),
    )
    return {
        "domain": clean(
            {**brief(domain, ctx), "networkdomain": domain.get("networkdomain"), "secondarystoragetotal": 0.0}
        )
    }


@command("updateDomain", refs={"id": "domain"})
def update_domain(ctx: Ctx, p: Params) -> Result:
    domain = p.the("id")
    if not ctx.is_admin and not below(domain, ctx.domain):
        raise denied(NOT_YOURS)
    name = p.str("name")
    if name is not None and name != domain["name"]:
        if not domain.get("parentid"):
            raise denied("Root domain can not be edited")
        if ctx.state.table("domain").find(parentid=domain["parentid"], name=name) is not None:
            raise invalid(
                f"Failed to update domain id={domain.dbid}; domain with name {name} already exists in the system"
            )
        old, old_path = str(domain["path"]), str(domain["_path"])
        new = old.rsplit("/", 1)[0] + "/" + name
        new_path = old_path.rstrip("/").rsplit("/", 1)[0] + f"/{name}/"
        for other in subtree(ctx.state, domain):
            other.set(path=new + str(other["path"])[len(old) :], _path=new_path + str(other["_path"])[len(old_path) :])
        domain.set(name=name)
    if p.sent("networkdomain"):
        domain.set(networkdomain=p.str("networkdomain"))
    ctx.event(
        "DOMAIN.UPDATE", "Successfully completed updating Domain", resource=("Domain", domain.uuid, domain["name"])
    )
    return {"domain": clean(domain_view(domain, ctx))}


@command("deleteDomain", refs={"id": "domain"})
def delete_domain(ctx: Ctx, p: Params) -> Result:
    domain = p.the("id")
    if not ctx.is_admin and not below(domain, ctx.domain):
        raise denied(NOT_YOURS)
    clean_up = p.flag("cleanup")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        if not domain.get("parentid"):
            raise ApiError(530, 4365, "Can't delete ROOT domain")
        inside = subtree(ctx.state, domain)
        accounts = [a for d in inside for a in ctx.state.table("account").where(domainid=d.uuid)]
        if (accounts or len(inside) > 1) and not clean_up:
            raise ApiError(
                530,
                4250,
                f"Failed to delete domain {domain['name']} (id: {domain.uuid}); Please make sure all users "
                "and sub domains have been removed from the domain before deleting",
            )
        for account in accounts:
            remove_account(ctx.sim, account)
        for each in reversed(inside):
            ctx.state.remove(each)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="DOMAIN.DELETE",
        doing=f"deleting Domain. Domain ID: {domain.uuid}",
        scheduled=f"Deleting domain with ID: {domain.uuid}",
        resource=("Domain", domain.uuid, domain["name"]),
        instance=("Domain", domain.uuid),
    )
