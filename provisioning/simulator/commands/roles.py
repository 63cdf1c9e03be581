"""Roles and what they allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data
from provisioning.simulator.commands.zones import contains, exactly
from provisioning.simulator.errors import denied, invalid
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj

TYPES = ("Admin", "ResourceAdmin", "DomainAdmin", "User")


def view(role: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "type": role["type"],
        "isdefault": role["isdefault"],
        "state": role["state"],
        "id": role.uuid,
        "name": role["name"],
        "description": role.get("description"),
        "ispublic": role["ispublic"],
    }


@command("listRoles", refs={"id": "role"})
def list_roles(ctx: Ctx, p: Params) -> Result:
    """Roles."""
    one = p.obj("id")
    rows = (
        [one] if one is not None and one.removed_at is None else [] if one is not None else list(ctx.state.all("role"))
    )
    return ctx.listing("role", contains(exactly(rows, p, "name", "type", "state"), p, "name"), view)


@command("createRole")
def create_role(ctx: Ctx, p: Params) -> Result:
    """A role of a type, or a copy of another with its rules."""
    source, kind, name = p.obj("roleid"), p.str("type"), p.text("name")
    if (source is None) == (kind is None):
        raise invalid("Either role ID or type must be provided, and not both")
    if kind is not None and kind not in TYPES:
        raise invalid(f"Invalid role type provided: {kind}")
    if any(role["name"] == name for role in ctx.state.all("role")):
        raise invalid("Role name already exists")
    role = ctx.state.add(
        "role",
        name=name,
        type=source["type"] if source is not None else kind,
        description=p.str("description"),
        isdefault=False,
        ispublic=p.flag("ispublic") or not p.has("ispublic"),
        state="enabled",
        rules=rules_of(ctx, source) if source is not None else [],
    )
    return {"role": view(role, ctx)}


def rules_of(ctx: Ctx, role: Obj) -> list[dict[str, str]]:
    """A role's rules; a default one's are what its type may call."""
    from provisioning.simulator.auth import role_allows

    own = list(role.get("rules", ()))
    if own or not role["isdefault"]:
        return [dict(rule) for rule in own]
    if role["name"] == "Root Admin":
        return [{"rule": "*", "permission": "allow"}]
    return [
        {"rule": name, "permission": "allow"} for name in catalog_data.commands() if role_allows(ctx.sim, role, name)
    ]


def changeable(role: Obj) -> Obj:
    if role["isdefault"]:
        raise denied(f"Default roles cannot be changed: {role['name']}")
    return role


@command("updateRole", refs={"id": "role"})
def update_role(ctx: Ctx, p: Params) -> Result:
    """Change name, description or type of a role that did not come with the installation."""
    role = changeable(p.the("id"))
    changed = {name: p.str(name) for name in ("name", "description", "type") if p.has(name)}
    if p.has("ispublic"):
        role.set(ispublic=p.flag("ispublic"))
    role.set(**changed)
    return {"role": view(role, ctx)}


@command("enableRole", "disableRole", refs={"id": "role"})
def switch_role(ctx: Ctx, p: Params) -> Result:
    """Switch a role on or off."""
    changeable(p.the("id")).set(state="enabled" if ctx.command == "enableRole" else "disabled")
    return {"success": True}


@command("deleteRole", refs={"id": "role"})
def delete_role(ctx: Ctx, p: Params) -> Result:
    """Remove a role that nobody has."""
    role = changeable(p.the("id"))
    if any(account["roleid"] == role.uuid for account in ctx.state.all("account")):
        raise denied(f"Found accounts that have role id {role.dbid} and can't remove the role")
    ctx.state.remove(role)
    return {"success": True}


def rule_view(role: Obj, number: int, rule: dict[str, str]) -> dict[str, Any]:
    from provisioning.simulator.net import name_uuid

    return {
        "id": name_uuid(f"{role.uuid}{rule['rule']}"),
        "roleid": role.uuid,
        "rolename": role["name"],
        "rule": rule["rule"],
        "permission": rule["permission"],
        "description": rule.get("description"),
    }


@command("listRolePermissions")
def list_permissions(ctx: Ctx, p: Params) -> Result:
    """A role's rules in the order in which they are tried."""
    role = p.obj("roleid")
    roles = [role] if role is not None else list(ctx.state.all("role"))
    rows = [rule_view(each, number, rule) for each in roles for number, rule in enumerate(rules_of(ctx, each))]
    return ctx.listing("rolepermission", rows)


@command("createRolePermission")
def create_permission(ctx: Ctx, p: Params) -> Result:
    """Add a rule to a role, at its end."""
    role, rule, permission = changeable(p.the("roleid")), p.text("rule"), p.text("permission").lower()
    if permission not in ("allow", "deny"):
        raise invalid("Values for permission parameter should be: allow,deny")
    if rule.strip("*") and not any(name.startswith(rule.strip("*")) for name in catalog_data.commands()):
        raise invalid(f"Rule is not a known API or pattern: {rule}")
    added = {"rule": rule, "permission": permission}
    if p.has("description"):
        added["description"] = p.text("description")
    role.set(rules=[*role.get("rules", []), added])
    return {"rolepermission": rule_view(role, len(role["rules"]) - 1, added)}


@command("deleteRolePermission")
def delete_permission(ctx: Ctx, p: Params) -> Result:
    """Remove a rule."""
    wanted = p.text("id")
    for role in ctx.state.all("role"):
        rules = list(role.get("rules", ()))
        kept = [rule for number, rule in enumerate(rules) if rule_view(role, number, rule)["id"] != wanted]
        if len(kept) != len(rules):
            changeable(role).set(rules=kept)
            return {"success": True}
    raise invalid(f"Invalid role permission id provided: {wanted}")
