"""A cloud is one CloudStack API endpoint; a sync is one attempt to bring our mirror of it in step."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.secrets.fields import EncryptedTextField


class Cloud(models.Model):
    """One CloudStack API endpoint with the key pair we read it by."""

    class State(models.TextChoices):
        NEW = "new", _("Never synced")
        OK = "ok", _("In step")
        UNREACHABLE = "unreachable", _("Not answering")
        REFUSED = "refused", _("Keys refused")
        BROKEN = "broken", _("Answers are not CloudStack's")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, unique=True)
    api_url = models.URLField(max_length=500)
    api_key = models.CharField(max_length=200)
    secret_key = EncryptedTextField()
    ca_bundle = models.TextField(blank=True, help_text=_("PEM certificates to trust instead of the system's."))
    # Encrypted as a whole: a proxy that asks who we are has its password in here.
    proxy_url = EncryptedTextField(blank=True)
    verify_tls = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    version = models.CharField(max_length=64, blank=True)
    role_name = models.CharField(max_length=200, blank=True)
    role_type = models.CharField(max_length=32, blank=True)
    command_count = models.PositiveIntegerField(default=0)
    catalogue_at = models.DateTimeField(null=True, blank=True)
    capabilities = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.NEW)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error_kind = models.CharField(max_length=32, blank=True)
    last_answer_at = models.DateTimeField(null=True, blank=True)
    # "Last seen" of every row of this cloud that is not gone.
    last_complete_sync_at = models.DateTimeField(null=True, blank=True)
    # When figures that change at every look were last written, by kind.
    metrics_at = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CloudCommand(models.Model):
    """A command that `listApis` gave for the cloud's key: the source of sync/async and of parameter names."""

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE, related_name="commands")
    name = models.CharField(max_length=120)
    is_async = models.BooleanField()
    since = models.CharField(max_length=32, blank=True)
    http_method = models.CharField(max_length=8, blank=True)
    params = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cloud", "name"], name="cloudcommand_once")]

    def __str__(self) -> str:
        return self.name


class Sync(models.Model):
    """One sync of one cloud: what it looked at, how far it is, what it changed, how it ended."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        PARTIAL = "partial", _("Partly done")
        FAILED = "failed", _("Failed")

    class Scope(models.TextChoices):
        FULL = "full", _("Everything")
        TARGETED = "targeted", _("Some kinds")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE, related_name="syncs")
    scope = models.CharField(max_length=16, choices=Scope.choices, default=Scope.FULL)
    kinds = models.JSONField(default=list, help_text=_("Kinds to look at; empty means all."))
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    requested_by = models.CharField(max_length=200, blank=True)
    current_kind = models.CharField(max_length=40, blank=True)
    kinds_done = models.PositiveIntegerField(default=0)
    kinds_total = models.PositiveIntegerField(default=0)
    objects_seen = models.PositiveIntegerField(default=0)
    # Inventory rows created, changed, gone or returned; figures (used CPU and the like) are counted apart.
    rows_written = models.PositiveIntegerField(default=0)
    metrics_written = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text=_("kind → {seen, created, changed, gone, error, skipped…}"))
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=120, blank=True)
    # How often a worker began this sync; after three that died it has failed.
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["cloud", "state"], name="sync_open"),
                   models.Index(fields=["cloud", "-created_at"], name="sync_recent")]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.scope} sync of {self.cloud_id} at {self.created_at:%Y-%m-%d %H:%M:%S}"


class SyncLease(models.Model):
    """Who may write to the mirror of one cloud now. `fence` grows with every owner: an old one notices its loss."""

    class Purpose(models.TextChoices):
        INVENTORY = "inventory"
        RECORDS = "records"

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE, related_name="leases")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    owner = models.CharField(max_length=120, blank=True)
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cloud", "purpose"], name="synclease_once")]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.cloud_id}: {self.owner or 'free'}"
