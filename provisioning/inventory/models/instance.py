"""Instances (virtual machines) and their volumes: the two kinds that come by the hundred thousand."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from provisioning.inventory.models.base import InventoryObject, foreign_key


class Instance(InventoryObject):
    """A tenant's virtual machine."""

    scope: ClassVar[str] = "tenant"

    zone = foreign_key("inventory.Zone", "instances")
    host = foreign_key("inventory.Host", "instances")
    domain = foreign_key("inventory.Domain")
    account = foreign_key("inventory.Account", "instances")
    project = foreign_key("inventory.Project", "instances")
    offering = foreign_key("inventory.Offering")
    template = foreign_key("inventory.Template")
    display_name = models.CharField(max_length=255, blank=True)
    internal_name = models.CharField(max_length=64, blank=True)
    cpu_count = models.PositiveIntegerField(null=True, blank=True)
    cpu_speed_mhz = models.PositiveIntegerField(null=True, blank=True)
    memory_mib = models.PositiveIntegerField(null=True, blank=True)
    cpu_used_percent = models.FloatField(null=True, blank=True)
    is_ha_enabled = models.BooleanField(default=False)
    hypervisor = models.CharField(max_length=32, blank=True)
    ip_address = models.CharField(max_length=64, blank=True)
    network_names = models.CharField(max_length=1000, blank=True)
    # Comma-separated CloudStack ids of the networks its NICs are in: the way from a network to its instances.
    network_cloudstack_ids = models.CharField(max_length=1000, blank=True)


class Volume(InventoryObject):
    scope: ClassVar[str] = "tenant"

    zone = foreign_key("inventory.Zone", "volumes")
    instance = foreign_key("inventory.Instance", "volumes")
    storage_pool = foreign_key("inventory.StoragePool", "volumes")
    offering = foreign_key("inventory.Offering")
    domain = foreign_key("inventory.Domain")
    account = foreign_key("inventory.Account", "volumes")
    project = foreign_key("inventory.Project", "volumes")
    volume_type = models.CharField(max_length=16, blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    device_id = models.PositiveIntegerField(null=True, blank=True)
    path = models.CharField(max_length=255, blank=True)
