"""One machine, one command: `make run`. Keys are made once and kept in ZONEWRIGHT_HOME with mode 0600."""

from __future__ import annotations

from portal.settings.base import *
from portal.settings.base import AUDIT_KEYS, ENCRYPTION_KEYS, HOME, SECRET_KEY
from portal.settings.local_keys import local_keys

_keys = local_keys(HOME)
SECRET_KEY = SECRET_KEY or _keys["secret_key"]
ENCRYPTION_KEYS = ENCRYPTION_KEYS or _keys["encryption_keys"]
AUDIT_KEYS = AUDIT_KEYS or _keys["audit_keys"]
