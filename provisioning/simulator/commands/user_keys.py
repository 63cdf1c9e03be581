"""API keys of users."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Generator
from typing import Any

from provisioning.simulator.clock import iso
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, denied, invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.sim import Simulator
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import NOT_YOURS, may_use

ACCOUNT_TYPES = {0: "NORMAL", 1: "ADMIN", 2: "DOMAIN_ADMIN", 3: "RESOURCE_DOMAIN_ADMIN", 5: "PROJECT"}


def new_key(sim: Simulator, what: str) -> str:
    """86 characters as CloudStack's keys have, from the seed and what the key is for."""
    raw = b"".join(hashlib.blake2b(f"{sim.config.seed}:{what}:{part}".encode()).digest() for part in range(2))
    return base64.urlsafe_b64encode(raw).decode()[:86]


def add_key_pair(sim: Simulator, user: Obj, **fields: Any) -> Obj:
    number = sim.state.table("keypair").last_dbid + 1
    return sim.state.add(
        "keypair",
        userid=user.uuid,
        apikey=new_key(sim, f"api:{user.uuid}:{number}"),
        secretkey=new_key(sim, f"secret:{user.uuid}:{number}"),
        **{"name": f"{user.dbid} - API key pair", **fields},
    )


def key_view(pair: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    user = state.table("user").need(pair["userid"])
    account = state.table("account").need(user["accountid"])
    domain = state.table("domain").need(account["domainid"])
    role = state.table("role").need(account["roleid"])
    return {
        "name": pair["name"],
        "description": pair.get("description"),
        "apikey": pair["apikey"],
        "secretkey": pair["secretkey"],
        "userid": user.uuid,
        "username": user["username"],
        "id": pair.uuid,
        "created": iso(pair["created"]),
        "startdate": iso(pair.get("startdate")),
        "enddate": iso(pair.get("enddate")),
        "accounttype": ACCOUNT_TYPES.get(account["accounttype"], "NORMAL"),
        "accountid": account.uuid,
        "accountname": account["name"],
        "roleid": role.uuid,
        "roletype": role["type"],
        "rolename": role["name"],
        "domainid": domain.uuid,
        "domain": domain["name"],
        "domainpath": domain["path"],
        "state": "ENABLED",
    }


@command("registerUserKeys", refs={"id": "user"})
def register_user_keys(ctx: Ctx, p: Params) -> Result:
    user = p.the("id")
    owner = ctx.state.table("account").need(user["accountid"])

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 2.0
        if not may_use(ctx, user["accountid"]):
            raise ApiError(530, None, NOT_YOURS)
        pair = add_key_pair(
            ctx.sim,
            user,
            **clean(
                {
                    "name": p.str("name"),
                    "description": p.str("description"),
                    "startdate": p.date("startdate"),
                    "enddate": p.date("enddate"),
                }
            ),
        )
        return {"userkeys": clean(key_view(pair, ctx))}

    start = ctx.event(
        "REGISTER.USER.KEY",
        f"Registering API keypair for user [{user.uuid}].",
        state="Scheduled",
        account=owner,
        resource=("User", user.uuid, user["username"]),
    )

    def told(job: Obj) -> Generator[float, None, dict[str, Any]]:
        result = yield from steps(job)
        ctx.event(
            "REGISTER.USER.KEY",
            "Successfully completed register for the developer API keys",
            parent=start,
            resource=("User", user.uuid, user["username"]),
        )
        return result

    return run(ctx, told, event="REGISTER.USER.KEY", doing=None, instance=("User", user.uuid))


def _pairs(ctx: Ctx, user: Obj) -> list[Obj]:
    if not may_use(ctx, user["accountid"]):
        raise denied(NOT_YOURS)
    return ctx.state.table("keypair").where(userid=user.uuid)


@command("getUserKeys", refs={"id": "user"})
def get_user_keys(ctx: Ctx, p: Params) -> Result:
    user = p.the("id")
    pairs = _pairs(ctx, user)
    if not pairs:
        return {"userkeys": {"apikeyaccess": True}}
    pair = pairs[-1]
    access = user.get("apikeyaccess") != "DISABLED"
    return {"userkeys": {"apikey": pair["apikey"], "secretkey": pair["secretkey"], "apikeyaccess": access}}


@command("listUserKeys", refs={"keypairid": "keypair", "userid": "user"})
def list_user_keys(ctx: Ctx, p: Params) -> Result:
    user = p.obj("userid")
    if user is not None:
        rows = _pairs(ctx, user)
    else:
        users = ctx.state.table("user")
        rows = [
            k
            for k in ctx.state.all("keypair")
            if may_use(ctx, users.need(k["userid"])["accountid"])
            and (p.flag("listall") or k["userid"] == ctx.user.uuid)
        ]
    one = p.obj("keypairid")
    if one is not None:
        rows = [k for k in rows if k is one]
    return ctx.listing("userapikey", rows, key_view, cacheable=False)


@command("deleteUserKeys", refs={"id": "keypair", "keypairid": "keypair"})
def delete_user_keys(ctx: Ctx, p: Params) -> Result:
    pair = p.obj("keypairid") or p.obj("id")
    if pair is None or pair.removed_at is not None:
        raise invalid("Unable to find the API key pair")
    user = ctx.state.table("user").need(pair["userid"])
    if not may_use(ctx, user["accountid"]):
        raise denied(NOT_YOURS)

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.5
        ctx.state.remove(pair)
        return {"success": True}

    return run(ctx, steps, event="DELETE.USER.KEY", doing=None, instance=("User", user.uuid))
