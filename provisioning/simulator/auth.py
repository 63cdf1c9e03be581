"""Who calls: keys, signatures, sessions and roles, in the order in which CloudStack checks them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data, signing
from provisioning.simulator.errors import ApiError

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

UNVERIFIED = "unable to verify user credentials and/or request signature"
UNVERIFIED_SESSION = "unable to verify user credentials"
# Read-only and support roles come down to reading commands here.
READING = ("list", "query", "get", "find", "quota", "is")

# What the default roles between User and Root Admin may call beyond a user's commands.
MANAGER_COMMANDS: dict[str, frozenset[str]] = {
    "DomainAdmin": frozenset(
        {
            "createAccount",
            "deleteAccount",
            "updateAccount",
            "disableAccount",
            "enableAccount",
            "lockAccount",
            "createUser",
            "deleteUser",
            "disableUser",
            "enableUser",
            "lockUser",
            "updateUser",
            "createDomain",
            "deleteDomain",
            "updateDomain",
            "listDomains",
            "listDomainChildren",
            "registerUserKeys",
            "updateResourceLimit",
            "updateResourceCount",
            "listRoles",
            "listVpnUsers",
            "generateUsageRecords",
            "listUsageRecords",
            "moveUser",
            "assignVirtualMachine",
            "assignVolume",
        }
    ),
    "ResourceAdmin": frozenset(
        {
            "listHosts",
            "listClusters",
            "listPods",
            "listStoragePools",
            "listSystemVms",
            "listCapacity",
            "listAlerts",
            "listRouters",
            "startRouter",
            "stopRouter",
            "rebootRouter",
        }
    ),
}


def hash_password(password: str, salt: str) -> str:
    """Enough for a simulator: one round keeps ten thousand generated users quick."""
    return salt + ":" + hashlib.sha256(f"{salt}:{password}".encode()).hexdigest()


def check_password(stored: str, password: str) -> bool:
    salt = stored.partition(":")[0]
    return hmac.compare_digest(stored, hash_password(password, salt))


@dataclass
class Session:
    """A signed-in user; ends after ``timeout`` idle seconds."""

    id: str
    key: str
    user: Obj
    used_at: float
    timeout: float = 1800.0
    extra: dict[str, Any] = field(default_factory=dict)


def unauthorised(command: str | None) -> ApiError:
    """401; the envelope is the command's when it exists, ``errorresponse`` else, ``null`` without any."""
    if not command:
        envelope = "null"
    elif command in catalog_data.commands():
        envelope = f"{command.lower()}response"
    else:
        envelope = "errorresponse"
    return ApiError(401, None, UNVERIFIED, envelope=envelope)


def usable(sim: Simulator, user: Obj) -> bool:
    account = sim.state.get("account", user["accountid"])
    return (
        user.removed_at is None and user["state"] == "enabled" and account is not None and account["state"] == "enabled"
    )


def allowed(sim: Simulator, user: Obj, command: str) -> bool:
    """Whether the user's role may call the command: the role's own rules first, then what its type may by default."""
    account = sim.state.table("account").need(user["accountid"])
    return role_allows(sim, sim.state.table("role").need(account["roleid"]), command)


def role_allows(sim: Simulator, role: Obj, command: str) -> bool:
    for rule in role.get("rules", ()):
        pattern = str(rule["rule"])
        if pattern == command or (pattern.endswith("*") and command.startswith(pattern[:-1])):
            return bool(rule["permission"] == "allow")
    if not role.get("isdefault"):
        return False
    entry = catalog_data.commands().get(command)
    if entry is None:
        return False
    kind, name = role["type"], str(role["name"])
    if name.startswith("Read-Only") or name.startswith("Support"):
        reads = command.startswith(READING)
        return reads and (kind == "Admin" or entry.user)
    if kind == "Admin":
        return True
    if kind == "User":
        return entry.user
    return entry.user or command in MANAGER_COMMANDS[kind]


def by_keys(sim: Simulator, command: str | None, params: dict[str, str]) -> Obj:
    """The user who signed, after role and signature were checked; refusals as recorded."""
    lowered = {name.lower(): value for name, value in params.items()}
    if not command or (command not in catalog_data.commands()):
        raise unauthorised(command)
    api_key, signature = lowered.get("apikey"), lowered.get("signature")
    if not api_key or not signature:
        raise unauthorised(command)
    if lowered.get("signatureversion") == "3":
        at = signing.parse_expires(lowered.get("expires", ""))
        if at is None or at < sim.clock.outside():
            raise unauthorised(command)
    pair = sim.state.table("keypair").find(apikey=api_key)
    user = sim.state.get("user", pair["userid"]) if pair is not None else None
    if pair is None or user is None or not usable(sim, user):
        raise unauthorised(command)
    require_role(sim, user, command)
    if not signing.verify(pair["secretkey"], params, signature):
        raise unauthorised(command)
    return user


def require_role(sim: Simulator, user: Obj, command: str) -> None:
    if not allowed(sim, user, command):
        account = sim.state.table("account").need(user["accountid"])
        raise ApiError(
            432,
            9999,
            f"The API [{command}] does not exist or is not available for the account {account['name']}.",
            envelope="errorresponse",
        )


def by_session(sim: Simulator, command: str | None, params: dict[str, str], cookies: dict[str, str]) -> Obj | None:
    """The signed-in user, None when the call carries no session; a mismatch ends the session."""
    session = sim.sessions.get(cookies.get("JSESSIONID", ""))
    if session is None:
        return None
    now = sim.scheduler.now()
    sent = next((value for name, value in params.items() if name.lower() == "sessionkey"), None)
    if now - session.used_at > session.timeout:
        del sim.sessions[session.id]
        return None
    if sent != session.key or cookies.get("sessionkey") != session.key or not usable(sim, session.user):
        del sim.sessions[session.id]
        error = unauthorised(command)
        error.text = UNVERIFIED_SESSION
        raise error
    if not command or command not in catalog_data.commands():
        raise unauthorised(command)
    session.used_at = now
    require_role(sim, session.user, command)
    return session.user


def open_session(sim: Simulator, user: Obj) -> Session:
    session = Session(secrets.token_hex(16), secrets.token_urlsafe(20), user, sim.scheduler.now())
    sim.sessions[session.id] = session
    return session
