"""Primary storage (storage pools) and secondary storage (image stores)."""

from __future__ import annotations

from django.db import models

from provisioning.inventory.models.base import InventoryObject, foreign_key


class StoragePool(InventoryObject):
    """Primary storage."""

    zone = foreign_key("inventory.Zone", "storage_pools")
    pod = foreign_key("inventory.Pod", "storage_pools")
    cluster = foreign_key("inventory.Cluster", "storage_pools")
    pool_type = models.CharField(max_length=64, blank=True)
    pool_scope = models.CharField(max_length=32, blank=True)
    provider = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=255, blank=True)
    path = models.CharField(max_length=500, blank=True)
    storage_tags = models.CharField(max_length=500, blank=True)
    overprovision_factor = models.FloatField(null=True, blank=True)
    size_total_bytes = models.BigIntegerField(null=True, blank=True)
    size_used_bytes = models.BigIntegerField(null=True, blank=True)
    size_allocated_bytes = models.BigIntegerField(null=True, blank=True)


class ImageStore(InventoryObject):
    """Secondary storage. CloudStack gives it no state of its own; `is_readonly` is all it says."""

    zone = foreign_key("inventory.Zone", "image_stores")
    provider = models.CharField(max_length=64, blank=True)
    protocol = models.CharField(max_length=32, blank=True)
    url = models.CharField(max_length=500, blank=True)
    store_scope = models.CharField(max_length=32, blank=True)
    is_readonly = models.BooleanField(default=False)
    size_total_bytes = models.BigIntegerField(null=True, blank=True)
    size_used_bytes = models.BigIntegerField(null=True, blank=True)
