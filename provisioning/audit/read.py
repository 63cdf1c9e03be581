"""Reading the trail: filters, keyset pages, the people behind commitments, neighbours. Changes nothing.

Who may call is decided by the caller (`accounts.policies.can_see_audit`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from provisioning.audit import actions
from provisioning.audit.models import AuditEvent, AuditPending, AuditPersonalData, AuditSeal

ACTOR, OBJECT = AuditPersonalData.Part.ACTOR, AuditPersonalData.Part.OBJECT


@dataclass(frozen=True)
class Filters:
    """What to look for; empty fields match everything. Times are aware, `until` is exclusive."""

    text: str = ""
    who: str = ""
    action: str = ""
    object: str = ""
    object_type: str = ""
    result: str = ""
    cloud: uuid.UUID | None = None
    tenant: uuid.UUID | None = None
    address: str = ""
    request_id: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def active(self) -> list[str]:
        """Names of the fields that are set."""
        return [one.name for one in fields(self) if getattr(self, one.name)]


@dataclass
class Entry:
    """One event as people read it: with names where they were not erased, and its link."""

    event: AuditEvent
    actor: AuditPersonalData | None
    subject: AuditPersonalData | None
    seal: AuditSeal | None
    is_waiting: bool

    @property
    def actor_name(self) -> str:
        if self.actor is None or (self.actor.erased_at is not None):
            return str(_("erased person"))
        return self.actor.name or str(_("anonymous"))

    @property
    def object_name(self) -> str:
        if self.subject is not None:
            return str(_("erased person")) if self.subject.erased_at else self.subject.name
        return self.event.object_name

    @property
    def client_ip(self) -> str:
        return self.actor.client_ip if self.actor else ""

    @property
    def user_agent(self) -> str:
        return self.actor.user_agent if self.actor else ""

    @property
    def action_label(self) -> str:
        return actions.label_of(self.event.action)

    def side(self, name: str) -> dict[str, Any]:
        """`before` or `after` with the personal fields put back where they were not erased."""
        values = dict(getattr(self.event, name) or {})
        if self.subject is not None:
            values.update(self.subject.details.get(name, {}))
        return values


def matching(filters: Filters) -> QuerySet[AuditEvent]:
    """Events that match, newest first. Names and addresses are looked up in the erasable side table."""
    found = AuditEvent.objects.order_by("-id")
    people = AuditPersonalData.objects.values("event_uuid")
    if filters.who:
        # User names are stored in lower case, so this is an index look-up.
        named = people.filter(part=ACTOR).filter(Q(name=filters.who.lower()) | Q(person_id=filters.who))
        found = found.filter(uuid__in=named)
    if filters.address:
        found = found.filter(uuid__in=people.filter(part=ACTOR, client_ip=filters.address))
    if filters.action:
        # "cloud." finds every action of clouds.
        found = found.filter(action__startswith=filters.action) if filters.action.endswith(".") else found.filter(
            action=filters.action
        )  # fmt: skip
    if filters.object:
        named = people.filter(part=OBJECT, name=filters.object.lower())
        found = found.filter(Q(object_id=filters.object) | Q(object_name__icontains=filters.object) | Q(uuid__in=named))
    if filters.object_type:
        found = found.filter(object_type=filters.object_type)
    if filters.result:
        found = found.filter(result=filters.result)
    if filters.cloud:
        found = found.filter(cloud_uuid=filters.cloud)
    if filters.tenant:
        found = found.filter(tenant_uuid=filters.tenant)
    if filters.request_id:
        found = found.filter(request_id=filters.request_id)
    if filters.since:
        found = found.filter(at__gte=filters.since)
    if filters.until:
        found = found.filter(at__lt=filters.until)
    if filters.text:
        found = found.filter(_anything(filters.text))
    return found


def _anything(text: str) -> Q:
    """Exact for ids, a part of the text for names, reasons and errors."""
    named = AuditPersonalData.objects.filter(Q(name=text.lower()) | Q(client_ip=text)).values("event_uuid")
    found = (
        Q(request_id=text) | Q(object_id=text) | Q(job_id=text) | Q(run_id=text) | Q(action__startswith=text)
        | Q(object_name__icontains=text) | Q(reason__icontains=text) | Q(error__icontains=text) | Q(uuid__in=named)
    )  # fmt: skip
    try:
        found |= Q(uuid=uuid.UUID(text))
    except ValueError:
        pass
    return found


@dataclass(frozen=True)
class Page:
    """One page by cursor. `older`/`newer` are row numbers to ask with, None at an end."""

    entries: list[Entry]
    older: int | None
    newer: int | None


def page(filters: Filters, *, before: int | None = None, after: int | None = None, size: int = 50) -> Page:
    """Events older than `before`, or newer than `after`, or the newest; never an offset, never a count."""
    found = matching(filters)
    if after is not None:
        rows = list(found.filter(pk__gt=after).order_by("id")[: size + 1])
        more_newer, rows = len(rows) > size, list(reversed(rows[:size]))
        older = rows[-1].pk if rows else None
        return Page(with_people(rows), older, rows[0].pk if rows and more_newer else None)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: size + 1])
    more_older, rows = len(rows) > size, rows[:size]
    newer = rows[0].pk if rows and before is not None else None
    return Page(with_people(rows), rows[-1].pk if rows and more_older else None, newer)


def with_people(events: Iterable[AuditEvent]) -> list[Entry]:
    """Entries for events, with three queries however many there are (up to a thousand or so)."""
    events = list(events)
    uuids, ids = [event.uuid for event in events], [event.pk for event in events]
    people = {(row.event_uuid, row.part): row for row in AuditPersonalData.objects.filter(event_uuid__in=uuids)}
    seals = {seal.event_id: seal for seal in AuditSeal.objects.filter(event_id__in=ids)}
    waiting = set(AuditPending.objects.filter(event_id__in=ids).values_list("event_id", flat=True))
    return [
        Entry(event, people.get((event.uuid, ACTOR.value)), people.get((event.uuid, OBJECT.value)),
              seals.get(event.pk), event.pk in waiting)
        for event in events
    ]  # fmt: skip


def stream(filters: Filters, *, chunk: int = 500, newest_first: bool = False) -> Iterator[Entry]:
    """Every match in the order of the chain's rows, in constant memory, by keyset (no open cursor)."""
    last: int | None = None
    while True:
        found = matching(filters).order_by("-id" if newest_first else "id")
        if last is not None:
            found = found.filter(pk__lt=last) if newest_first else found.filter(pk__gt=last)
        rows = list(found[:chunk])
        yield from with_people(rows)
        if len(rows) < chunk:
            return
        last = rows[-1].pk


def neighbours(event: AuditEvent, *, size: int = 8) -> list[Entry]:
    """Events of the same request, oldest first; without a request, those of the same object around it."""
    if event.request_id:
        rows = AuditEvent.objects.filter(request_id=event.request_id).order_by("id")[: size * 2]
        return with_people(rows)
    if event.object_id:
        same = AuditEvent.objects.filter(object_id=event.object_id)
        older = list(same.filter(pk__lte=event.pk).order_by("-id")[:size])
        newer = list(same.filter(pk__gt=event.pk).order_by("id")[:size])
        return with_people([*reversed(older), *newer])
    return with_people([event])


def history_of(object_id: object, *, size: int = 50) -> list[Entry]:
    """The trail of one object, newest first."""
    return with_people(AuditEvent.objects.filter(object_id=str(object_id)).order_by("-id")[:size])
