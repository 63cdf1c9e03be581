"""Whose objects a caller sees and touches: domains, accounts and projects, as CloudStack's access checks decide.

A list without ``listall`` shows the caller's own objects; with it, everything the caller's role reaches (a root
admin the whole
cloud, a domain admin the domain and what is below it).  Asking for an ``id`` shows any object the caller may reach.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from provisioning.simulator.errors import denied, invalid

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.state import Obj, State

NOT_YOURS = "Caller does not have permission to operate with provided resource."


def json_text(fields: dict[str, Any]) -> str:
    """JSON as CloudStack's texts carry it: no spaces, slashes escaped."""
    return json.dumps(fields, separators=(",", ":")).replace("/", "\\/")


def domain_text(domain: Obj) -> str:
    path = "/" + "".join(f"{part}/" for part in str(domain["path"]).split("/")[1:])
    return "Domain " + json_text({"id": domain.dbid, "name": domain["name"], "path": path, "uuid": domain.uuid})


def vm_text(vm: Obj) -> str:
    """A VM as the texts of failed jobs name it."""
    return "VM instance " + json_text(
        {
            "id": instance_id(vm),
            "instanceName": vm["instancename"],
            "state": vm["state"],
            "type": "User",
            "uuid": vm.uuid,
        }
    )


def instance_id(vm: Obj) -> int:
    """The database id that user VMs, routers and system VMs count together."""
    return int(str(vm.get("instancename") or vm["name"]).rsplit("-", 2)[1])


def project_of(state: State, account_id: str) -> Obj | None:
    """The project whose account this is."""
    account = state.get("account", account_id)
    if account is None or account.get("accounttype") != 5:
        return None
    return state.table("project").find(accountid=account_id)


def owner(state: State, account_id: str, *, path: bool = True) -> dict[str, Any]:
    """The owner's fields of an answer: ``account`` or ``project``, and the domain."""
    account = state.table("account").need(account_id)
    domain = state.table("domain").need(account["domainid"])
    fields: dict[str, Any] = {}
    project = project_of(state, account_id)
    if project is not None:
        fields.update(projectid=project.uuid, project=project["name"])
    else:
        fields["account"] = account["name"]
    fields.update(domainid=domain.uuid, domain=domain["name"])
    if path:
        fields["domainpath"] = domain["path"]
    return fields


def below(domain: Obj, top: Obj) -> bool:
    """Whether the domain is ``top`` or under it."""
    path, root = str(domain["path"]), str(top["path"])
    return path == root or path.startswith(root + "/")


def subtree(state: State, top: Obj) -> list[Obj]:
    return [domain for domain in state.all("domain") if below(domain, top)]


def member(state: State, project: Obj, account_id: str) -> bool:
    return any(entry["accountid"] == account_id for entry in project.get("members", ()))


def may_use(ctx: Ctx, account_id: str) -> bool:
    """Whether the caller may touch this account's objects."""
    if account_id == ctx.account.uuid or ctx.is_admin:
        return True
    account = ctx.state.get("account", account_id)
    if account is None:
        return False
    project = project_of(ctx.state, account_id)
    if project is not None and member(ctx.state, project, ctx.account.uuid):
        return True
    if ctx.role_kind in ("DomainAdmin", "ResourceAdmin"):
        domain = ctx.state.table("domain").need(account["domainid"])
        return below(domain, ctx.domain)
    return False


def check_owner(ctx: Ctx, *objects: Obj | None) -> None:
    """Refuse with 531 what belongs to somebody out of the caller's reach."""
    for obj in objects:
        if obj is not None and not may_use(ctx, str(obj["accountid"])):
            raise denied(NOT_YOURS)


def named_account(ctx: Ctx, p: Params) -> Obj | None:
    """The account that ``account``/``domainid`` or ``projectid`` name; None when the call names none."""
    project = p.obj("projectid")
    if project is not None:
        account = ctx.state.table("account").need(project["accountid"])
        if not may_use(ctx, account.uuid):
            raise denied(NOT_YOURS)
        return account
    name = p.str("account")
    if name is None:
        return None
    domain = p.obj("domainid") or ctx.domain
    found = ctx.state.table("account").find(domainid=domain.uuid, name=name)
    if found is None:
        raise invalid(f"could not find account {name} in domain {domain_text(domain)}")
    if not may_use(ctx, found.uuid):
        raise denied(NOT_YOURS)
    return found


def target_account(ctx: Ctx, p: Params) -> Obj:
    """The account a new object is made for."""
    return named_account(ctx, p) or ctx.account


def scope(ctx: Ctx, p: Params) -> set[str] | None:
    """The accounts a list call covers; None: everybody's."""
    state = ctx.state
    if p.raw.get("projectid") == "-1":
        reach = (
            project for project in state.all("project") if ctx.is_admin or member(state, project, ctx.account.uuid)
        )
        return {str(project["accountid"]) for project in reach}
    named = named_account(ctx, p)
    if named is not None:
        return {named.uuid}
    domain = p.obj("domainid")
    if domain is not None:
        if not ctx.is_admin and not below(domain, ctx.domain):
            raise denied(NOT_YOURS)
        if ctx.role_kind == "User":
            return {ctx.account.uuid}
        deep = p.bool("isrecursive", p.flag("listall"))
        domains = subtree(state, domain) if deep else [domain]
        accounts = state.table("account")
        return {a.uuid for d in domains for a in accounts.where(domainid=d.uuid) if a.get("accounttype") != 5}
    if p.has("id") or p.has("ids"):
        return None if ctx.is_admin else _reach(ctx)
    if not p.flag("listall"):
        if p.flag("isrecursive") and ctx.role_kind != "User":
            return None if ctx.is_admin else _reach(ctx)
        return {ctx.account.uuid}
    return None if ctx.is_admin else _reach(ctx)


def _reach(ctx: Ctx) -> set[str]:
    """Every account whose objects the caller may touch, projects left out unless they are asked for by id."""
    if ctx.role_kind == "User":
        mine = {ctx.account.uuid}
    else:
        accounts = ctx.state.table("account")
        mine = {a.uuid for d in subtree(ctx.state, ctx.domain) for a in accounts.where(domainid=d.uuid)}
    mine.update(
        str(project["accountid"])
        for project in ctx.state.all("project")
        if member(ctx.state, project, ctx.account.uuid)
    )
    return mine


def owned(ctx: Ctx, p: Params, kind: str, **fields: Any) -> list[Obj]:
    """Live objects of a kind in the call's scope; ``fields`` that are None don't filter.

    ``id`` and ``ids`` name objects; a foreign one is refused with 531, as CloudStack refuses it.
    """
    table = ctx.state.table(kind)
    wanted = {name: value for name, value in fields.items() if value is not None}
    one = p.obj("id")
    accounts = scope(ctx, p)
    if one is not None:
        check_owner(ctx, one)
        if accounts is not None and one["accountid"] not in accounts:
            return []
        live = one.removed_at is None
        return [one] if live and all(one.get(name) == value for name, value in wanted.items()) else []
    if p.has("ids"):
        found: Iterable[Obj] = [
            obj for obj in (table.get(uuid) for uuid in p.list("ids")) if obj and obj.removed_at is None
        ]
        return [o for o in found if (accounts is None or o["accountid"] in accounts) and _equal(o, wanted)]
    if accounts is None:
        return table.where(**wanted)
    if len(accounts) <= 50:
        rows = [obj for account in accounts for obj in table.where(accountid=account, **wanted)]
        if len(accounts) > 1:
            rows.sort(key=lambda obj: obj.dbid)
        return rows
    return [obj for obj in table.where(**wanted) if obj["accountid"] in accounts]


def _equal(obj: Obj, wanted: dict[str, Any]) -> bool:
    return all(obj.get(name) == value for name, value in wanted.items())


def matching(p: Params, rows: list[Obj], *, keys: tuple[str, ...] = ("name",), name: str = "name") -> list[Obj]:
    """Filter by ``keyword`` (contained in one of the fields) and ``name``, both without regard to case."""
    keyword, exact = p.str("keyword"), p.str(name)
    if keyword is not None:
        low = keyword.lower()
        rows = [obj for obj in rows if any(low in str(obj.get(key) or "").lower() for key in keys)]
    if exact is not None:
        low = exact.lower()
        rows = [obj for obj in rows if low in str(obj.get("name") or "").lower()]
    return rows


def tagged(ctx: Ctx, p: Params, rows: list[Obj]) -> list[Obj]:
    """Filter by ``tags[0].key``/``value``: objects that carry one of them."""
    wanted = [(entry.get("key"), entry.get("value")) for entry in p.maps("tags")]
    if not wanted:
        return rows
    tags = ctx.state.table("tag")
    return [obj for obj in rows if any((tag["key"], tag["value"]) in wanted for tag in tags.where(resourceid=obj.uuid))]
