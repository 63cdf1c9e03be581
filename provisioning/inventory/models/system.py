"""What CloudStack runs for itself: management servers, system VMs, virtual routers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from provisioning.inventory.models.base import InventoryObject, foreign_key


class ManagementServer(InventoryObject):
    version = models.CharField(max_length=64, blank=True)
    ip_address = models.CharField(max_length=64, blank=True)
    java_version = models.CharField(max_length=64, blank=True)
    os_distribution = models.CharField(max_length=128, blank=True)
    last_started_at = models.DateTimeField(null=True, blank=True)
    last_boot_at = models.DateTimeField(null=True, blank=True)
    agent_count = models.PositiveIntegerField(null=True, blank=True)


class SystemVm(InventoryObject):
    """Console proxy or secondary storage VM."""

    zone = foreign_key("inventory.Zone", "system_vms")
    pod = foreign_key("inventory.Pod", "system_vms")
    host = foreign_key("inventory.Host", "system_vms")
    vm_type = models.CharField(max_length=32, blank=True)
    agent_state = models.CharField(max_length=32, blank=True)
    version = models.CharField(max_length=64, blank=True)
    public_ip = models.CharField(max_length=64, blank=True)
    private_ip = models.CharField(max_length=64, blank=True)
    template_cloudstack_id = models.CharField(max_length=64, blank=True)
    is_hypervisor_host_up = models.BooleanField(null=True)


class VirtualRouter(InventoryObject):
    scope: ClassVar[str] = "infrastructure"

    zone = foreign_key("inventory.Zone", "routers")
    pod = foreign_key("inventory.Pod", "routers")
    host = foreign_key("inventory.Host", "routers")
    network = foreign_key("inventory.GuestNetwork", "routers")
    domain = foreign_key("inventory.Domain")
    account = foreign_key("inventory.Account")
    project = foreign_key("inventory.Project")
    version = models.CharField(max_length=64, blank=True)
    requires_upgrade = models.BooleanField(default=False)
    is_redundant = models.BooleanField(default=False)
    redundant_state = models.CharField(max_length=32, blank=True)
    has_failed_health_checks = models.BooleanField(null=True)
    public_ip = models.CharField(max_length=64, blank=True)
    guest_ip = models.CharField(max_length=64, blank=True)
    link_local_ip = models.CharField(max_length=64, blank=True)
    vpc_cloudstack_id = models.CharField(max_length=64, blank=True)
