"""Is the chain whole? Streams it link by link in constant memory and names the first broken row and why.

What is checked, in this order for each link: positions follow without a gap; the previous hash is the one before; the
event is there; the key is known; the hash is right over the event as stored now; the personal data, where not erased,
is what the event commits to; the heads copied outside agree. Then: the copied heads do not go beyond the chain (a cut
tail); no event is without a seal unless it waits for one; the database's guards are in place.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning.audit import anchors, triggers
from provisioning.audit.canonical import FIELDS_V1, GENESIS, canonical, commitment, link
from provisioning.audit.keys import KeyRing, ring
from provisioning.audit.models import AuditEvent, AuditPending, AuditPersonalData, AuditSeal
from provisioning.audit.record import committed_values

CHUNK = 1000
LATE = dt.timedelta(seconds=60)


@dataclass
class Verdict:
    """What a verification found. `intact` only when nothing was wrong; `warnings` do not break the chain."""

    intact: bool = True
    sealed_count: int = 0
    waiting_count: int = 0
    head_hash: str = ""
    anchor_position: int | None = None
    anchored_at: dt.datetime | None = None
    broken_position: int | None = None
    broken_event_uuid: UUID | None = None
    problem: str = ""
    warnings: list[str] = field(default_factory=list)

    def broken(self, problem: str, position: int | None = None, event_uuid: UUID | None = None) -> Verdict:
        self.intact, self.problem = False, problem
        self.broken_position, self.broken_event_uuid = position, event_uuid
        return self


def verify(
    keys: KeyRing | None = None, heads_file: Path | None = None, progress: Callable[[int], None] | None = None
) -> Verdict:
    """Check the whole chain. Stops at the first broken link; `progress(n)` is called with links checked so far."""
    keys = keys or ring()
    verdict = Verdict()
    outside = _Outside(keys, heads_file)
    try:
        if not _links(verdict, keys, outside, progress):
            return verdict
        outside.finish()
    except anchors.BadAnchor as error:
        sentence = str(error)
        return verdict.broken(f"{sentence[:1].upper()}{sentence[1:]}.")
    _outside(verdict, outside)
    if verdict.intact:
        _unsealed(verdict)
    if verdict.intact:
        gone = triggers.missing(connection)
        if gone:
            verdict.broken(_("Guards of the database are missing or changed: %(names)s.") % {"names": ", ".join(gone)})
    return verdict


class _Outside:
    """Walks the copied heads beside the links; both are ordered by position."""

    def __init__(self, keys: KeyRing, source: Path | None) -> None:
        self._heads: Iterator[anchors.Head] = anchors.heads(keys, source)
        self.last: anchors.Head | None = None
        self.next: anchors.Head | None = None
        self._step()

    def _step(self) -> None:
        self.next = next(self._heads, None)
        if self.next is not None and (self.last is None or self.next.position >= self.last.position):
            self.last = self.next

    def disagrees(self, position: int, digest: str) -> bool:
        """Does a copied head say that the link at `position` had another hash?"""
        while self.next is not None and self.next.position <= position:
            if self.next.position == position and not hmac.compare_digest(self.next.hash, digest):
                return True
            self._step()
        return False

    def finish(self) -> None:
        while self.next is not None:
            self._step()


def _links(verdict: Verdict, keys: KeyRing, outside: _Outside, progress: Callable[[int], None] | None) -> bool:
    previous, expected = GENESIS, 1
    while True:
        seals: list[Any] = list(AuditSeal.objects.filter(position__gte=expected).order_by("position").values()[:CHUNK])
        # A position below 1 would stand outside the walk.
        if expected == 1 and AuditSeal.objects.filter(position__lt=1).exists():
            verdict.broken(_("A link stands before the beginning of the chain."), 0)
            return False
        if not seals:
            return True
        events, people = _facts(seals)
        for seal in seals:
            problem = _broken_link(seal, events.get(seal["event_id"]), people, keys, expected, previous)
            if not problem and outside.disagrees(expected, seal["hash"]):
                problem = _("The head copied outside the database says that this link had another hash.")
            if problem:
                verdict.broken(problem, expected, seal["event_uuid"] if seal["position"] == expected else None)
                return False
            previous = verdict.head_hash = seal["hash"]
            verdict.sealed_count += 1
            expected += 1
        if progress is not None:
            progress(verdict.sealed_count)


def _facts(seals: list[dict[str, Any]]) -> tuple[dict[int, dict[str, Any]], dict[tuple[UUID, str], AuditPersonalData]]:
    ids = [seal["event_id"] for seal in seals]
    events = {event["id"]: event for event in AuditEvent.objects.filter(pk__in=ids).values("id", *FIELDS_V1)}
    uuids = [event["uuid"] for event in events.values()]
    rows = AuditPersonalData.objects.filter(event_uuid__in=uuids)
    return events, {(row.event_uuid, str(row.part)): row for row in rows}


def _broken_link(
    seal: dict[str, Any],
    event: dict[str, Any] | None,
    people: dict[tuple[UUID, str], AuditPersonalData],
    keys: KeyRing,
    expected: int,
    previous: str,
) -> str:
    if seal["position"] != expected:
        return _("The link at position %(at)s is gone; the next one there is %(found)s.") % {
            "at": expected, "found": seal["position"],
        }  # fmt: skip
    if not hmac.compare_digest(seal["previous_hash"], previous):
        return _("The link does not follow the one before.")
    if event is None:
        return _("The event of this link was deleted.")
    if event["uuid"] != seal["event_uuid"]:
        return _("The link belongs to another event than the one that stands there.")
    key = keys.keys.get(seal["key_id"])
    if key is None:
        return _("The key %(key)s of this link is not in ZONEWRIGHT_AUDIT_KEYS.") % {"key": seal["key_id"]}
    try:
        body = canonical(event)
    except (ValueError, TypeError) as error:
        return _("The event cannot be read: %(why)s.") % {"why": error}
    if not hmac.compare_digest(link(key, previous, expected, body), seal["hash"]):
        return _("The event was changed after it was sealed, or its link was.")
    for part, committed in (("actor", event["actor_commitment"]), ("object", event["object_commitment"])):
        if committed:
            problem = _broken_commitment(people.get((event["uuid"], part)), committed)
            if problem:
                return problem
    return ""


def _broken_commitment(row: AuditPersonalData | None, committed: str) -> str:
    if row is None:
        return _("The personal data of this event was deleted instead of erased.")
    if row.erased_at is not None:
        return "" if not (row.name or row.client_ip or row.user_agent or row.details) else _("Erased data came back.")
    try:
        same = hmac.compare_digest(commitment(row.salt, committed_values(row)), committed)
    except ValueError:
        same = False
    return "" if same else _("The personal data of this event (name, address or browser) was changed.")


def _outside(verdict: Verdict, outside: _Outside) -> None:
    if outside.last is None:
        oldest = AuditSeal.objects.order_by("position").values_list("sealed_at", flat=True).first()
        if oldest is not None and timezone.now() - oldest > 2 * LATE:
            verdict.warnings.append(
                _("No head was copied outside the database: a cut tail could not be seen. Is the sealer running?")
            )
        return
    verdict.anchor_position, verdict.anchored_at = outside.last.position, outside.last.at
    if outside.last.position > verdict.sealed_count:
        verdict.broken(
            _("The tail was cut: a head copied outside at %(when)s says %(outside)s links, %(here)s are here.")
            % {
                "when": f"{outside.last.at:%Y-%m-%d %H:%M:%S} UTC",
                "outside": outside.last.position,
                "here": verdict.sealed_count,
            },
            verdict.sealed_count + 1,
        )


def _unsealed(verdict: Verdict) -> None:
    sealed = AuditSeal.objects.filter(event_id=OuterRef("pk"))
    waits = AuditPending.objects.filter(event_id=OuterRef("pk"))
    # One statement sees one moment, and the sealer moves an event from one list to the other in one transaction.
    lost = AuditEvent.objects.filter(~Exists(sealed), ~Exists(waits)).order_by("pk").first()
    if lost is not None:
        verdict.broken(_("An event has no link and does not wait for one: its link was removed."), None, lost.uuid)
        return
    verdict.waiting_count = AuditPending.objects.count()
    if verdict.waiting_count:
        event = AuditEvent.objects.filter(Exists(waits)).order_by("pk").values_list("at", flat=True).first()
        gone = AuditPending.objects.filter(~Exists(AuditEvent.objects.filter(pk=OuterRef("event_id"))))
        oldest = event or timezone.now()
        if gone.exists():
            verdict.broken(_("An event that waited for its link was deleted."))
        elif timezone.now() - oldest > LATE:
            verdict.warnings.append(
                _("%(count)s events wait for their link, the oldest since %(since)s. Is the sealer running?")
                % {"count": verdict.waiting_count, "since": f"{oldest:%Y-%m-%d %H:%M:%S} UTC"}
            )
