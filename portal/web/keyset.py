"""Places in a list: opaque cursors that hold the sort values of one row."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import math
import uuid
from collections.abc import Sequence
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.web.table_spec import BadParameter


def encode_cursor(values: Sequence[Any]) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return {"t": value.isoformat()}
        return str(value) if isinstance(value, uuid.UUID) else value

    body = json.dumps([plain(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def decode_cursor(text: str, length: int) -> list[Any]:
    """The values of a cursor. Raises BadParameter when it is not one of ours for this order."""
    bad = BadParameter("after", _("This place in the list is not known. Start from the first page."))
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise bad from None
    if not isinstance(values, list) or len(values) != length or type(values[-1]) is not int:
        raise bad
    if not 0 <= values[-1] < 2**63:
        raise bad
    return [_checked(value, bad) for value in values]


def _checked(value: Any, bad: BadParameter) -> Any:
    """A cursor's value as the database may get it. Raises `bad` for what no row of ours can have held."""
    if isinstance(value, dict):
        raw = value.get("t")
        try:
            moment = parse_datetime(raw) if isinstance(raw, str) else None
        except ValueError:
            raise bad from None
        if moment is None or moment.tzinfo is None:
            raise bad
        return moment
    unusable = (
        isinstance(value, list)
        or (isinstance(value, float) and not math.isfinite(value))
        or (isinstance(value, int) and abs(value) >= 2**63)
        or (isinstance(value, str) and not storable(value))
    )
    if unusable:
        raise bad
    return value


def storable(text: str) -> bool:
    """Whether a database can take this text: no NUL (Postgres refuses it), no lone surrogate (UTF-8 refuses it)."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
