"""What a tenant may choose from: offerings and templates."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from provisioning.inventory.models.base import InventoryObject, foreign_key


class Offering(InventoryObject):
    """A service, disk or network offering."""

    class Kind(models.TextChoices):
        SERVICE = "service", _("Service offering")
        DISK = "disk", _("Disk offering")
        NETWORK = "network", _("Network offering")

    scope: ClassVar[str] = "catalogue"

    offering_kind = models.CharField(max_length=16, choices=Kind.choices)
    display_text = models.CharField(max_length=1000, blank=True)
    is_system = models.BooleanField(default=False)
    is_customized = models.BooleanField(default=False)
    is_public = models.BooleanField(default=True)
    cpu_count = models.PositiveIntegerField(null=True, blank=True)
    cpu_speed_mhz = models.PositiveIntegerField(null=True, blank=True)
    memory_mib = models.PositiveIntegerField(null=True, blank=True)
    disk_size_gib = models.BigIntegerField(null=True, blank=True)
    host_tags = models.CharField(max_length=500, blank=True)
    storage_tags = models.CharField(max_length=500, blank=True)
    storage_type = models.CharField(max_length=32, blank=True)
    guest_ip_type = models.CharField(max_length=32, blank=True)
    traffic_type = models.CharField(max_length=32, blank=True)


class Template(InventoryObject):
    """One template or ISO; `zones` tells where it is ready."""

    scope: ClassVar[str] = "catalogue"

    domain = foreign_key("inventory.Domain")
    account = foreign_key("inventory.Account")
    project = foreign_key("inventory.Project")
    template_type = models.CharField(max_length=32, blank=True)
    format = models.CharField(max_length=16, blank=True)
    hypervisor = models.CharField(max_length=32, blank=True)
    os_type_name = models.CharField(max_length=255, blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    is_public = models.BooleanField(default=False)
    is_featured = models.BooleanField(default=False)
    is_ready = models.BooleanField(default=False)
    status_text = models.TextField(blank=True)
    # [{"zone_id": CloudStack id, "zone_name": str, "is_ready": bool, "status": str}]
    zones = models.JSONField(default=list, blank=True)
