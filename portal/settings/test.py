"""Tests: throwaway keys, in-memory channel layer, tasks run where a test starts a worker itself."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("ZONEWRIGHT_HOME", tempfile.mkdtemp(prefix="zonewright-test-"))

from portal.settings.base import *  # noqa: F403,E402
from portal.settings.base import REST_FRAMEWORK  # noqa: E402,F401

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
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
