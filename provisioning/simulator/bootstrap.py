"""A fresh management server: ROOT domain, system and admin accounts, default roles, built-in offerings, OS types,
templates.

Database ids follow CloudStack's own order (account 1 system, 2 admin, 3 baremetal): texts and instance names show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data
from provisioning.simulator.auth import hash_password
from provisioning.simulator.registry import on_fresh
from provisioning.simulator.responses import VERSION

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj, State

ROLE_OF_TYPE = {0: "User", 1: "Admin", 2: "DomainAdmin", 4: "ResourceAdmin"}


@on_fresh(10)
def identities(sim: Simulator) -> None:
    """Roles, ROOT, the accounts and users that come with the installation, the root admin's keys."""
    state = sim.state
    for row in catalog_data.rows("roles"):
        state.add("role", **row)
    root = state.add("domain", name="ROOT", path="ROOT", _path="/", level=0, parentid=None, state="Active")
    admin_role, user_role = role_named(state, "Root Admin"), role_named(state, "User")
    # The schema brings these two, so nobody created them.
    system = account(state, "system", 1, admin_role, root, created=None)
    admin = account(state, "admin", 1, admin_role, root, isdefault=True, created=None)
    baremetal = account(state, "baremetal-system-account", 0, user_role, root)
    salt = sim.config.key("salt", 8)
    add_user(state, system, "system", "system", "cloud", None, "", salt)
    who = add_user(
        state,
        admin,
        "admin",
        "Admin",
        "User",
        "admin@mailprovider.com",
        sim.config.admin_password,
        salt,
        isdefault=True,
    )
    state.add(
        "keypair", name="admin keys", userid=who.uuid, apikey=sim.api_key, secretkey=sim.secret_key, state="Enabled"
    )
    other = add_user(
        state,
        baremetal,
        "baremetal-system-account",
        "baremetal-system-account",
        "baremetal-system-account",
        None,
        "",
        salt,
    )
    state.add(
        "keypair",
        name="baremetal keys",
        userid=other.uuid,
        apikey=sim.config.key("baremetal api key"),
        secretkey=sim.config.key("baremetal secret key"),
        state="Enabled",
    )


@on_fresh(20)
def shipped(sim: Simulator) -> None:
    """The management server itself and everything that the installation brings along."""
    state = sim.state
    now = sim.made_at
    state.add(
        "managementserver",
        name="localhost",
        state="Up",
        version=VERSION,
        serviceip="127.0.0.1",
        ipaddress="127.0.0.1",
        lastserverstart=now,
        lastserverstop=now,
        lastboottime=now,
    )
    for row in catalog_data.rows("regions"):
        state.add("region", **row)
    categories: dict[str, Obj] = {}
    for row in catalog_data.rows("os_categories"):
        categories[row["name"]] = state.add("oscategory", **row)
    for kind in catalog_data.os_types():
        state.add(
            "ostype",
            name=kind.name,
            description=kind.description,
            isuserdefined=kind.isuserdefined,
            fordisplay=kind.fordisplay,
            oscategoryid=categories[kind.category].uuid if kind.category in categories else None,
        )
    offerings(state)
    templates(state)


def offerings(state: State) -> None:
    """Built-in service, disk, network and VPC offerings; every service offering has a disk offering of its own."""
    for row in catalog_data.rows("disk_offerings"):
        state.add("diskoffering", **row)
    for row in catalog_data.rows("service_offerings"):
        fields = dict(row)
        disk = state.add(
            "diskoffering",
            name=fields.pop("diskofferingname"),
            displaytext=fields.pop("diskofferingdisplaytext"),
            disksize=0,
            iscustomized=False,
            storagetype="shared",
            provisioningtype="thin",
            displayoffering=False,
            disksizestrictness=False,
            encrypt=False,
            hasannotations=False,
            state="Active",
            _ofservice=True,
        )
        state.add("serviceoffering", **fields, diskofferingid=disk.uuid)
    for kind, name in (("networkoffering", "network_offerings"), ("vpcoffering", "vpc_offerings")):
        for row in catalog_data.rows(name):
            state.add(kind, **row)


def templates(state: State) -> None:
    """The built-in templates, owned by the system account."""
    system = state.table("account").by_dbid[1]
    types = {obj["description"]: obj for obj in state.all("ostype")}
    for row in catalog_data.rows("templates"):
        fields: dict[str, Any] = dict(row)
        os_type = types.get(fields.get("ostypename", ""))
        state.add("template", **fields, ostypeid=os_type.uuid if os_type else None, accountid=system.uuid)


def role_named(state: State, name: str) -> Obj:
    return next(role for role in state.all("role") if role["name"] == name)


def account(state: State, name: str, kind: int, role: Obj, domain: Obj, **more: Any) -> Obj:
    """An account; ``kind`` 0 user, 1 root admin, 2 domain admin, 4 resource admin, 5 project."""
    fields = {"isdefault": False, "state": "enabled", **more}
    return state.add("account", name=name, accounttype=kind, roleid=role.uuid, domainid=domain.uuid, **fields)


def add_user(
    state: State,
    owner: Obj,
    username: str,
    first: str,
    last: str,
    email: str | None,
    password: str,
    salt: str,
    **more: Any,
) -> Obj:
    """A user of an account; an empty password lets nobody in."""
    fields = {"isdefault": False, "state": "enabled", **more}
    return state.add(
        "user",
        username=username,
        firstname=first,
        lastname=last,
        email=email,
        accountid=owner.uuid,
        _password=hash_password(password, salt) if password else ":",
        **fields,
    )
