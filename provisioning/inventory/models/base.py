"""What every mirrored object has in common, the scoping manager, raw answers and change events."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from provisioning.accounts.models import User


class ScopedQuerySet(models.QuerySet[Any]):
    """Starts every list, page, API and socket: `for_user` is the only door to rows a person may see."""

    def for_user(self, user: User) -> Self:
        """The rows `user` may see; none for anonymous, inactive or unknown. Rule: accounts.scoping."""
        from provisioning.accounts.scoping import restrict

        return restrict(self, user)

    def present(self) -> Self:
        """Rows that the cloud's last complete sync still saw."""
        return self.filter(gone_at__isnull=True)


ScopedManager = models.Manager.from_queryset(ScopedQuerySet)


def foreign_key(to: str, related_name: str = "+") -> models.ForeignKey[Any, Any]:
    """A link inside the mirror. Rows are never deleted (they become tombstones), and bulk applies may write a child
    before its parent is known, so the database does not check it."""
    return models.ForeignKey(
        to, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name=related_name
    )


class InventoryObject(models.Model):
    """One object of one cloud as CloudStack last described it."""

    # infrastructure: administrator, operator, auditor only; tenant: also members of `tenant_uuid`;
    # catalogue: every member of a tenant in that cloud, unless `tenant_uuid` says whose it is.
    scope: ClassVar[str] = "infrastructure"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    cloudstack_id = models.CharField(max_length=64)
    name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=64, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    tenant_uuid = models.UUIDField(null=True, blank=True, db_index=True)
    # What the row was made from: the answer without what changes at every look, the tenant, and links not found yet.
    digest = models.BinaryField(max_length=16, default=b"")
    # The same for the columns that do change at every look (used CPU, traffic).
    metrics_digest = models.BinaryField(max_length=8, default=b"")
    cloudstack_created_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    # Empty while the object is in the state that we found it in: then it is at least since `first_seen_at`.
    state_since_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        abstract = True
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["cloud", "cloudstack_id"], name="%(class)s_once")]
        indexes = [
            models.Index(fields=["cloud", "gone_at", "name", "id"], name="%(class)s_list"),
            models.Index(fields=["cloud", "gone_at", "state"], name="%(class)s_states"),
        ]

    def __str__(self) -> str:
        return self.name or self.cloudstack_id


class RawAnswer(models.Model):
    """The JSON that CloudStack last gave for one object, zlib-compressed, apart from the slim row."""

    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    cloudstack_id = models.CharField(max_length=64)
    body = models.BinaryField()
    fetched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cloud", "kind", "cloudstack_id"], name="rawanswer_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.cloudstack_id}"


class ChangeEvent(models.Model):
    """Something that a sync found different: with the values before and after."""

    class Change(models.TextChoices):
        CREATED = "created"
        CHANGED = "changed"
        GONE = "gone"
        RETURNED = "returned"

    scope: ClassVar[str] = "tenant"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    sync = models.ForeignKey("inventory.Sync", null=True, on_delete=models.SET_NULL, related_name="changes")
    kind = models.CharField(max_length=40)
    object_uuid = models.UUIDField()
    object_name = models.CharField(max_length=255, blank=True)
    tenant_uuid = models.UUIDField(null=True, blank=True, db_index=True)
    change = models.CharField(max_length=16, choices=Change.choices)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    objects = ScopedManager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["cloud", "-id"], name="change_recent"),
            models.Index(fields=["object_uuid", "-id"], name="change_of_object"),
            models.Index(fields=["cloud", "kind", "-id"], name="change_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.object_name} {self.change}"
