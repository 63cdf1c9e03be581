"""What runs now and what changed lately."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from portal.web import figures
from provisioning.accounts.models import User
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import AsyncJob, ChangeEvent, Cloud, Sync

SHOWN = 7
# What a change is told by, most telling first.
TELLING = ("state", "resource_state", "host", "host_id", "agent_state", "is_readonly", "name")


@dataclass(frozen=True)
class Change:
    """One line: who, what became of it, and where it is."""

    at: datetime
    icon: str
    group: str
    name: str
    text: str
    note: str
    url: str


@dataclass(frozen=True)
class Running:
    sync: Sync | None
    jobs: Sequence[AsyncJob]
    job_count: int


def running(user: User, cloud: Cloud) -> Running:
    """The sync under way and the cloud's async jobs that have not ended."""
    sync = cloud.syncs.filter(state__in=[Sync.State.QUEUED, Sync.State.RUNNING]).order_by("-created_at").first()
    jobs = AsyncJob.objects.for_user(user).filter(cloud=cloud, status=AsyncJob.Status.RUNNING)
    return Running(sync, list(jobs.order_by("-id")[:4]), jobs.count())


def recent(user: User, cloud: Cloud) -> list[Change]:
    """The latest changes that say something: states and moves before new and vanished objects."""
    rows = ChangeEvent.objects.for_user(user).filter(cloud=cloud).order_by("-id")[: SHOWN * 6]
    told = [row for row in rows if row.change != ChangeEvent.Change.CHANGED or _field(row.before, row.after)]
    return [_change(row, cloud) for row in told[:SHOWN]]


def changes_of(user: User, cloud: Cloud, object_uuid: uuid.UUID, limit: int = 5) -> list[Change]:
    """The latest changes of one object."""
    rows = ChangeEvent.objects.for_user(user).filter(cloud=cloud, object_uuid=object_uuid).order_by("-id")[: limit * 3]
    told = [row for row in rows if row.change != ChangeEvent.Change.CHANGED or _field(row.before, row.after)]
    return [_change(row, cloud) for row in told[:limit]]


def _field(before: dict[str, Any], after: dict[str, Any]) -> str:
    return next((name for name in TELLING if name in after and before.get(name) != after.get(name)), "")


def _change(row: ChangeEvent, cloud: Cloud) -> Change:
    kind = KINDS.get(row.kind)
    icon, group = (kind.icon if kind else "point"), "neutral"
    field = _field(row.before, row.after)
    if row.change == ChangeEvent.Change.CREATED:
        text, icon = _("is new"), "plus"
    elif row.change == ChangeEvent.Change.GONE:
        text, icon = _("is gone"), "minus"
    elif row.change == ChangeEvent.Change.RETURNED:
        text, icon = _("is back"), "arrow-back-up"
    else:
        text = f"{_word(row.before.get(field))} → {_word(row.after.get(field))}"
        if field in ("state", "resource_state", "agent_state"):
            of_kind = row.kind if field == "state" else field.replace("_", "-")
            value = str(row.after.get(field) or "")
            group, icon = figures.state_group(value, of_kind), figures.state_icon(value, of_kind)
    try:
        url = reverse("inventory:detail", args=[cloud.uuid, row.kind, row.object_uuid]) if kind else ""
    except NoReverseMatch:
        url = ""
    note = str(kind.label) if kind else row.kind
    return Change(row.at, icon, group, figures.short_name(row.object_name or _("unnamed")), text, note, url)


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("uuid") or _("none"))
    return _("none") if value in (None, "") else str(value)
