"""A home with a large cloud in it, and a browser-like session on its running stack. No figure of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from bench.harness import Run
from tests.support.stack import RunningStack, start_stack

HOSTS = 1_000
INSTANCES = 100_000
_FILL = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories import large_cloud
small = large_cloud(hosts={hosts}, instances={instances})
small.cloud.is_enabled = False
small.cloud.save()
print(small.cloud.uuid)
"""


def fill(run: Run, home: Path, hosts: int = HOSTS, instances: int = INSTANCES) -> str:
    """Put a cloud of that size into the database of `home`; its UUID. Nobody asks the cloud: it exists as rows."""
    return run.program(_FILL.format(hosts=hosts, instances=instances), home)


@contextmanager
def running(home: Path) -> Iterator[RunningStack]:
    """The stack on `home` without a demo cloud, ready."""
    stack = start_stack(home, "--no-demo")
    try:
        yield stack.wait_ready()
    finally:
        stack.stop()


def signed_in(stack: RunningStack, role: str = "administrator") -> requests.Session:
    """A session that has signed in through the form. Raises AssertionError when that fails."""
    session = requests.Session()
    person = stack.people[role]
    page = session.get(f"{stack.url}/accounts/sign-in/", timeout=20)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, f"no sign-in form at {page.url} ({page.status_code})"
    answer = session.post(
        page.url,
        data={"username": person["username"], "password": person["password"], "csrfmiddlewaretoken": token[1]},
        headers={"Referer": page.url},
        timeout=20,
    )
    assert answer.ok and "sign-in" not in answer.url, f"not signed in: {answer.status_code} at {answer.url}"
    return session
