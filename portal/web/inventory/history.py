"""One object's history: what our syncs found changed and what CloudStack wrote down, in one timeline."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.web import cells
from portal.web.inventory.tables.visibility import shaped
from portal.web.keyset import decode_cursor, encode_cursor
from portal.web.table_spec import Viewer
from provisioning.inventory import models as m

PAGE = 50
SOURCES = ("changes", "events")


@dataclass
class Entry:
    """One line of the timeline."""

    at: dt.datetime
    icon: str
    group: str
    words: SafeString | str
    aside: str
    url: str = ""

    @property
    def tone(self) -> str:
        """The class that colours the icon."""
        return f"is-{self.group}"


@dataclass
class History:
    entries: list[Entry] = field(default_factory=list)
    older: str = ""


def history_of(obj: m.InventoryObject, viewer: Viewer, source: str = "", cursor: str = "") -> History:
    """Newest first. `source` narrows to changes or events; `cursor` goes on where a page ended.

    Each source keeps its own place in the cursor, so that two entries of the same instant are neither lost nor shown
    twice. Two queries. Raises BadParameter for a cursor that is not ours.
    """
    last_change: int | None = None
    last_event: list[Any] | None = None
    if cursor:
        change_id, event_at, event_id, _end = decode_cursor(cursor, 4)
        last_change = change_id if isinstance(change_id, int) else None
        valid = isinstance(event_at, dt.datetime) and isinstance(event_id, int)
        last_event = [event_at, event_id] if valid else None
    found: list[tuple[dt.datetime, int, Any]] = []
    if source in {"", "changes"}:
        changes = m.ChangeEvent.objects.for_user(viewer.user).filter(object_uuid=obj.uuid)
        if last_change is not None:
            changes = changes.filter(id__lt=last_change)
        found += [(change.at, 1, change) for change in changes.order_by("-id")[: PAGE + 1]]
    if source in {"", "events"}:
        events = m.CloudEvent.objects.for_user(viewer.user).filter(
            cloud=obj.cloud_id, resource_cloudstack_id=obj.cloudstack_id
        )
        if last_event is not None:
            at, key = last_event
            events = events.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=key))
        found += [(event.created_at, 0, event) for event in events.order_by("-created_at", "-id")[: PAGE + 1]]
    found.sort(key=lambda item: (item[0], item[1], item[2].pk), reverse=True)
    page = found[:PAGE]
    history = History([_entry(item, viewer) for _at, _source, item in page])
    if len(found) > PAGE:
        for _at, _source, item in page:
            if isinstance(item, m.ChangeEvent):
                last_change = item.pk
            else:
                last_event = [item.created_at, item.pk]
        history.older = encode_cursor([last_change, *(last_event or [None, None]), 0])
    return history


def _entry(item: m.ChangeEvent | m.CloudEvent, viewer: Viewer) -> Entry:
    assert viewer.cloud is not None
    if isinstance(item, m.CloudEvent):
        group = cells.LEVELS.get(item.level.upper(), "neutral")
        url = reverse("inventory:event", args=[viewer.cloud.uuid, item.uuid])
        return Entry(item.created_at, cells.LEVEL_ICONS[group], group, item.description or item.event_type,
                     item.event_type, url)  # fmt: skip
    group, icon = cells.CHANGES.get(item.change, ("neutral", "point"))
    words = {
        "created": _("First seen"),
        "gone": _("Gone: the cloud no longer lists it"),
        "returned": _("Back after it was gone"),
    }.get(item.change)
    if words is None:
        diff = cells.draw_diff(shaped(item.before, viewer), shaped(item.after, viewer), item.change, item.kind)
        words = diff if diff != cells.NOTHING else format_html("{}", _("Changed"))
    return Entry(item.at, icon, group, words, _("seen by sync"))
