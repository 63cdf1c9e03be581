"""Capacity as it was last read, and its history."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from provisioning.inventory.models import ScopedManager


class CapacityCollection(models.Model):
    """How reading the capacity of one cloud goes; also the lease that keeps two readers apart."""

    cloud = models.OneToOneField("inventory.Cloud", on_delete=models.CASCADE, related_name="capacity_collection")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Thresholds change rarely and cost a call per place.
    thresholds_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    places_failed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"Capacity of {self.cloud_id}"


class CapacityThreshold(models.Model):
    """One threshold setting of the cloud, for everything (`place_uuid` empty) or for one zone, cluster or pool."""

    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    place_uuid = models.UUIDField(null=True, blank=True)
    value = models.FloatField(help_text="Fraction of the total, 0–1.")

    class Meta:
        indexes = [models.Index(fields=["cloud", "name"], name="threshold_of")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


class CapacitySeries(models.Model):
    """One capacity type at one place: what it was at the last sample, and what the samples hang on.

    Amounts are in the type's unit: bytes, MHz or a plain number; totals include over-provisioning.
    """

    class Level(models.TextChoices):
        ZONE = "zone"
        POD = "pod"
        CLUSTER = "cluster"
        HOST = "host"
        POOL = "pool"

    scope: ClassVar[str] = "infrastructure"

    cloud = models.ForeignKey("inventory.Cloud", on_delete=models.CASCADE, related_name="+")
    level = models.CharField(max_length=8, choices=Level.choices)
    place_uuid = models.UUIDField(db_index=True)
    type_number = models.IntegerField()
    type_name = models.CharField(max_length=80, blank=True)
    used = models.BigIntegerField(null=True, blank=True)
    # Held for instances that stopped a short while ago.
    reserved = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    sampled_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cloud", "level", "place_uuid", "type_number"], name="capacityseries_once")
        ]

    def __str__(self) -> str:
        return f"{self.type_name} of {self.level} {self.place_uuid}"


class CapacitySample(models.Model):
    """One point. Hours and days hold the mean and the peak of what was sampled in them; a time without a sample has no
    row: gaps are gaps."""

    class Resolution(models.IntegerChoices):
        RAW = 0
        HOUR = 1
        DAY = 2

    series = models.ForeignKey(CapacitySeries, on_delete=models.CASCADE, related_name="samples")
    resolution = models.PositiveSmallIntegerField(choices=Resolution.choices, default=Resolution.RAW)
    at = models.DateTimeField()
    used = models.BigIntegerField()
    peak = models.BigIntegerField()
    total = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "resolution", "at"], name="capacitysample_once")]
        indexes = [models.Index(fields=["resolution", "at"], name="capacitysample_age")]

    def __str__(self) -> str:
        return f"{self.used} of {self.total} at {self.at}"
