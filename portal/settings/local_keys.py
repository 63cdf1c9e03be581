"""Keys of a one-machine installation, made at the first start."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet


def local_keys(home: Path) -> dict[str, Any]:
    """The keys in `home/keys.json` (0600), made if missing. Several processes may ask at once: one wins."""
    path = home / "keys.json"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = {
            "secret_key": secrets.token_urlsafe(50),
            "encryption_keys": [Fernet.generate_key().decode()],
            "audit_keys": ["1:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()],
        }
        draft = home / f".keys.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # atomic and never overwrites
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded
