"""Finding objects by id, name or address: exact ids first, then names that begin so, then names that contain it.

Every step reads an index and stops early, so that it stays within 100 ms among 100,000 instances.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Case, IntegerField, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.web import figures
from portal.web.cells import short_command
from portal.web.table_spec import Viewer
from provisioning.inventory.kinds import KINDS, Kind
from provisioning.inventory.models import AsyncJob

PER_KIND = 6
AT_MOST = 24
MANY = frozenset({"instances", "volumes"})
LAST_CHARACTER = "\U0010ffff"
# Most looked for first.
ORDER = (
    "hosts", "instances", "networks", "volumes", "storage-pools", "system-vms", "routers", "clusters", "pods", "zones",
    "accounts", "projects", "templates", "offerings", "image-stores", "physical-networks", "public-ranges",
    "management-servers", "domains",
)  # fmt: skip
ADDRESSES: dict[str, tuple[str, ...]] = {
    "hosts": ("ip_address",), "instances": ("ip_address",), "system-vms": ("public_ip", "private_ip"),
    "routers": ("public_ip", "guest_ip"), "management-servers": ("ip_address",), "networks": ("gateway", "cidr"),
    "storage-pools": ("address",),
}  # fmt: skip
OTHER_NAMES: dict[str, tuple[str, ...]] = {"instances": ("internal_name",), "domains": ("path",)}
# Where an object stands, read after its name.
PLACES: dict[str, tuple[str, ...]] = {
    "pods": ("zone",), "clusters": ("zone", "pod"), "hosts": ("zone", "pod", "cluster"),
    "storage-pools": ("zone", "cluster"),
    "image-stores": ("zone",), "system-vms": ("zone", "host"), "routers": ("zone", "network"), "networks": ("zone",),
    "physical-networks": ("zone",), "public-ranges": ("zone",), "instances": ("zone", "host"),
    "volumes": ("zone", "instance"),
    "accounts": ("domain",), "projects": ("domain",),
}  # fmt: skip
_HEX = re.compile(r"^[0-9a-f-]{6,36}$", re.IGNORECASE)


@dataclass
class Found:
    kind: Kind
    rows: list[Any]
    is_exact: bool = False


def find(text: str, viewer: Viewer) -> list[dict[str, Any]]:
    """Groups of hits, one per kind, in the order to be shown; empty when nothing that the viewer may see matches."""
    kinds = [KINDS[slug] for slug in ORDER if viewer.sees_infrastructure or KINDS[slug].model.scope != "infrastructure"]
    exact = _by_id(text, viewer, kinds)
    found = exact or [hit for hit in (_by_text(text, viewer, kind) for kind in kinds) if hit.rows]
    if not exact:
        found += _by_id_front(text, viewer, kinds) if not found else []
        first_word = text.casefold()
        # A kind in which something begins with the text comes before one that only contains it.
        found.sort(key=lambda hit: not any(row.name.casefold().startswith(first_word) for row in hit.rows))
    groups, left = [], AT_MOST
    for hit in found:
        rows, left = hit.rows[:left], left - len(hit.rows[:left])
        if rows:
            groups.append(_group(hit.kind, rows, viewer))
    return groups + _jobs(text, viewer)


def _scoped(kind: Kind, viewer: Viewer) -> Any:
    rows = kind.model.objects.for_user(viewer.user).filter(cloud=viewer.cloud)
    places = [place for place in PLACES.get(kind.slug, ()) if _may_show(place, viewer)]
    loads = [f"{place}__{name}" for place in places for name in ("name", "cloudstack_id")]
    return rows.select_related(*places).only(
        "uuid", "name", "cloudstack_id", "state", "gone_at", *(f"{place}_id" for place in places), *loads
    )


def _may_show(place: str, viewer: Viewer) -> bool:
    return viewer.sees_infrastructure or place in {"zone", "instance", "network"}


def _by_id(text: str, viewer: Viewer, kinds: list[Kind]) -> list[Found]:
    """Objects whose id, ours or CloudStack's, is exactly the text. Gone ones too: their page is still there."""
    condition = Q(cloudstack_id=text.lower()) | Q(cloudstack_id=text)
    try:
        condition |= Q(uuid=uuid.UUID(text))
    except ValueError:
        return []
    found = [Found(kind, list(_scoped(kind, viewer).filter(condition)[:PER_KIND]), True) for kind in kinds]
    return [hit for hit in found if hit.rows]


def _by_id_front(text: str, viewer: Viewer, kinds: list[Kind]) -> list[Found]:
    """Objects whose CloudStack id begins with the text: what people copy out of a log."""
    if not _HEX.match(text):
        return []
    low = text.lower()
    front = Q(cloudstack_id__gte=low, cloudstack_id__lt=low + "g", cloudstack_id__startswith=low)
    found = [Found(kind, list(_scoped(kind, viewer).filter(front)[:PER_KIND])) for kind in kinds]
    return [hit for hit in found if hit.rows]


def _by_text(text: str, viewer: Viewer, kind: Kind) -> Found:
    """Names that begin with the text, then those that contain it; at most one of the two reads all names."""
    rows = _scoped(kind, viewer).filter(gone_at__isnull=True)
    containing = _containing(text, kind, viewer)
    if kind.slug not in MANY:
        rank = Case(When(name__istartswith=text, then=Value(0)), default=Value(1), output_field=IntegerField())
        found = list(rows.filter(containing).annotate(rank=rank).order_by("rank", "name", "id")[:PER_KIND])
    else:
        found = _beginning(rows, text)
        if len(found) < PER_KIND:
            known = {row.pk for row in found}
            more = rows.filter(containing).order_by("name", "id")[: PER_KIND + len(known)]
            found += [row for row in more if row.pk not in known][: PER_KIND - len(found)]
    found.sort(key=lambda row: row.name.casefold() != text.casefold())
    return Found(kind, found)


def _beginning(rows: Any, text: str) -> list[Any]:
    """Rows whose name begins with the text, among the many. SQLite's index knows no case, so the usual ways of
    writing the text are tried one after the other."""
    if connection.vendor != "sqlite":
        return list(rows.filter(name__istartswith=text).order_by("name", "id")[:PER_KIND])
    found: list[Any] = []
    for form in dict.fromkeys((text, text.lower(), text.upper(), text.capitalize())):
        if len(found) < PER_KIND:
            among = rows.filter(name__gte=form, name__lt=form + LAST_CHARACTER).order_by("name", "id")
            found += list(among[: PER_KIND - len(found)])
    return found


def _containing(text: str, kind: Kind, viewer: Viewer) -> Q:
    condition = Q(name__icontains=text)
    for path in OTHER_NAMES.get(kind.slug, ()) if viewer.sees_infrastructure else ():
        condition |= Q(**{f"{path}__icontains": text})
    for path in ADDRESSES.get(kind.slug, ()) if _like_address(text) else ():
        condition |= Q(**{f"{path}__startswith": text})
    return condition


def _like_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(re.match(r"^\d{1,3}\.\d{1,3}[\d./]*$", text)) or text.count(":") >= 2
    return True


def _group(kind: Kind, rows: list[Any], viewer: Viewer) -> dict[str, Any]:
    return {
        "kind": kind.slug,
        "label": str(kind.plural),
        "icon": kind.icon,
        "items": [_item(kind, row, viewer) for row in rows],
    }


def _item(kind: Kind, row: Any, viewer: Viewer) -> dict[str, Any]:
    assert viewer.cloud is not None
    places = [getattr(row, place) for place in PLACES.get(kind.slug, ()) if _may_show(place, viewer)]
    return {
        "uuid": str(row.uuid),
        "name": row.name or row.cloudstack_id,
        "cloudstack_id": row.cloudstack_id,
        "kind": kind.slug,
        "state": row.state,
        "group": figures.state_group(row.state, kind.slug) if row.state else "",
        "icon": figures.state_icon(row.state, kind.slug) if row.state else kind.icon,
        "detail": " / ".join(place.name for place in places if place is not None),
        "note": _("gone") if row.gone_at else row.state,
        "gone": row.gone_at is not None,
        "url": reverse("inventory:detail", args=[viewer.cloud.uuid, kind.slug, row.uuid]),
    }


def _jobs(text: str, viewer: Viewer) -> list[dict[str, Any]]:
    """Jobs by the front of their id: the log id of a management log line is its first 8 digits."""
    if not _HEX.match(text) or viewer.cloud is None:
        return []
    low = text.lower()
    rows = AsyncJob.objects.for_user(viewer.user).filter(
        cloud=viewer.cloud, cloudstack_id__gte=low, cloudstack_id__lt=low + "g", cloudstack_id__startswith=low
    )
    items = [
        {
            "uuid": str(row.uuid),
            "name": short_command(row.command),
            "cloudstack_id": row.cloudstack_id,
            "kind": "jobs",
            "state": AsyncJob.Status(row.status).name.title() if row.status is not None else "",
            "group": "",
            "icon": "player-play",
            "detail": row.account_name,
            "note": row.log_id,
            "gone": False,
            "url": reverse("inventory:job", args=[viewer.cloud.uuid, row.uuid]),
        }
        for row in rows.order_by("-id")[:PER_KIND]
    ]
    return [{"kind": "jobs", "label": _("Jobs"), "icon": "player-play", "items": items}] if items else []
