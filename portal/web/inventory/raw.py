"""What CloudStack last answered about one object, as it came but for secrets."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from dataclasses import dataclass
from typing import Any

from provisioning.inventory import models as m
from provisioning.secrets.redaction import redact

LARGEST_BYTES = 8 * 2**20
"""A stored answer that unpacks to more is not shown."""


@dataclass(frozen=True)
class Raw:
    text: str
    fetched_at: dt.datetime
    value: Any


def raw_of(obj: m.InventoryObject, slug: str) -> Raw | None:
    """The stored answer, pretty and without secrets; None when there is none or it cannot be read."""
    row = m.RawAnswer.objects.filter(cloud=obj.cloud_id, kind=slug, cloudstack_id=obj.cloudstack_id).first()
    if row is None:
        return None
    try:
        packed = zlib.decompressobj()
        body = packed.decompress(bytes(row.body), LARGEST_BYTES)
        if packed.unconsumed_tail:
            return None
        value = redact(json.loads(body))
    except (zlib.error, ValueError, RecursionError):
        return None
    return Raw(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True), row.fetched_at, value)
