"""The commands that are answered before any signature is looked at: ``login`` and ``logout``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import auth
from provisioning.simulator.errors import ApiError, server_error
from provisioning.simulator.responses import refusal, success

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

AUTHENTICATORS = frozenset({"login", "logout"})
Headers = list[tuple[str, str]]
MAX_WRONG = 5


def _rejected(text: str) -> ApiError:
    return ApiError(531, None, text)


def find_domain(sim: Simulator, params: dict[str, str]) -> Obj:
    """By ``domainId`` or by ``domain`` as a path (``/acme``); ROOT without either."""
    lowered = {name.lower(): value for name, value in params.items()}
    wanted = lowered.get("domainid")
    if wanted:
        found = sim.state.get("domain", wanted)
        if found is None:
            raise _rejected(f"Unable to find the domain from the id {wanted}")
        return found
    path = lowered.get("domain", "").strip("/")
    normal = f"/{path}/" if path else "/"
    for domain in sim.state.all("domain"):
        if domain["_path"] == normal:
            return domain
    raise _rejected(f"Unable to find the domain from the path {normal}")


def authenticate(
    sim: Simulator, method: str, command: str, params: dict[str, str], cookies: dict[str, str], as_json: bool
) -> tuple[bytes, Headers, int]:
    """Body, headers and status of a login or logout."""
    if command == "logout":
        return _logout(sim, cookies, as_json)
    # The servlet opens its own session before it knows whether the sign-in is right.
    anonymous = [("Set-Cookie", f"JSESSIONID=node0{sim.config.key('session', 20)}.node0; Path=/client; HttpOnly")]
    if method != "POST":
        return b"Please use HTTP POST to authenticate using this API", anonymous, 405
    try:
        user = _check(sim, params)
    except ApiError as error:
        return refusal("loginresponse", error, as_json), anonymous, error.status
    session = auth.open_session(sim, user)
    headers = [
        ("Set-Cookie", f"JSESSIONID={session.id}; Path=/client; HttpOnly"),
        ("Set-Cookie", f"sessionkey={session.key}; HttpOnly; SameSite=Lax"),
    ]
    return success("loginresponse", _view(sim, user, session), as_json), headers, 200


def _check(sim: Simulator, params: dict[str, str]) -> Obj:
    lowered = {name.lower(): value for name, value in params.items()}
    name, password = lowered.get("username", ""), lowered.get("password", "")
    domain = find_domain(sim, params)
    refused = _rejected(f"Failed to authenticate user {name} in domain {domain.dbid}; please provide valid credentials")
    user = next(
        (
            found
            for found in sim.state.table("user").where(username=name)
            if sim.state.table("account").need(found["accountid"])["domainid"] == domain.uuid
        ),
        None,
    )
    if user is None or not auth.usable(sim, user):
        raise refused
    if not auth.check_password(user["_password"], password):
        wrong = user.get("_wrong_logins", 0) + 1
        allowed = int(sim.setting("incorrect.login.attempts.allowed") or MAX_WRONG)
        user.set(_wrong_logins=wrong, **({"state": "disabled"} if wrong >= allowed else {}))
        sim.state.flush()
        raise refused
    if user.get("_wrong_logins"):
        user.set(_wrong_logins=0)
    sim.journal.event("USER.LOGIN", "user has logged in from IP Address 127.0.0.1", user=user)
    sim.state.flush()
    return user


def _view(sim: Simulator, user: Obj, session: auth.Session) -> dict[str, Any]:
    account = sim.state.table("account").need(user["accountid"])
    return {
        "username": user["username"],
        "userid": user.uuid,
        "domainid": account["domainid"],
        "timeout": int(session.timeout),
        "account": account["name"],
        "firstname": user["firstname"],
        "lastname": user["lastname"],
        "type": str(account["accounttype"]),
        "timezone": "UTC",
        "timezoneoffset": "0.0",
        "registered": "false",
        "sessionkey": session.key,
        "is2faenabled": "false",
        "is2faverified": "true",
        "issuerfor2fa": "CloudStack",
    }


def _logout(sim: Simulator, cookies: dict[str, str], as_json: bool) -> tuple[bytes, Headers, int]:
    session = sim.sessions.pop(cookies.get("JSESSIONID", ""), None)
    if session is None:
        error = server_error("Session not found for the logout process.", 431)
        return refusal("logoutresponse", error, as_json), [], 431
    return (
        success("logoutresponse", {"description": "success"}, as_json),
        [("Set-Cookie", "JSESSIONID=; Path=/client; Max-Age=0"), ("Set-Cookie", "sessionkey=; Max-Age=0")],
        200,
    )
