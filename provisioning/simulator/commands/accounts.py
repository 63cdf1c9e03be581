"""Accounts and users: who uses the cloud."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from provisioning.simulator import limits
from provisioning.simulator.auth import hash_password
from provisioning.simulator.clock import iso
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import denied, invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import NOT_YOURS, below, domain_text, matching, may_use, scope

ROLE_OF_TYPE = {0: "User", 1: "Root Admin", 2: "Domain Admin", 3: "Resource Admin"}
TYPE_OF_ROLE = {"User": 0, "Admin": 1, "DomainAdmin": 2, "ResourceAdmin": 3}


def role_fields(ctx: Ctx, account: Obj) -> dict[str, Any]:
    role = ctx.state.table("role").need(account["roleid"])
    return {"roleid": role.uuid, "roletype": role["type"], "rolename": role["name"]}


def user_view(user: Obj, ctx: Ctx) -> dict[str, Any]:
    account = ctx.state.table("account").need(user["accountid"])
    domain = ctx.state.table("domain").need(account["domainid"])
    pair = next(iter(ctx.state.table("keypair").where(userid=user.uuid)), None)
    return {
        "id": user.uuid,
        "username": user["username"],
        "firstname": user["firstname"],
        "lastname": user["lastname"],
        "email": user.get("email"),
        "created": iso(user["created"]),
        "state": user["state"],
        "account": account["name"],
        "accounttype": account["accounttype"],
        "usersource": "native",
        **role_fields(ctx, account),
        "domainid": domain.uuid,
        "domain": domain["name"],
        "timezone": user.get("timezone"),
        "apikey": pair["apikey"] if pair is not None else None,
        "accountid": account.uuid,
        "iscallerchilddomain": False,
        "isdefault": bool(user.get("isdefault")),
        "is2faenabled": False,
        "is2famandated": False,
    }


def user_with_access(user: Obj, ctx: Ctx) -> dict[str, Any]:
    """As ``listUsers`` shows it to administrators."""
    fields = user_view(user, ctx)
    if ctx.role_kind != "User":
        fields["apikeyaccess"] = user.get("apikeyaccess") or "INHERIT"
    return fields


def account_view(account: Obj, ctx: Ctx) -> dict[str, Any]:
    state, sim = ctx.state, ctx.sim
    domain = state.table("domain").need(account["domainid"])
    used = limits.counts(sim, account.uuid)
    vms = [vm for vm in state.table("vm").where(accountid=account.uuid) if vm["state"] not in limits.GONE_VM_STATES]
    running = sum(1 for vm in vms if vm["state"] == "Running")
    vm_counts = {"vmstopped": sum(1 for vm in vms if vm["state"] == "Stopped"), "vmrunning": running}
    fields: dict[str, Any] = {
        "id": account.uuid,
        "name": account["name"],
        "accounttype": account["accounttype"],
        **role_fields(ctx, account),
        "domainid": domain.uuid,
        "domain": domain["name"],
        "domainpath": domain["path"],
    }
    if account.get("_counted") or any(
        n["state"] == "Implemented" for n in state.table("network").where(accountid=account.uuid)
    ):
        fields.update(receivedbytes=0, sentbytes=0)
    fields.update(limits.shown(used, lambda resource: limits.limit(sim, account, resource), extra=vm_counts))
    fields.update(
        state=account["state"],
        created=iso(account["created"]),
        networkdomain=account.get("networkdomain"),
        user=[_without_nulls(user_view(user, ctx)) for user in state.table("user").where(accountid=account.uuid)],
        isdefault=bool(account.get("isdefault")),
        groups=[],
    )
    if ctx.role_kind != "User":
        fields["apikeyaccess"] = account.get("apikeyaccess") or "INHERIT"
    return fields


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _hidden(account: Obj) -> bool:
    """The system account and the accounts of projects are no tenants."""
    return bool(account.dbid == 1 or account["accounttype"] == 5)


@command("listAccounts", refs={"id": "account"})
def list_accounts(ctx: Ctx, p: Params) -> Result:
    one = p.obj("id")
    if one is not None:
        rows = [one] if one.removed_at is None and may_use(ctx, one.uuid) else []
    else:
        reach = scope(ctx, p)
        if ctx.role_kind != "User" and reach == {ctx.account.uuid} and not p.has("name") and not p.has("domainid"):
            reach = {ctx.account.uuid}
        if p.has("name"):
            reach = scope(ctx, p) if p.has("domainid") else None
        rows = [a for a in ctx.state.all("account") if reach is None or a.uuid in reach]
    rows = [a for a in rows if not _hidden(a) and may_use(ctx, a.uuid)]
    if p.has("accounttype"):
        rows = [a for a in rows if a["accounttype"] == p.int("accounttype")]
    if p.has("state"):
        rows = [a for a in rows if a["state"] == p.text("state").lower()]
    if p.has("name"):
        rows = [a for a in rows if a["name"] == p.str("name")]
    return ctx.listing("account", matching(p, rows, name="-"), account_view, cacheable=False)


@command("createAccount")
def create_account(ctx: Ctx, p: Params) -> Result:
    domain = p.obj("domainid") or ctx.domain
    name = p.str("account") or p.need("username")
    doing = f"creating Account. Account Name: {p.text('username')}, Domain ID:{domain.uuid}"
    user_doing = f"creating User. Account Name: {p.text('username')}, Domain ID:{domain.uuid}"
    try:
        if not ctx.is_admin and not below(domain, ctx.domain):
            raise denied(NOT_YOURS)
        if _user_named(ctx, domain, p.need("username")) is not None:
            raise invalid(f"The user {p.need('username')} already exists in domain {domain_text(domain)}")
        if ctx.state.table("account").find(domainid=domain.uuid, name=name) is not None:
            raise invalid(f"The specified account: {name} already exists")
        role = p.obj("roleid")
        kind = p.int("accounttype")
        if role is None and kind is None:
            raise invalid("Neither account type and role ID are not provided")
        if role is None:
            role = ctx.state.table("role").find(name=ROLE_OF_TYPE.get(kind or 0, "User"))
        if role is None:
            raise invalid("Could not find a role for the account type")
    except Exception:
        ctx.event("ACCOUNT.CREATE", f"Error while {doing}", level="ERROR", resource=("Account", "", ""))
        ctx.event("USER.CREATE", f"Error while {user_doing}", level="ERROR", resource=("User", "", ""))
        raise
    account = ctx.state.add(
        "account",
        name=name,
        accounttype=TYPE_OF_ROLE[str(role["type"])],
        roleid=role.uuid,
        domainid=domain.uuid,
        state="enabled",
        networkdomain=p.str("networkdomain"),
    )
    user = _add_user(ctx, p, account)
    ctx.event("ACCOUNT.CREATE", f"Successfully completed {doing}", resource=("Account", account.uuid, name))
    ctx.event("USER.CREATE", f"Successfully completed {user_doing}", resource=("User", user.uuid, user["username"]))
    return {"account": _without_nulls(account_view(account, ctx))}


def _user_named(ctx: Ctx, domain: Obj, name: str) -> Obj | None:
    accounts = ctx.state.table("account")
    for user in ctx.state.table("user").where(username=name):
        if accounts.need(user["accountid"])["domainid"] == domain.uuid:
            return user
    return None


def _add_user(ctx: Ctx, p: Params, account: Obj) -> Obj:
    return ctx.state.add(
        "user",
        username=p.need("username"),
        firstname=p.need("firstname"),
        lastname=p.need("lastname"),
        email=p.need("email"),
        _password=hash_password(p.text("password"), account.uuid[:8]),
        state="enabled",
        accountid=account.uuid,
        timezone=p.str("timezone"),
    )


@command("createUser")
def create_user(ctx: Ctx, p: Params) -> Result:
    domain = p.obj("domainid") or ctx.domain
    account = ctx.state.table("account").find(domainid=domain.uuid, name=p.need("account"))
    if account is None:
        raise invalid(
            f"Unable to find account {p.need('account')} in domain {domain_text(domain)} to create user "
            f"{p.text('username')}"
        )
    if not may_use(ctx, account.uuid):
        raise denied(NOT_YOURS)
    if _user_named(ctx, domain, p.need("username")) is not None:
        raise invalid(f"The user {p.need('username')} already exists in domain {domain_text(domain)}")
    user = _add_user(ctx, p, account)
    ctx.event(
        "USER.CREATE",
        f"Successfully completed creating User. Account Name: {user['username']}, Domain ID:{domain.uuid}",
        resource=("User", user.uuid, user["username"]),
    )
    return {"user": _without_nulls(user_with_access(user, ctx))}


@command("listUsers", refs={"id": "user"})
def list_users(ctx: Ctx, p: Params) -> Result:
    one = p.obj("id")
    if one is not None:
        rows = [one] if one.removed_at is None and may_use(ctx, one["accountid"]) else []
    else:
        reach = scope(ctx, p)
        rows = [u for u in ctx.state.all("user") if u.dbid != 1 and (reach is None or u["accountid"] in reach)]
    if p.has("username"):
        rows = [u for u in rows if u["username"] == p.str("username")]
    if p.has("state"):
        rows = [u for u in rows if u["state"] == p.text("state").lower()]
    rows = matching(p, rows, keys=("username", "firstname", "lastname", "email"), name="-")
    return ctx.listing("user", rows, user_with_access, cacheable=False)


@command("getUser")
def get_user(ctx: Ctx, p: Params) -> Result:
    pair = ctx.state.table("keypair").find(apikey=p.str("userapikey"))
    user = ctx.state.get("user", pair["userid"]) if pair is not None else None
    if user is None or not may_use(ctx, user["accountid"]):
        raise invalid("Could not find user with provided API key")
    return {"user": _without_nulls(user_with_access(user, ctx))}


def _the_user(ctx: Ctx, p: Params) -> Obj:
    user = p.the("id")
    if not may_use(ctx, user["accountid"]):
        raise denied(NOT_YOURS)
    if user.removed_at is not None:
        raise invalid("unable to find user by id")
    return user


@command("updateUser", refs={"id": "user"})
def update_user(ctx: Ctx, p: Params) -> Result:
    user = _the_user(ctx, p)
    changes: dict[str, Any] = {
        name: p.str(name)
        for name in ("firstname", "lastname", "email", "timezone", "username", "apikeyaccess")
        if p.has(name)
    }
    if p.has("password"):
        changes["_password"] = hash_password(p.text("password"), user["accountid"][:8])
    user.set(**changes)
    ctx.event("USER.UPDATE", "Successfully completed updating User", resource=("User", user.uuid, user["username"]))
    return {"user": _without_nulls(user_with_access(user, ctx))}


@command("deleteUser", refs={"id": "user"})
def delete_user(ctx: Ctx, p: Params) -> Result:
    user = _the_user(ctx, p)
    if user.get("isdefault"):
        raise invalid("The user is default and can't be removed")
    for pair in ctx.state.table("keypair").where(userid=user.uuid):
        ctx.state.remove(pair)
    ctx.state.remove(user)
    ctx.event("USER.DELETE", "Successfully completed deleting User", resource=("User", user.uuid, user["username"]))
    return {"success": "true"}


@command("enableUser", refs={"id": "user"})
def enable_user(ctx: Ctx, p: Params) -> Result:
    user = _the_user(ctx, p)
    user.set(state="enabled", _wrong_logins=0)
    return {"user": _without_nulls(user_with_access(user, ctx))}


@command("disableUser", refs={"id": "user"})
def disable_user(ctx: Ctx, p: Params) -> Result:
    user = _the_user(ctx, p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        user.set(state="disabled")
        return {"user": _without_nulls(user_with_access(user, ctx))}

    return run(
        ctx,
        steps,
        event="USER.DISABLE",
        doing="disabling User",
        scheduled=f"disabling user: {user.uuid}",
        resource=("User", user.uuid, user["username"]),
        instance=("User", user.uuid),
    )


def _the_account(ctx: Ctx, p: Params) -> Obj:
    found = p.obj("id")
    if found is None:
        domain = p.obj("domainid") or ctx.domain
        found = ctx.state.table("account").find(domainid=domain.uuid, name=p.need("account"))
    if found is None:
        raise invalid(f"Unable to find account by name {p.text('account')} in domain")
    if not may_use(ctx, found.uuid):
        raise denied(NOT_YOURS)
    return found


@command("enableAccount", refs={"id": "account"})
def enable_account(ctx: Ctx, p: Params) -> Result:
    account = _the_account(ctx, p)
    account.set(state="enabled")
    return {"account": _without_nulls(account_view(account, ctx))}


@command("updateAccount", refs={"id": "account"})
def update_account(ctx: Ctx, p: Params) -> Result:
    account = _the_account(ctx, p)
    changes: dict[str, Any] = {}
    if p.has("newname"):
        changes["name"] = p.str("newname")
    if p.has("networkdomain"):
        changes["networkdomain"] = p.str("networkdomain")
    role = p.obj("roleid")
    if role is not None:
        changes.update(roleid=role.uuid, accounttype=TYPE_OF_ROLE[str(role["type"])])
    account.set(**changes)
    return {"account": _without_nulls(account_view(account, ctx))}


@command("disableAccount", refs={"id": "account"})
def disable_account(ctx: Ctx, p: Params) -> Result:
    account = _the_account(ctx, p)
    wanted = "locked" if p.flag("lock") else "disabled"

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        from provisioning.simulator.vm_life import stop_quietly

        yield 1.0
        account.set(state=wanted)
        if wanted == "disabled":
            for vm in ctx.state.table("vm").where(accountid=account.uuid, state="Running"):
                stop_quietly(ctx.sim, vm)
        return {"account": _without_nulls(account_view(account, ctx))}

    return run(
        ctx,
        steps,
        event="ACCOUNT.DISABLE",
        doing="disabling account",
        scheduled=f"disabling Account: {account.uuid}",
        resource=("Account", account.uuid, account["name"]),
        instance=("Account", account.uuid),
    )


@command("deleteAccount", refs={"id": "account"})
def delete_account(ctx: Ctx, p: Params) -> Result:
    account = _the_account(ctx, p)
    if account.get("isdefault") or account.uuid == ctx.account.uuid:
        raise denied(
            "The account is default and can't be removed" if account.get("isdefault") else "Caller can't delete itself"
        )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        from provisioning.simulator.cleanup import remove_account

        yield 2.0
        remove_account(ctx.sim, account)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="ACCOUNT.DELETE",
        doing="deleting Account",
        scheduled=f"deleting User {account['name']} (id: {account.uuid})",
        resource=("Account", account.uuid, account["name"]),
        instance=("Account", account.uuid),
    )
