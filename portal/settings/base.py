"""Settings common to every way Zonewright runs. The environment decides; docs/operations.md lists every variable."""

from __future__ import annotations

from pathlib import Path

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal import logging as logs
from portal.settings.api import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401
from portal.settings.runtime import broker_url, valkey_url

django_stubs_ext.monkeypatch()
env = environ.Env()

BASE_DIR = Path(__file__).resolve().parents[2]
HOME = Path(env("ZONEWRIGHT_HOME", default="") or BASE_DIR / ".state").expanduser().resolve()

DEBUG = False
SECRET_KEY = env("ZONEWRIGHT_SECRET_KEY", default="")
# Newest first: the first key encrypts, all of them decrypt (MultiFernet); `manage.py rotate_secrets` re-encrypts.
ENCRYPTION_KEYS: list[str] = env.list("ZONEWRIGHT_ENCRYPTION_KEYS", default=[])
# Audit chain keys, newest first, each `id:base64`.
AUDIT_KEYS: list[str] = env.list("ZONEWRIGHT_AUDIT_KEYS", default=[])
# Where the chain's heads are copied to; empty: audit-heads.jsonl in HOME.
AUDIT_HEADS_PATH = env("ZONEWRIGHT_AUDIT_HEADS", default="")
ALLOWED_HOSTS: list[str] = env.list("ZONEWRIGHT_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Only these addresses/networks may say who the client is (X-Forwarded-For).
TRUSTED_PROXIES: list[str] = env.list("ZONEWRIGHT_TRUSTED_PROXIES", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "axes",
    "django_structlog",
    "provisioning.secrets",
    "provisioning.audit",
    "provisioning.live",
    "provisioning.notify",
    "provisioning.accounts",
    "provisioning.inventory",
    "provisioning.simulator",
    "monitoring.health",
    "monitoring.capacity",
    "portal.stack",
    "portal.web",
    "portal.api",
]

MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "portal.web.accounts.middleware.SessionActivityMiddleware",
    # Innermost and synchronous: see portal/middleware.py.
    "portal.middleware.ActorMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign-in"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.web.context.shell",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials", "portal.web.templatetags.zw"],
        },
    }
]

# A variable that is set to nothing counts as not set.
DATABASES = {"default": env.db_url_config(env("DATABASE_URL", default="") or f"sqlite:///{HOME}/zonewright.sqlite3")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL + IMMEDIATE: deferred transactions lose writers to "locked" when they upgrade; recursive_triggers makes
    # INSERT OR REPLACE fire the audit table's delete trigger.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON; "
        "PRAGMA foreign_keys=ON; PRAGMA mmap_size=268435456;",
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": env.int("ZONEWRIGHT_DATABASE_POOL", default=16),
        "timeout": 20,
    }

# Empty: the stack's own Valkey on a unix socket.
REDIS_URL = env("REDIS_URL", default="") or valkey_url(HOME)
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A shorter visibility timeout starts long tasks twice; recovery comes from leases in the database.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "portal.celery:HeartbeatScheduler"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "live.trim": {"task": "live.trim", "schedule": 600.0},
    "notify.deliver": {"task": "notify.deliver_due", "schedule": 30.0},
    "capacity.collect": {"task": "capacity.collect_due", "schedule": 60.0},
    "capacity.roll_up": {"task": "capacity.roll_up", "schedule": 3600.0},
    "health.evaluate": {"task": "health.evaluate_due", "schedule": 30.0},
    "inventory.schedule": {"task": "inventory.schedule", "schedule": 10.0},
    "inventory.poll_records": {"task": "inventory.poll_records", "schedule": 10.0},
    "inventory.prune": {"task": "inventory.prune", "schedule": 86400.0},
    "audit.verify": {"task": "audit.verify", "schedule": 86400.0},
    "accounts.tidy": {"task": "accounts.tidy", "schedule": 3600.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(HOME / "celerybeat-schedule")

# A name from one address is locked for a quarter of an hour after five wrong passwords; see ClientAddressMiddleware.
AXES_CLIENT_IP_CALLABLE = "portal.http.client_ip"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
# Behind one address sit many people: the address alone is paused after this many wrong passwords.
AXES_ADDRESS_FAILURE_LIMIT = 50
AXES_HANDLER = "provisioning.accounts.lockout.Handler"
AXES_USERNAME_CALLABLE = "provisioning.accounts.lockout.username_of"
AXES_LOCKOUT_CALLABLE = "provisioning.accounts.lockout.keep_response"
AXES_SENSITIVE_PARAMETERS = ["csrfmiddlewaretoken"]
# Trying during a pause does not make it longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# A name that the manifest lacks is served unhashed rather than failing the page.
WHITENOISE_MANIFEST_STRICT = False
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
# Source maps are half of all bytes, and nobody waits for them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "jpg", "gif", "webp", "woff", "woff2", "gz", "br", "zip")

# Everything comes from here and nothing is inline. `data:` pictures are the icons inside Tabler's style sheet.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
CSRF_FAILURE_VIEW = "portal.http.csrf_failure"

# Asks at every load whether the session was revoked or left alone for too long.
SESSION_ENGINE = "provisioning.accounts.session_store"
SESSION_COOKIE_AGE = env.int("ZONEWRIGHT_SESSION_SECONDS", default=12 * 3600)
SESSION_IDLE_SECONDS = env.int("ZONEWRIGHT_SESSION_IDLE_SECONDS", default=4 * 3600)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Only a trusted proxy's word arrives here: ClientAddressMiddleware takes everybody else's off the request.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # bytes
X_FRAME_OPTIONS = "DENY"

DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOGGING = logs.setup(logs.level_name(env("ZONEWRIGHT_LOG_LEVEL", default="INFO")))
