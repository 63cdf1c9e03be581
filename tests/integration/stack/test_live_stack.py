"""The whole stack with its demo cloud, as `make run` starts it: everybody signs in and sees what is theirs."""

from __future__ import annotations

import contextlib
import json
import re
import stat

import psutil
import pytest
import requests

from tests.support.processes import wait_for
from tests.support.stack import RunningStack

ROLES = ("administrator", "operator", "approver", "tenant user", "auditor")


def signed_in(stack: RunningStack, role: str) -> tuple[requests.Session, requests.Response]:
    """A session of `role`, and the page that it landed on."""
    session = requests.Session()
    person = stack.people[role]
    page = session.get(f"{stack.url}/", timeout=30)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.url
    landed = session.post(
        page.url,
        data={"username": person["username"], "password": person["password"], "csrfmiddlewaretoken": token[1]},
        headers={"Referer": page.url},
        timeout=30,
    )
    return session, landed


@pytest.mark.parametrize("role", ROLES)
def test_every_role_signs_in_and_lands_on_a_page(live_stack: RunningStack, role: str) -> None:
    session, landed = signed_in(live_stack, role)
    assert landed.status_code == 200
    assert "/accounts/sign-in" not in landed.url
    assert len(landed.headers["X-Request-Id"]) == 32
    policy = landed.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    cookie = next(each for each in session.cookies if each.name.endswith("sessionid"))
    assert cookie.has_nonstandard_attr("HttpOnly")


def test_a_wrong_password_stays_outside(live_stack: RunningStack) -> None:
    session = requests.Session()
    page = session.get(f"{live_stack.url}/accounts/sign-in/", timeout=30)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    answer = session.post(
        page.url, data={"username": "nobody-here", "password": "wrong", "csrfmiddlewaretoken": token[1]}, timeout=30
    )
    assert "/accounts/sign-in" in answer.url
    assert session.get(f"{live_stack.url}/", timeout=30).url.split("?")[0].endswith("/accounts/sign-in/")


def test_ready_says_every_part(live_stack: RunningStack) -> None:
    answer = requests.get(f"{live_stack.url}/readyz", timeout=10)
    assert answer.status_code == 200
    assert set(answer.json()["parts"]) == {"database", "migrations", "valkey", "worker", "beat"}
    assert all(part["ok"] for part in answer.json()["parts"].values())


def test_a_foreign_host_name_is_refused(live_stack: RunningStack) -> None:
    answer = requests.get(f"{live_stack.url}/healthz", headers={"Host": "evil.example"}, timeout=10)
    assert answer.status_code == 400
    assert answer.headers["X-Request-Id"]


def test_the_log_tells_the_request_by_its_id_and_no_query(live_stack: RunningStack) -> None:
    answer = requests.get(f"{live_stack.url}/nothing/here/?token=do-not-log-me", timeout=10)
    wanted = answer.headers["X-Request-Id"]

    def found() -> dict[str, object] | None:
        for line in (live_stack.home / "logs" / "web.log").read_text().splitlines():
            if wanted in line:
                entry: dict[str, object] = json.loads(line)
                return entry
        return None

    entry = wait_for(found, 10, "the request's log line")
    assert entry["path"] == "/nothing/here/"
    assert entry["status"] == answer.status_code
    assert "do-not-log-me" not in (live_stack.home / "logs" / "web.log").read_text()


def test_the_home_is_its_owners_alone(live_stack: RunningStack) -> None:
    """The database too: it holds sessions. The folder may be readable by all: somebody can have made it beforehand."""
    for name in ("keys.json", "stack.json", "demo.json", "demo-logins.json", "logs/web.log"):
        assert (live_stack.home / name).exists(), name
    public = live_stack.home / "staticfiles"  # what anybody may download
    for path in live_stack.home.rglob("*"):
        if path == public or public in path.parents:
            continue
        with contextlib.suppress(FileNotFoundError):  # a journal that was there a moment ago
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_secret_is_an_argument_of_a_process(live_stack: RunningStack) -> None:
    """Every user of the machine reads the arguments of every process."""
    demo = json.loads((live_stack.home / "demo.json").read_text())
    kept = [demo[name] for name in ("api_key", "secret_key", "control_token")]
    for process in live_stack.processes():
        with contextlib.suppress(psutil.Error):
            arguments = " ".join(process.cmdline())
            assert not [secret for secret in kept if secret in arguments], process


def test_no_secret_of_the_demo_is_in_any_log(live_stack: RunningStack) -> None:
    secrets = [person["password"] for person in live_stack.people.values()]
    secrets.append(json.loads((live_stack.home / "keys.json").read_text())["secret_key"])
    for path in (live_stack.home / "logs").glob("*.log"):
        text = path.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], path
