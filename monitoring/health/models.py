"""Problems, open and closed, and when each cloud was last looked at."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from provisioning.inventory.models import ScopedManager


class Severity(models.TextChoices):
    """How much a problem wants a person. Only the first two "need you"."""

    CRITICAL = "critical", _("Critical")
    WARNING = "warning", _("Warning")
    NOTICE = "notice", _("Notice")
    # Somebody did this on purpose: maintenance, disabled.
    HELD = "held", _("Held on purpose")


class Plane(models.TextChoices):
    """What is hurt: running CloudStack, or what runs on it. The management plane may stop while instances run on."""

    MANAGEMENT = "management", _("Management plane")
    DATA = "data", _("Data plane")


class HealthProblem(models.Model):
    """One thing that is not as it should be, from when it was found until it was gone."""

    scope: ClassVar[str] = "infrastructure"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="health_problems")
    # What makes it the same problem from one look to the next: rule and subject.
    fingerprint = models.CharField(max_length=200)
    rule = models.CharField(max_length=60)
    severity = models.CharField(max_length=16, choices=Severity.choices)
    plane = models.CharField(max_length=16, choices=Plane.choices)
    impact = models.PositiveSmallIntegerField(help_text=_("1–10, the deployment manual's levels M1–M6."))
    score = models.FloatField(help_text=_("Rank: impact × blast radius × severity."))
    # A kind's slug, or "" for the cloud as a whole.
    kind = models.CharField(max_length=40, blank=True)
    object_uuid = models.UUIDField(null=True, blank=True, db_index=True)
    object_name = models.CharField(max_length=255, blank=True)
    object_state = models.CharField(max_length=64, blank=True)
    zone_uuid = models.UUIDField(null=True, blank=True)
    zone_name = models.CharField(max_length=255, blank=True)
    # Message ids with named parameters: translated for each reader.
    headline_text = models.TextField()
    detail_text = models.TextField(blank=True)
    params = models.JSONField(default=dict)
    hosts = models.PositiveIntegerField(default=0)
    instances = models.PositiveIntegerField(default=0)
    tenants = models.PositiveIntegerField(default=0)
    networks = models.PositiveIntegerField(default=0)
    flaps = models.PositiveIntegerField(default=0, help_text=_("State changes of the object in the last hour."))
    # The fingerprint of the open problem that explains this one.
    cause = models.CharField(max_length=200, blank=True)
    since_at = models.DateTimeField()
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_state = models.CharField(max_length=64, blank=True, help_text=_("The object's state when it ended."))
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    acknowledged_note = models.CharField(max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["-score", "since_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cloud", "fingerprint"], condition=models.Q(closed_at__isnull=True), name="problem_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["cloud", "closed_at", "-score"], name="problem_rank"),
            models.Index(fields=["closed_at"], name="problem_closed"),
        ]

    def __str__(self) -> str:
        return self.headline

    @property
    def headline(self) -> str:
        """One sentence, present tense, in the reader's language."""
        return _filled(self.headline_text, self.params)

    @property
    def detail(self) -> str:
        """What it means and what to do, in the reader's language."""
        return _filled(self.detail_text, self.params)


class HealthEvaluation(models.Model):
    """The last look at one cloud: how many objects of each kind were in which group of states."""

    cloud = models.OneToOneField("inventory.Cloud", on_delete=models.CASCADE, related_name="health_evaluation")
    evaluated_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    # kind slug → {state as CloudStack says it: number of objects}
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Health of {self.cloud_id}"


# Values of sentences that are words themselves: stored as message ids, several with a comma between them.
_WORDS = frozenset({"what", "label", "alone", "kinds"})
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d UTC$")


def _filled(text: str, params: dict[str, object]) -> str:
    # gettext("") answers the catalogue's header.
    return gettext(text) % {key: _told(key, value) for key, value in params.items()} if text else ""


def _told(key: str, value: object) -> object:
    """A value of a sentence for the reader: words in their language, moments in their time zone, which is named."""
    if not isinstance(value, str) or not value:
        return value
    if key in _WORDS:
        return ", ".join(gettext(word) for word in value.split(", ") if word)
    if _MOMENT.match(value):
        moment = datetime.strptime(value, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
        return date_format(timezone.localtime(moment), "j M Y H:i T")
    return value
