"""What people do about problems. Each write: policy, lock, change, audit row, in one transaction."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring.health.models import HealthProblem
from provisioning.accounts.models import User
from provisioning.accounts.policies import can_acknowledge_problems
from provisioning.audit.record import record, record_refusal
from provisioning.inventory.errors import NotAllowed, Refused
from provisioning.live import CLOUD, publish, topic_of

NOTE_LENGTH = 500


def acknowledge(problem_uuid: uuid.UUID, by: User, note: str) -> HealthProblem:
    """Say that somebody deals with an open problem; it no longer counts among what needs a person.

    Ends with the problem, or when it gets worse. Raises NotAllowed, HealthProblem.DoesNotExist, and Refused for a
    problem that has ended or a note that is too long.
    """
    note = note.replace("\x00", "").strip()  # PostgreSQL takes none
    if len(note) > NOTE_LENGTH:
        raise Refused(_("The note has %(n)s characters; %(most)s fit.") % {"n": len(note), "most": NOTE_LENGTH})
    return _change(problem_uuid, by, "health.acknowledge", name=str(by), note=note)


def take_back(problem_uuid: uuid.UUID, by: User) -> HealthProblem:
    """Undo an acknowledgement: the problem needs a person again. Raises as `acknowledge` does."""
    return _change(problem_uuid, by, "health.take_back", name="", note="")


def _change(problem_uuid: uuid.UUID, by: User, action: str, name: str, note: str) -> HealthProblem:
    if not can_acknowledge_problems(by):
        sentence = _("Your role may not do this.")
        record_refusal(action, obj_type="problem", obj_id=problem_uuid, result="denied", error=sentence)
        raise NotAllowed(sentence)
    with transaction.atomic():
        problem: HealthProblem = HealthProblem.objects.for_user(by).select_for_update().get(uuid=problem_uuid)
        if problem.closed_at is not None:
            raise Refused(_("This problem has ended meanwhile."))
        # No names in a sealed row: who did it is beside it, where it can be erased.
        before = {"acknowledged": problem.acknowledged_at is not None, "note": problem.acknowledged_note}
        problem.acknowledged_at = timezone.now() if name else None
        problem.acknowledged_by = name
        problem.acknowledged_note = note
        problem.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledged_note"])
        record(
            action,
            obj_type="problem",
            obj_id=problem.uuid,
            obj_name=problem.headline[:200],
            cloud_uuid=problem.cloud.uuid,
            before=before,
            after={"acknowledged": bool(name), "note": note},
            reason=note,
        )
        publish(topic_of(CLOUD, problem.cloud.uuid), "health.changed", {"acknowledged": str(problem.uuid)})
    return problem
