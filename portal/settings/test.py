"""Tests: throwaway keys, in-memory channel layer, tasks run where a test starts a worker itself."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

if "ZONEWRIGHT_HOME" not in os.environ:
    os.environ["ZONEWRIGHT_HOME"] = tempfile.mkdtemp(prefix="zonewright-test-")

from portal.settings.base import *
from portal.settings.base import DATABASES, LOGGING, MIDDLEWARE

SECRET_KEY = "only-for-tests-" + "x" * 40
ENCRYPTION_KEYS = ["9gUo6k5dDo4vCnHXHqdk4lvuLHdTxPpE_9wPFyY4iZc="]
AUDIT_KEYS = ["test:" + "dGVzdC1rZXktZm9yLXRoZS1hdWRpdC1jaGFpbi0zMmI="]
ALLOWED_HOSTS = ["*"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = "memory://"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files come from the finders here (`live_server`).
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# pytest's own handlers see every record; a second copy on stderr would only bury failures.
LOGGING["root"]["handlers"] = []
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, so that threads and live servers of a test share the data.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["ZONEWRIGHT_HOME"], "test.sqlite3"))}
else:
    # Flushing and cloning need every connection gone at the end of a test.
    DATABASES["default"]["OPTIONS"].pop("pool", None)
