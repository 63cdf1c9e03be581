"""The audit trail: rows are inserted in the change's own transaction and chained by the sealer within a second."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """Who did what to which object, from where, why, and how it ended. No foreign keys: names are copied.

    UPDATE, DELETE, REPLACE and TRUNCATE are refused by the database. Personal fields (actor name, address, browser)
    are salted commitments here; their plain text is in `AuditPersonalData` and can be erased without breaking the
    chain.
    """

    class Result(models.TextChoices):
        SUCCESS = "success"
        DENIED = "denied"
        FAILED = "failed"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_commitment = models.CharField(max_length=64, blank=True)
    acting_role = models.CharField(max_length=64, blank=True)
    client_ip_commitment = models.CharField(max_length=64, blank=True)
    user_agent_commitment = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True, db_index=True)
    action = models.CharField(max_length=100, db_index=True)
    object_type = models.CharField(max_length=64, blank=True)
    object_id = models.CharField(max_length=64, blank=True, db_index=True)
    object_name = models.CharField(max_length=255, blank=True)
    cloud_uuid = models.UUIDField(null=True, blank=True)
    tenant_uuid = models.UUIDField(null=True, blank=True, db_index=True)
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
        indexes = [models.Index(fields=["action", "-id"], name="audit_by_action"),
                   models.Index(fields=["actor_id", "-id"], name="audit_by_actor")]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.action} {self.result}"


class AuditPersonalData(models.Model):
    """The plain text behind an event's commitments, with the salts that prove it. Erasable, event by event."""

    event_uuid = models.UUIDField(unique=True)
    salt = models.CharField(max_length=64)
    actor_name = models.CharField(max_length=255, blank=True)
    client_ip = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.event_uuid)


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
