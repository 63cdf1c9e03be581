"""CloudStack's own records, kept by us because CloudStack forgets: async jobs, events, alerts."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from provisioning.inventory.models.base import ScopedManager


class AsyncJob(models.Model):
    """An async job. `listAsyncJobs` forgets a job the moment it ends; this table does not."""

    class Status(models.IntegerChoices):
        RUNNING = 0
        SUCCEEDED = 1
        FAILED = 2
        CANCELLED = 3

    scope: ClassVar[str] = "tenant"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    cloudstack_id = models.CharField(max_length=64)
    tenant_uuid = models.UUIDField(null=True, blank=True, db_index=True)
    command = models.CharField(max_length=255, blank=True)
    status = models.SmallIntegerField(choices=Status.choices, null=True, help_text="Empty: ended unseen.")
    result_code = models.IntegerField(null=True, blank=True)
    result_text = models.TextField(blank=True)
    account_name = models.CharField(max_length=255, blank=True)
    domain_path = models.CharField(max_length=1000, blank=True)
    user_cloudstack_id = models.CharField(max_length=64, blank=True)
    instance_type = models.CharField(max_length=64, blank=True)
    instance_cloudstack_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    objects = ScopedManager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["cloud", "cloudstack_id"], name="asyncjob_once")]
        indexes = [models.Index(fields=["cloud", "status", "-id"], name="asyncjob_open"),
                   models.Index(fields=["cloud", "instance_cloudstack_id"], name="asyncjob_of")]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.command} {self.cloudstack_id}"

    @property
    def log_id(self) -> str:
        """First 8 hex digits of the job's id: what every management log line of this job carries."""
        return self.cloudstack_id[:8]


class CloudEvent(models.Model):
    """A CloudStack event (listEvents)."""

    scope: ClassVar[str] = "tenant"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    cloudstack_id = models.CharField(max_length=64)
    tenant_uuid = models.UUIDField(null=True, blank=True, db_index=True)
    event_type = models.CharField(max_length=120, db_index=True)
    level = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=32, blank=True)
    description = models.TextField(blank=True)
    account_name = models.CharField(max_length=255, blank=True)
    domain_path = models.CharField(max_length=1000, blank=True)
    user_name = models.CharField(max_length=255, blank=True)
    parent_cloudstack_id = models.CharField(max_length=64, blank=True)
    resource_type = models.CharField(max_length=64, blank=True)
    resource_cloudstack_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["cloud", "cloudstack_id"], name="cloudevent_once")]
        indexes = [models.Index(fields=["cloud", "-created_at", "-id"], name="cloudevent_recent"),
                   models.Index(fields=["cloud", "resource_cloudstack_id"], name="cloudevent_of")]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.event_type}: {self.description}"


class CloudAlert(models.Model):
    """A CloudStack alert (listAlerts)."""

    scope: ClassVar[str] = "infrastructure"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    cloudstack_id = models.CharField(max_length=64)
    alert_type = models.IntegerField(null=True)
    name = models.CharField(max_length=120, blank=True)
    description = models.TextField(blank=True)
    sent_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["-sent_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["cloud", "cloudstack_id"], name="cloudalert_once")]
        indexes = [models.Index(fields=["cloud", "-sent_at", "-id"], name="cloudalert_recent")]

    def __str__(self) -> str:
        return self.description
