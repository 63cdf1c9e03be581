"""Production: everything that matters comes from the environment, and a missing or published key stops the start."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from portal.settings import checks
from portal.settings.base import *
from portal.settings.base import DATABASES, env

checks.refuse(
    checks.problems(
        secret_key=env("ZONEWRIGHT_SECRET_KEY", default=""),
        encryption_keys=env.list("ZONEWRIGHT_ENCRYPTION_KEYS", default=[]),
        audit_keys=env.list("ZONEWRIGHT_AUDIT_KEYS", default=[]),
        allowed_hosts=env.list("ZONEWRIGHT_ALLOWED_HOSTS", default=[]),
        trusted_proxies=env.list("ZONEWRIGHT_TRUSTED_PROXIES", default=[]),
        csrf_trusted_origins=env.list("ZONEWRIGHT_CSRF_TRUSTED_ORIGINS", default=[]),
        database_url=env("DATABASE_URL", default=""),
        redis_url=env("REDIS_URL", default=""),
    ),
    ImproperlyConfigured,
)

DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
CSRF_TRUSTED_ORIGINS = env.list("ZONEWRIGHT_CSRF_TRUSTED_ORIGINS", default=[])

# Plain HTTP is for a network that nobody else is on: say so aloud with ZONEWRIGHT_TLS=off.
TLS = env.bool("ZONEWRIGHT_TLS", default=True)
SESSION_COOKIE_SECURE = TLS
CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_NAME = "__Host-sessionid" if TLS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if TLS else "csrftoken"
SECURE_SSL_REDIRECT = TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("ZONEWRIGHT_HSTS_SECONDS", default=31_536_000) if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("ZONEWRIGHT_HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("ZONEWRIGHT_HSTS_PRELOAD", default=False)
# Subdomains and browsers' preload lists are the installation's decision, not ours: they are hard to take back.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
EMAIL_CONFIG = env.email_url("ZONEWRIGHT_EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env("ZONEWRIGHT_EMAIL_FROM", default="zonewright@localhost")
