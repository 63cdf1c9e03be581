"""Domains, accounts, users, projects and what a cloud's operator offers them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from provisioning.simulator import limits
from provisioning.simulator.auth import hash_password
from provisioning.simulator.bootstrap import role_named
from provisioning.simulator.commands.projects import add_project
from provisioning.simulator.seed.names import COMPANIES, OFFERINGS, PEOPLE, TEAMS, TEMPLATES

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

DAY = 86400.0
GIB = 2**30


def offerings(sim: Simulator) -> dict[str, Obj]:
    """The operator's compute offerings by name."""
    state = sim.state
    found = {}
    for name, cores, mhz, memory, _, tags in OFFERINGS:
        text = f"{cores} vCPU, {memory // 1024} GiB"
        disk = state.add(
            "diskoffering",
            name=name,
            displaytext=text,
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
        found[name] = state.add(
            "serviceoffering",
            name=name,
            state="Active",
            displaytext=text,
            cpunumber=cores,
            cpuspeed=mhz,
            memory=memory,
            storagetype="shared",
            provisioningtype="thin",
            offerha=name.startswith(("gold", "huge")),
            limitcpuuse=False,
            isvolatile=False,
            hosttags=tags,
            issystem=False,
            defaultuse=False,
            iscustomized=False,
            rootdisksize=0,
            dynamicscalingenabled=True,
            diskofferingstrictness=False,
            diskofferingid=disk.uuid,
            encryptroot=False,
            hasannotations=False,
        )
    return found


def templates(sim: Simulator) -> list[Obj]:
    """KVM's system VM template and what tenants boot from."""
    state = sim.state
    system = state.table("account").by_dbid[1]
    types = {t["description"]: t for t in state.all("ostype")}
    debian = types.get("Debian GNU/Linux 12 (64-bit)") or next(iter(types.values()))
    common: dict[str, Any] = {
        "crossZones": True,
        "isextractable": False,
        "arch": "x86_64",
        "bits": 64,
        "sshkeyenabled": True,
        "directdownload": False,
        "deployasis": False,
        "forcks": False,
        "requireshvm": True,
        "hypervisor": "KVM",
        "format": "QCOW2",
        "accountid": system.uuid,
    }
    state.add(
        "template",
        name="SystemVM Template (KVM)",
        displaytext="SystemVM Template (KVM)",
        ispublic=False,
        passwordenabled=False,
        isfeatured=False,
        size=5 * GIB,
        templatetype="SYSTEM",
        isdynamicallyscalable=False,
        ostypeid=debian.uuid,
        ostypename=debian["description"],
        **common,
    )
    out = []
    for name, os_name, gib, _ in TEMPLATES:
        kind = types.get(os_name, debian)
        out.append(
            state.add(
                "template",
                name=name,
                displaytext=f"{name}, cloud image",
                ispublic=True,
                passwordenabled=True,
                isfeatured=True,
                size=gib * GIB,
                templatetype="USER",
                isdynamicallyscalable=True,
                ostypeid=kind.uuid,
                ostypename=kind["description"],
                **common,
            )
        )
    return out


def accounts(sim: Simulator, wanted: int) -> list[Obj]:
    """Tenants: a domain a company, an account a team, a user or two an account; the first ones always the same."""
    state = sim.state
    dice = random.Random(f"tenants:{sim.config.seed}")  # noqa: S311
    root = state.table("domain").by_dbid[1]
    user_role, manager_role = role_named(state, "User"), role_named(state, "Domain Admin")
    salt = sim.config.key("salt", 8)
    password = hash_password("password", salt)
    found: list[Obj] = []
    company = 0
    born = sim.made_at - 600 * DAY
    while len(found) < wanted:
        base = COMPANIES[company % len(COMPANIES)]
        name = base if company < len(COMPANIES) else f"{base}-{company // len(COMPANIES) + 1}"
        domain = state.add(
            "domain",
            name=name,
            level=1,
            parentid=root.uuid,
            path=f"ROOT/{name}",
            _path=f"/{name}/",
            state="Active",
            networkdomain=None,
            created=born + DAY * company / 10,
        )
        teams = TEAMS[: min(wanted - len(found), 1 + (company * 3 + 1) % 5)]
        for position, team in enumerate(teams):
            account = state.add(
                "account",
                name=f"{name}-{team}",
                accounttype=0,
                roleid=user_role.uuid,
                domainid=domain.uuid,
                state="enabled",
                isdefault=False,
                networkdomain=None,
                created=born + DAY * company / 10,
            )
            person = PEOPLE[(company + position) % len(PEOPLE)]
            _user(sim, account, person, company * 8 + position, password, keys=len(found) < 40)
            found.append(account)
        if company % 3 == 0:
            manager = state.add(
                "account",
                name=f"{name}-admin",
                accounttype=2,
                roleid=manager_role.uuid,
                domainid=domain.uuid,
                state="enabled",
                isdefault=False,
                networkdomain=None,
                created=born,
            )
            _user(sim, manager, PEOPLE[(company + 7) % len(PEOPLE)], company * 8 + 7, password, keys=company < 12)
        if company % 5 == 0 and found:
            project = add_project(state, f"{name}-shared", f"{name}: shared services", found[-1])
            project.set(created=born)
        company += 1
    dice.random()
    return found


def _user(
    sim: Simulator, account: Obj, person: tuple[str, str, str], number: int, password: str, *, keys: bool
) -> None:
    state = sim.state
    login = person[0] if number < 8 else f"{person[0]}{number}"
    user = state.add(
        "user",
        username=login,
        firstname=person[1],
        lastname=person[2],
        email=f"{login}@example.org",
        accountid=account.uuid,
        _password=password,
        state="enabled",
        isdefault=False,
        timezone="Europe/Berlin" if number % 2 else "UTC",
        created=account["created"],
    )
    if keys:
        state.add(
            "keypair",
            name=f"{user.dbid} - API key pair",
            userid=user.uuid,
            apikey=sim.config.key(f"api key of {account['name']}"),
            secretkey=sim.config.key(f"secret key of {account['name']}"),
            created=account["created"],
        )


def limits_for(sim: Simulator, account: Obj) -> None:
    """Tenants that use more than the shipped limits allow have been given more, with some room to grow."""
    used = limits.counts(sim, account.uuid)
    for resource in limits.RESOURCES:
        units = -(-used[resource.name] // resource.unit)
        if units > 0.7 * resource.fallback:
            sim.state.add(
                "limit", ownerid=account.uuid, resourcetype=resource.number, max=-(-units * 3 // 2 // 10) * 10
            )
