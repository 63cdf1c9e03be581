"""Projects: accounts that several people share."""

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
from provisioning.simulator.state import Obj, State
from provisioning.simulator.tenancy import NOT_YOURS, matching, may_use, member, named_account, scope
from provisioning.simulator.views_compute import tags_of

PROJECT: dict[str, str | tuple[str, ...]] = {"id": "project", "projectid": "project"}


def project_view(project: Obj, ctx: Ctx) -> dict[str, Any]:
    state, sim = ctx.state, ctx.sim
    account = state.table("account").need(project["accountid"])
    domain = state.table("domain").need(account["domainid"])
    used = limits.counts(sim, account.uuid)
    vms = state.table("vm").where(accountid=account.uuid)
    more = {
        "vmstopped": sum(1 for vm in vms if vm["state"] == "Stopped"),
        "vmrunning": sum(1 for vm in vms if vm["state"] == "Running"),
    }
    owners = [m for m in project.get("members", ()) if m["role"] == "Admin"]
    names = tuple(name for name in limits.SHOWN if name != "project")
    return {
        "id": project.uuid,
        "name": project["name"],
        "displaytext": project.get("displaytext"),
        "domainid": domain.uuid,
        "domain": domain["name"],
        "created": iso(project["created"]),
        "state": project["state"],
        "projectaccountname": account["name"],
        "owner": [{"account": state.name_of("account", m["accountid"]), "userid": m.get("userid")} for m in owners],
        "tags": tags_of(state, project),
        **limits.shown(used, lambda r: limits.limit(sim, account, r), names, more),
    }


def _the_project(ctx: Ctx, p: Params, name: str = "id") -> Obj:
    project = p.the(name)
    if project.removed_at is not None:
        raise invalid("Unable to find the project id=" + project.uuid)
    if not may_use(ctx, project["accountid"]):
        raise denied(NOT_YOURS)
    return project


@command("listProjects", refs=PROJECT)
def list_projects(ctx: Ctx, p: Params) -> Result:
    one = p.obj("id")
    rows = (
        [one] if one is not None and one.removed_at is None else list(ctx.state.all("project")) if one is None else []
    )
    reach = scope(ctx, p) if not p.flag("listall") else None
    rows = [
        r
        for r in rows
        if (ctx.is_admin and (reach is None or reach & {m["accountid"] for m in r["members"]}))
        or member(ctx.state, r, ctx.account.uuid)
    ]
    if p.has("name"):
        rows = [r for r in rows if r["name"] == p.str("name")]
    if p.has("state"):
        rows = [r for r in rows if r["state"].lower() == p.text("state").lower()]
    return ctx.listing(
        "project", matching(p, rows, keys=("name", "displaytext"), name="-"), project_view, cacheable=False
    )


def add_project(ctx_state: State, name: str, text: str, owner: Obj) -> Obj:
    """A project with its own account in the owner's domain."""
    number = ctx_state.next_dbid("project")
    account = ctx_state.add(
        "account",
        name=f"PrjAcct-{name}-{number}",
        accounttype=5,
        roleid=owner["roleid"],
        domainid=owner["domainid"],
        state="enabled",
        isdefault=False,
    )
    user = next(iter(ctx_state.table("user").where(accountid=owner.uuid)), None)
    return ctx_state.add(
        "project",
        name=name,
        displaytext=text,
        accountid=account.uuid,
        domainid=owner["domainid"],
        state="Active",
        ownerid=owner.uuid,
        members=[{"accountid": owner.uuid, "role": "Admin", "userid": user.uuid if user else None}],
    )


@command("createProject")
def create_project(ctx: Ctx, p: Params) -> Result:
    owner = named_account(ctx, p) or ctx.account
    name = p.need("name")
    if any(r["name"] == name and r["domainid"] == owner["domainid"] for r in ctx.state.all("project")):
        raise invalid(f"Project with name {name} already exists in domain id={owner['domainid']}")
    limits.check(ctx, owner, project=1)
    project = add_project(ctx.state, name, p.text("displaytext") or name, owner)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.4
        return {"project": clean(project_view(project, ctx))}

    return run(
        ctx,
        steps,
        event="PROJECT.CREATE",
        doing="creating project",
        scheduled="creating project",
        created="creating project",
        resource=("Project", project.uuid, name),
        instance=("None", None),
        entity=project.uuid,
    )


@command("updateProject", refs=PROJECT)
def update_project(ctx: Ctx, p: Params) -> Result:
    project = _the_project(ctx, p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.2
        project.set(**{name: p.str(name) for name in ("name", "displaytext") if p.has(name)})
        return {"project": clean(project_view(project, ctx))}

    return run(
        ctx,
        steps,
        event="PROJECT.UPDATE",
        doing="updating project",
        scheduled=f"Updating project: {project.uuid}",
        resource=("Project", project.uuid, project["name"]),
    )


def _state_job(ctx: Ctx, project: Obj, state: str, event: str, doing: str) -> Result:
    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.4
        project.set(state=state)
        return {"project": clean(project_view(project, ctx))}

    return run(
        ctx,
        steps,
        event=event,
        doing=doing,
        scheduled=f"{doing}: {project.uuid}",
        resource=("Project", project.uuid, project["name"]),
    )


@command("suspendProject", refs=PROJECT)
def suspend_project(ctx: Ctx, p: Params) -> Result:
    return _state_job(ctx, _the_project(ctx, p), "Suspended", "PROJECT.SUSPEND", "Suspending project")


@command("activateProject", refs=PROJECT)
def activate_project(ctx: Ctx, p: Params) -> Result:
    return _state_job(ctx, _the_project(ctx, p), "Active", "PROJECT.ACTIVATE", "Activating project")


@command("deleteProject", refs=PROJECT)
def delete_project(ctx: Ctx, p: Params) -> Result:
    project = _the_project(ctx, p)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.8
        remove_account(ctx.sim, ctx.state.table("account").need(project["accountid"]))
        ctx.state.remove(project)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="PROJECT.DELETE",
        doing="deleting project",
        scheduled=f"Deleting project: {project.uuid}",
        resource=("Project", project.uuid, project["name"]),
    )


@command("addAccountToProject", refs=PROJECT)
def add_account(ctx: Ctx, p: Params) -> Result:
    project = _the_project(ctx, p, "projectid")
    account = ctx.state.table("account").find(domainid=project["domainid"], name=p.need("account"))
    if account is None:
        raise invalid(f"Unable to find account {p.need('account')} in the project's domain")
    if member(ctx.state, project, account.uuid):
        raise invalid(f"Account {account['name']} already added to the project")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.2
        project.set(
            members=[
                *project["members"],
                {"accountid": account.uuid, "role": p.text("roletype", "Regular").capitalize()},
            ]
        )
        return {"success": True}

    return run(
        ctx,
        steps,
        event="PROJECT.ACCOUNT.ADD",
        doing="adding account to project",
        scheduled=f"Adding account {account['name']} to project",
        resource=("Project", project.uuid, project["name"]),
    )


@command("deleteAccountFromProject", refs=PROJECT)
def delete_account(ctx: Ctx, p: Params) -> Result:
    project = _the_project(ctx, p, "projectid")
    account = ctx.state.table("account").find(domainid=project["domainid"], name=p.need("account"))
    if account is None or not member(ctx.state, project, account.uuid):
        raise invalid("Account is not assigned to the project")
    if account.uuid == project["ownerid"]:
        raise invalid("Unable to delete account from the project as the account is the owner of the project")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.2
        if project.removed_at is not None:
            raise ApiError(530, None, "the project is gone")
        project.set(members=[m for m in project["members"] if m["accountid"] != account.uuid])
        return {"success": True}

    return run(
        ctx,
        steps,
        event="PROJECT.ACCOUNT.REMOVE",
        doing="removing account from project",
        scheduled=f"Removing account {account['name']} from project",
        resource=("Project", project.uuid, project["name"]),
    )


@command("listProjectAccounts", refs=PROJECT)
def list_accounts(ctx: Ctx, p: Params) -> Result:
    project = _the_project(ctx, p, "projectid")
    rows = []
    for entry in project["members"]:
        account = ctx.state.get("account", entry["accountid"])
        if account is not None and account.removed_at is None:
            domain = ctx.state.table("domain").need(account["domainid"])
            rows.append(
                {
                    "projectid": project.uuid,
                    "project": project["name"],
                    "accountid": account.uuid,
                    "account": account["name"],
                    "accounttype": account["accounttype"],
                    "role": entry["role"],
                    "domainid": domain.uuid,
                    "domain": domain["name"],
                }
            )
    return ctx.listing("projectaccount", rows)
