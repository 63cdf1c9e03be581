"""The audit trail: rows are inserted in the change's own transaction and chained by the sealer within a second.

UPDATE, DELETE, REPLACE and TRUNCATE of events and seals are refused by the database itself (`triggers.py`). A second
trigger puts every inserted event on the list of those that wait for their seal, so that no way of inserting can
leave one out.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """Who did what to which object, from where, why, and how it ended. No foreign keys: names are copied.

    What tells a person (name, address, browser of the actor; the name and personal fields of an object that is a
    person) is a salted commitment here. Its plain text is in `AuditPersonalData` and can be erased without breaking
    the chain.
    """

    class Result(models.TextChoices):
        SUCCESS = "success", _("Done")
        DENIED = "denied", _("Refused")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_commitment = models.CharField(max_length=64, blank=True)
    acting_role = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True, db_index=True)
    action = models.CharField(max_length=100)
    object_type = models.CharField(max_length=64, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_name = models.CharField(max_length=255, blank=True)
    # Set instead of `object_name` when the object is a person.
    object_commitment = models.CharField(max_length=64, blank=True)
    cloud_uuid = models.UUIDField(null=True, blank=True)
    tenant_uuid = models.UUIDField(null=True, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    reason = models.TextField(blank=True)
    result = models.CharField(max_length=16, choices=Result.choices)
    error = models.TextField(blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    job_id = models.CharField(max_length=64, blank=True)
    format_version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
            models.Index(fields=["object_id", "-id"], name="audit_by_object"),
            models.Index(fields=["cloud_uuid", "-id"], name="audit_by_cloud"),
            models.Index(fields=["tenant_uuid", "-id"], name="audit_by_tenant"),
            models.Index(fields=["result", "-id"], name="audit_by_result"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.result}"


class AuditPersonalData(models.Model):
    """The plain text behind one commitment of an event, with the salt that proves it.

    Erasable, never changeable: the database lets an update through only when it empties the row for good.
    """

    class Part(models.TextChoices):
        ACTOR = "actor"
        OBJECT = "object"

    event_uuid = models.UUIDField()
    part = models.CharField(max_length=8, choices=Part.choices)
    # The person's UUID as text, for erasing; empty when it is not known (a failed sign-in).
    person_id = models.CharField(max_length=64, blank=True)
    salt = models.CharField(max_length=64)
    name = models.CharField(max_length=255, blank=True)
    client_ip = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    # {"before": {...}, "after": {...}}: personal fields of an object that is a person.
    details = models.JSONField(default=dict, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_uuid", "part"], name="audit_person_once")]
        indexes = [
            models.Index(fields=["person_id"], name="audit_person_id"),
            models.Index(fields=["name"], name="audit_person_name"),
            models.Index(fields=["client_ip"], name="audit_person_ip"),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.event_uuid}"


class AuditPending(models.Model):
    """Events that wait for their seal; filled by a trigger of the database, emptied by the sealer alone."""

    event_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.event_id)


class AuditSeal(models.Model):
    """One link of the chain: position, the event, and HMAC(key, previous hash | position | canonical event)."""

    position = models.BigIntegerField(unique=True)
    event_id = models.BigIntegerField(unique=True)
    event_uuid = models.UUIDField(unique=True)
    key_id = models.CharField(max_length=32)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position} {self.hash[:8]}"


class AuditSealerLease(models.Model):
    """The one sealer that works now. A second one stands by until the lease has run out."""

    owner = models.CharField(max_length=120, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.owner


class AuditVerification(models.Model):
    """One check of the whole chain and what it found."""

    class Verdict(models.TextChoices):
        RUNNING = "running", _("Checking")
        INTACT = "intact", _("Intact")
        BROKEN = "broken", _("Broken")
        FAILED = "failed", _("Not finished")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    verdict = models.CharField(max_length=8, choices=Verdict.choices, default=Verdict.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    sealed_count = models.BigIntegerField(default=0)
    waiting_count = models.BigIntegerField(default=0)
    head_hash = models.CharField(max_length=64, blank=True)
    anchor_position = models.BigIntegerField(null=True, blank=True)
    anchored_at = models.DateTimeField(null=True, blank=True)
    broken_position = models.BigIntegerField(null=True, blank=True)
    broken_event_uuid = models.UUIDField(null=True, blank=True)
    problem = models.TextField(blank=True)
    warnings = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.verdict} at {self.started_at:%Y-%m-%d %H:%M:%S}"
