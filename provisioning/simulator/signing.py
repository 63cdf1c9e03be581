"""CloudStack's request signature, as the server checks it.

Every parameter but ``signature`` takes part with its decoded value, encoded again as Java's ``URLEncoder`` does with
``+`` replaced by ``%20`` (``*`` stays, ``~`` becomes ``%7E``), sorted by the name as it was sent in byte order,
joined, then the
whole string lower-cased and signed with HMAC-SHA1.  Source: ApiServer.verifyRequest and the recorded vectors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote


def java_quote(value: str) -> str:
    """``URLEncoder.encode(value).replace("+", "%20")``."""
    return quote(value, safe="*-._", encoding="utf-8").replace("~", "%7E")


def canonical(params: Mapping[str, str]) -> str:
    """The string that is signed."""
    names = sorted((name for name in params if name.lower() != "signature"), key=lambda name: name.encode())
    return "&".join(f"{name}={java_quote(params[name])}" for name in names).lower()


def sign(secret: str, params: Mapping[str, str]) -> str:
    digest = hmac.new(secret.encode(), canonical(params).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def verify(secret: str, params: Mapping[str, str], signature: str) -> bool:
    return hmac.compare_digest(sign(secret, params).encode(), signature.encode("utf-8", "surrogateescape"))


def parse_expires(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 ``expires`` (offset ``+0000``, ``+00:00`` or ``Z``), None when it can't be read."""
    for pattern in ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"):
        try:
            return datetime.strptime(text, pattern).timestamp()
        except ValueError:
            continue
    return None


def format_expires(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
