"""What tenants keep beside their VMs: SSH keys, affinity groups, tags, user data."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provisioning.simulator.clock import iso
from provisioning.simulator.context import Ctx
from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.narrate import run
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result, clean
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, matching, owned, owner, scope, target_account
from provisioning.simulator.views_compute import tag_view

AFFINITY_TYPES = (
    "host anti-affinity",
    "ExplicitDedication",
    "host affinity",
    "non-strict host anti-affinity",
    "non-strict host affinity",
)
# What createTags calls a kind of object here.
TAGGABLE = {
    "uservm": "vm",
    "volume": "volume",
    "template": "template",
    "iso": "iso",
    "snapshot": "snapshot",
    "network": "network",
    "publicipaddress": "ip",
    "securitygroup": "securitygroup",
    "vmsnapshot": "vmsnapshot",
    "project": "project",
    "firewallrule": "rule",
    "portforwardingrule": "rule",
    "loadbalancer": "rule",
    "vpc": "vpc",
    "zone": "zone",
    "serviceoffering": "serviceoffering",
    "storage": "pool",
    "nic": "nic",
    "user": "user",
    "instancegroup": "instancegroup",
}
SHOWN_TYPES = {
    "uservm": "UserVm",
    "publicipaddress": "PublicIpAddress",
    "securitygroup": "SecurityGroup",
    "vmsnapshot": "VMSnapshot",
}


# -- SSH keys ----------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=8)
def _new_private_key(number: int) -> tuple[str, str]:
    """A fresh RSA key pair: private key as PEM, public key as OpenSSH line."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), public.decode()


def fingerprint(public: str) -> str:
    """MD5 with colons, as CloudStack prints it."""
    import base64
    import binascii

    parts = public.split()
    try:
        raw = base64.b64decode(parts[1] if len(parts) > 1 else parts[0], validate=True)
    except (binascii.Error, IndexError, ValueError):
        raise invalid("Public key is invalid") from None
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))


def key_view(key: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "id": key.uuid,
        "name": key["name"],
        **owner(ctx.state, key["accountid"], path=False),
        "fingerprint": key["fingerprint"],
        "hasannotations": False,
    }


def _new_key(ctx: Ctx, p: Params, public: str) -> Obj:
    account = target_account(ctx, p)
    name = p.need("name")
    if ctx.state.table("sshkeypair").find(accountid=account.uuid, name=name) is not None:
        raise invalid(f"A key pair with name '{name}' already exists.")
    return ctx.state.add(
        "sshkeypair", name=name, accountid=account.uuid, publickey=public, fingerprint=fingerprint(public)
    )


@command("createSSHKeyPair")
def create_key(ctx: Ctx, p: Params) -> Result:
    private, public = _new_private_key(ctx.state.table("sshkeypair").last_dbid)
    key = _new_key(ctx, p, public)
    shown = key_view(key, ctx)
    return {"keypair": {"privatekey": private, **shown}}


@command("registerSSHKeyPair")
def register_key(ctx: Ctx, p: Params) -> Result:
    return {"keypair": key_view(_new_key(ctx, p, p.need("publickey")), ctx)}


@command("listSSHKeyPairs", refs={"id": "sshkeypair"})
def list_keys(ctx: Ctx, p: Params) -> Result:
    rows = owned(ctx, p, "sshkeypair")
    if p.has("name"):
        rows = [k for k in rows if k["name"] == p.str("name")]
    if p.has("fingerprint"):
        rows = [k for k in rows if k["fingerprint"] == p.str("fingerprint")]
    return ctx.listing("sshkeypair", matching(p, rows, name="-"), key_view, cacheable=False)


@command("deleteSSHKeyPair")
def delete_key(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    key = ctx.state.table("sshkeypair").find(accountid=account.uuid, name=p.need("name"))
    if key is None:
        raise invalid(
            f"A key pair with name '{p.need('name')}' does not exist for account {account['name']} in specified "
            "domain id"
        )
    ctx.state.remove(key)
    return {"success": "true"}


# -- affinity groups ---------------------------------------------------------------------------------------------------
def affinity_view(group: Obj, ctx: Ctx) -> dict[str, Any]:
    members = [
        vm.uuid
        for vm in ctx.state.table("vm").where(accountid=group["accountid"])
        if group.uuid in (vm.get("affinitygroupids") or ()) and vm["state"] != "Expunging"
    ]
    return {
        "id": group.uuid,
        "name": group["name"],
        "description": group.get("description"),
        **owner(ctx.state, group["accountid"]),
        "type": group["type"],
        "virtualmachineIds": members or None,
    }


@command("createAffinityGroup")
def create_affinity_group(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    name, kind = p.need("name"), p.need("type")
    if kind not in AFFINITY_TYPES:
        raise invalid(f"Unable to create affinity group, invalid affinity group type{kind}")
    if kind == "ExplicitDedication" and not ctx.is_admin:
        raise ApiError(531, 4365, "Cannot create the affinity group, only admins may create dedication groups")
    if ctx.state.table("affinitygroup").find(accountid=account.uuid, name=name) is not None:
        raise invalid(f"Unable to create affinity group, a group with name {name} already exists.")
    group = ctx.state.add(
        "affinitygroup", name=name, accountid=account.uuid, type=kind, description=p.str("description")
    )

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        return {"affinitygroup": clean(affinity_view(group, ctx))}

    return run(
        ctx,
        steps,
        event="AG.CREATE",
        doing=None,
        scheduled="creating Affinity Group",
        created="Creating Affinity Group",
        resource=("AffinityGroup", group.uuid, name),
        instance=("AffinityGroup", None),
        entity=group.uuid,
        account=account,
    )


@command("listAffinityGroups", refs={"id": "affinitygroup"})
def list_affinity_groups(ctx: Ctx, p: Params) -> Result:
    rows = owned(ctx, p, "affinitygroup")
    vm = p.obj("virtualmachineid")
    if vm is not None:
        rows = [g for g in rows if g.uuid in (vm.get("affinitygroupids") or ())]
    if p.has("type"):
        rows = [g for g in rows if g["type"] == p.str("type")]
    if p.has("name"):
        rows = [g for g in rows if g["name"] == p.str("name")]
    return ctx.listing("affinitygroup", matching(p, rows, name="-"), affinity_view, cacheable=False)


@command("listAffinityGroupTypes")
def list_affinity_types(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("affinityGroupType", [{"type": kind} for kind in AFFINITY_TYPES])


@command("deleteAffinityGroup", refs={"id": "affinitygroup"})
def delete_affinity_group(ctx: Ctx, p: Params) -> Result:
    group = p.obj("id")
    if group is None:
        account = target_account(ctx, p)
        group = ctx.state.table("affinitygroup").find(accountid=account.uuid, name=p.need("name"))
    if group is None:
        raise invalid("Unable to find affinity group by name")
    check_owner(ctx, group)
    found: Obj = group

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.3
        for vm in ctx.state.table("vm").where(accountid=found["accountid"]):
            if found.uuid in (vm.get("affinitygroupids") or ()):
                vm.set(affinitygroupids=[g for g in vm["affinitygroupids"] if g != found.uuid])
        ctx.state.remove(found)
        return {"success": True}

    return run(
        ctx,
        steps,
        event="AG.DELETE",
        doing="deleting Affinity Group",
        scheduled="Deleting Affinity Group",
        resource=("AffinityGroup", found.uuid, found["name"]),
        instance=("AffinityGroup", found.uuid),
    )


# -- tags --------------------------------------------------------------------------------------------------------------
def _tagged_objects(ctx: Ctx, p: Params) -> tuple[str, list[Obj]]:
    asked = p.need("resourcetype")
    kind = TAGGABLE.get(asked.lower())
    if kind is None:
        raise invalid(f"Invalid resource type: {asked}")
    objects = p.objs("resourceids", kind, ctx.state)
    for obj in objects:
        if obj.get("accountid"):
            check_owner(ctx, obj)
    return SHOWN_TYPES.get(asked.lower(), asked), objects


def _changed(obj: Obj) -> None:
    obj.touch()


@command("createTags")
def create_tags(ctx: Ctx, p: Params) -> Result:
    kind, objects = _tagged_objects(ctx, p)
    wanted = p.merged("tags")
    if not wanted:
        raise invalid("Please specify tags")

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        # Tags are there before the call's answer is read.
        for obj in objects:
            for key, value in wanted.items():
                if ctx.state.table("tag").find(resourceid=obj.uuid, key=key) is not None:
                    raise ApiError(530, None, f"tag {key} already exists on {kind} with id {obj.uuid}")
                ctx.state.add(
                    "tag",
                    key=key,
                    value=value,
                    resourcetype=kind,
                    resourceid=obj.uuid,
                    accountid=obj.get("accountid") or ctx.account.uuid,
                )
            _changed(obj)
        yield 0.0
        return {"success": True}

    # Only the end of it shows in a tenant's list of events.
    parent = ctx.event(
        "CREATE_TAGS",
        "creating resource tags",
        state="Scheduled",
        resource=("ResourceTag", "", ""),
        account=ctx.state.table("account").by_dbid[1],
    )

    def told(job: Obj) -> Generator[float, None, dict[str, Any]]:
        result = yield from steps(job)
        ctx.event(
            "CREATE_TAGS",
            "Successfully completed creating resource tags",
            parent=parent,
            resource=("ResourceTag", "", ""),
        )
        return result

    return run(ctx, told, event="CREATE_TAGS", doing=None)


@command("deleteTags")
def delete_tags(ctx: Ctx, p: Params) -> Result:
    _, objects = _tagged_objects(ctx, p)
    wanted = {entry["key"]: entry.get("value") for entry in p.maps("tags") if "key" in entry}

    def steps(job: Obj) -> Generator[float, None, dict[str, Any]]:
        yield 0.2
        found = 0
        for obj in objects:
            for tag in ctx.state.table("tag").where(resourceid=obj.uuid):
                if not wanted or (tag["key"] in wanted and wanted[tag["key"]] in (None, tag["value"])):
                    ctx.state.remove(tag)
                    found += 1
            _changed(obj)
        if not found:
            raise ApiError(530, None, "Unable to find any tags which conform to specified delete parameters.")
        return {"success": True}

    return run(
        ctx,
        steps,
        event="DELETE_TAGS",
        doing="deleting resource tags",
        scheduled="Deleting tags",
        resource=("ResourceTag", "", ""),
    )


@command("listTags")
def list_tags(ctx: Ctx, p: Params) -> Result:
    reach = scope(ctx, p)
    rows = [t for t in ctx.state.all("tag") if reach is None or t["accountid"] in reach]
    if p.has("resourceid"):
        rows = [t for t in rows if t["resourceid"] == p.str("resourceid")]
    if p.has("resourcetype"):
        rows = [t for t in rows if t["resourcetype"].lower() == p.text("resourcetype").lower()]
    for name in ("key", "value"):
        if p.has(name):
            rows = [t for t in rows if t[name] == p.str(name)]
    return ctx.listing("tag", [tag_view(ctx.state, tag) for tag in rows])


# -- user data ---------------------------------------------------------------------------------------------------------
def user_data_view(data: Obj, ctx: Ctx) -> dict[str, Any]:
    account = ctx.state.table("account").need(data["accountid"])
    return {
        "id": data.uuid,
        "name": data["name"],
        "accountid": account.uuid,
        **owner(ctx.state, account.uuid, path=False),
        "userdata": data["userdata"],
        "params": data.get("params"),
        "hasannotations": False,
        "created": iso(data["created"]),
    }


@command("registerUserData")
def register_user_data(ctx: Ctx, p: Params) -> Result:
    account = target_account(ctx, p)
    name = p.need("name")
    if ctx.state.table("userdata").find(accountid=account.uuid, name=name) is not None:
        raise invalid(f"A userdata with name '{name}' already exists.")
    data = ctx.state.add(
        "userdata", name=name, accountid=account.uuid, userdata=p.need("userdata"), params=p.str("params")
    )
    return {"userdata": clean(user_data_view(data, ctx))}


@command("listUserData", refs={"id": "userdata"})
def list_user_data(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("userdata", matching(p, owned(ctx, p, "userdata")), user_data_view, cacheable=False)


@command("deleteUserData", refs={"id": "userdata"})
def delete_user_data(ctx: Ctx, p: Params) -> Result:
    data = p.the("id")
    check_owner(ctx, data)
    ctx.state.remove(data)
    return {"success": "true"}
