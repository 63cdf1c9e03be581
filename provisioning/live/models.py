"""Progress and changes for open pages: stored with a sequence number first, pushed afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class LiveEvent(models.Model):
    """One event on one topic. `id` is the sequence number that a browser catches up from."""

    # Topics: "cloud.<uuid>" (infrastructure), "tenant.<uuid>", "sync.<uuid>", "user.<uuid>".
    scope: ClassVar[str] = "topic"

    topic = models.CharField(max_length=100)
    kind = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["topic", "id"], name="live_catch_up")]

    def __str__(self) -> str:
        return f"{self.topic} {self.kind} #{self.pk}"
