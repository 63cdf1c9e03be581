"""Production refuses to start with what is missing or published, and names the variable."""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from portal.settings import runtime
from portal.settings.checks import problems
from tests.support.processes import ROOT

GOOD = {
    "secret_key": secrets.token_urlsafe(50),
    "encryption_keys": [Fernet.generate_key().decode()],
    "audit_keys": ["2026:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()],
    "allowed_hosts": ["cloud.example.org"],
    "trusted_proxies": ["10.0.0.0/8", "unix"],
    "csrf_trusted_origins": ["https://cloud.example.org"],
    "database_url": "postgres://zonewright@db/zonewright",
    "redis_url": "rediss://cache:6379/0",
}


def test_good_is_good() -> None:
    assert problems(**GOOD) == []


@pytest.mark.parametrize(
    ("name", "value", "variable"),
    [
        ("secret_key", "", "ZONEWRIGHT_SECRET_KEY"),
        ("secret_key", "short", "ZONEWRIGHT_SECRET_KEY"),
        ("secret_key", "change-me-" + "k3jh5g" * 10, "ZONEWRIGHT_SECRET_KEY"),
        ("secret_key", "django-insecure-" + "k3jh5g" * 10, "ZONEWRIGHT_SECRET_KEY"),
        ("secret_key", "a" * 60, "ZONEWRIGHT_SECRET_KEY"),
        ("encryption_keys", [], "ZONEWRIGHT_ENCRYPTION_KEYS"),
        ("encryption_keys", ["not a key"], "ZONEWRIGHT_ENCRYPTION_KEYS"),
        ("encryption_keys", [base64.urlsafe_b64encode(b"\0" * 32).decode()], "ZONEWRIGHT_ENCRYPTION_KEYS"),
        ("encryption_keys", ["9gUo6k5dDo4vCnHXHqdk4lvuLHdTxPpE_9wPFyY4iZc="], "ZONEWRIGHT_ENCRYPTION_KEYS"),
        ("audit_keys", [], "ZONEWRIGHT_AUDIT_KEYS"),
        ("audit_keys", ["no-colon"], "ZONEWRIGHT_AUDIT_KEYS"),
        ("audit_keys", ["1:c2hvcnQ="], "ZONEWRIGHT_AUDIT_KEYS"),
        ("audit_keys", ["test:dGVzdC1rZXktZm9yLXRoZS1hdWRpdC1jaGFpbi0zMmI="], "ZONEWRIGHT_AUDIT_KEYS"),
        ("allowed_hosts", [], "ZONEWRIGHT_ALLOWED_HOSTS"),
        ("allowed_hosts", ["*"], "ZONEWRIGHT_ALLOWED_HOSTS"),
        ("trusted_proxies", ["10.0.0.0/99"], "ZONEWRIGHT_TRUSTED_PROXIES"),
        ("csrf_trusted_origins", ["cloud.example.org"], "ZONEWRIGHT_CSRF_TRUSTED_ORIGINS"),
        ("database_url", "", "DATABASE_URL"),
        ("database_url", "sqlite:////tmp/x", "DATABASE_URL"),
        ("redis_url", "", "REDIS_URL"),
    ],
)
def test_each_fault_names_its_variable(name: str, value: object, variable: str) -> None:
    found = problems(**{**GOOD, name: value})  # type: ignore[arg-type]
    assert len(found) == 1
    assert variable in found[0]
    if isinstance(value, str) and len(value) > 20:
        assert value not in found[0]


def check_production(**env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items()
             if not re.match(r"ZONEWRIGHT_|DATABASE_URL|REDIS_URL", name)}  # fmt: skip
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**clean, "DJANGO_SETTINGS_MODULE": "portal.settings.production", **env},
    )  # fmt: skip


def test_production_does_not_start_bare() -> None:
    answer = check_production()
    assert answer.returncode != 0
    for variable in ("ZONEWRIGHT_SECRET_KEY", "ZONEWRIGHT_ENCRYPTION_KEYS", "ZONEWRIGHT_AUDIT_KEYS",
                     "ZONEWRIGHT_ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"):  # fmt: skip
        assert variable in answer.stderr


def test_production_starts_with_made_keys(tmp_path) -> None:
    made = subprocess.run(
        [sys.executable, "manage.py", "make_keys"], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings.test"},
    )  # fmt: skip
    keys = dict(line.split("=", 1) for line in made.stdout.splitlines())
    answer = check_production(
        **keys, ZONEWRIGHT_HOME=str(tmp_path), ZONEWRIGHT_ALLOWED_HOSTS="cloud.example.org",
        DATABASE_URL="postgres://zonewright@127.0.0.1:1/zonewright", REDIS_URL="redis://127.0.0.1:1/0",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "security.W" not in answer.stderr


def test_socket_stays_inside_a_plain_home_and_leaves_a_long_one(tmp_path) -> None:
    short = tmp_path.__class__("/srv/zonewright")
    assert runtime.valkey_socket(short) == short / "valkey.sock"
    long = tmp_path.__class__("/srv/" + "x" * 120)
    assert len(str(runtime.valkey_socket(long))) < 108
    assert runtime.valkey_socket(long) == runtime.valkey_socket(long)
    odd = tmp_path.__class__("/srv/Zone wright %41?")
    assert " " not in str(runtime.valkey_socket(odd))
    assert runtime.valkey_socket(odd) != runtime.valkey_socket(long)


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("unix:///tmp/v.sock", "redis+socket:///tmp/v.sock"),
        ("valkey://cache/1", "redis://cache/1"),
        ("valkeys://cache/1", "rediss://cache/1"),
        ("redis://cache/1", "redis://cache/1"),
    ],
)
def test_broker_url(given: str, broker: str) -> None:
    assert runtime.broker_url(given) == broker
