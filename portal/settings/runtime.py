"""Where the stack's own Valkey listens, and how that is written for each client. Imports nothing of Django: settings
and supervisor both ask here."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

# sun_path holds 108 bytes with its closing zero; Linux refuses a longer one.
_LONGEST = 104
_PLAIN = re.compile(r"^[A-Za-z0-9._/-]+$")


def valkey_socket(home: Path) -> Path:
    """The unix socket of the embedded Valkey: in `home`, or, where that path is too long or not plain enough for a
    URL, in a folder of this user's own under the temporary folder, found again by the home's hash."""
    inside = home / "valkey.sock"
    if len(os.fsencode(inside)) <= _LONGEST and _PLAIN.match(str(inside)):
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"zonewright-{os.getuid()}-{digest}" / "valkey.sock"


def valkey_url(home: Path) -> str:
    """The embedded Valkey as redis-py and channels-redis read it."""
    return f"unix://{valkey_socket(home)}"


def broker_url(redis_url: str) -> str:
    """`redis_url` as Celery's transport reads it (redis+socket:// for a unix socket, redis:// for valkey://)."""
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://")
    return re.sub(r"^valkey(s?)://", r"redis\1://", redis_url)
