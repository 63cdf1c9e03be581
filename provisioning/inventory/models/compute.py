"""Zone → pod → cluster → host."""

from __future__ import annotations

from django.db import models

from provisioning.inventory.models.base import InventoryObject, foreign_key


class Zone(InventoryObject):
    """`state` is the allocation state (Enabled, Disabled)."""

    network_type = models.CharField(max_length=32, blank=True)
    is_security_groups_enabled = models.BooleanField(default=False)
    is_local_storage_enabled = models.BooleanField(default=False)
    guest_cidr = models.CharField(max_length=64, blank=True)
    dns1 = models.CharField(max_length=64, blank=True)
    dns2 = models.CharField(max_length=64, blank=True)
    internal_dns1 = models.CharField(max_length=64, blank=True)
    zone_type = models.CharField(max_length=32, blank=True)


class Pod(InventoryObject):
    """`state` is the allocation state (Enabled, Disabled)."""

    zone = foreign_key("inventory.Zone", "pods")
    gateway = models.CharField(max_length=64, blank=True)
    netmask = models.CharField(max_length=64, blank=True)
    start_ip = models.CharField(max_length=64, blank=True)
    end_ip = models.CharField(max_length=64, blank=True)


class Cluster(InventoryObject):
    """`state` is the allocation state (Enabled, Disabled)."""

    zone = foreign_key("inventory.Zone", "clusters")
    pod = foreign_key("inventory.Pod", "clusters")
    managed_state = models.CharField(max_length=32, blank=True)
    hypervisor = models.CharField(max_length=32, blank=True)
    cluster_type = models.CharField(max_length=32, blank=True)
    arch = models.CharField(max_length=16, blank=True)
    cpu_overcommit_ratio = models.FloatField(null=True, blank=True)
    memory_overcommit_ratio = models.FloatField(null=True, blank=True)


class Host(InventoryObject):
    """A hypervisor (type Routing). `state` is the agent's connection; `resource_state` is the administration."""

    zone = foreign_key("inventory.Zone", "hosts")
    pod = foreign_key("inventory.Pod", "hosts")
    cluster = foreign_key("inventory.Cluster", "hosts")
    management_server_cloudstack_id = models.CharField(max_length=64, blank=True)
    resource_state = models.CharField(max_length=64, blank=True)
    ip_address = models.CharField(max_length=64, blank=True)
    hypervisor = models.CharField(max_length=32, blank=True)
    hypervisor_version = models.CharField(max_length=64, blank=True)
    version = models.CharField(max_length=64, blank=True)
    arch = models.CharField(max_length=16, blank=True)
    host_tags = models.CharField(max_length=500, blank=True)
    is_ha_host = models.BooleanField(default=False)
    cpu_sockets = models.PositiveIntegerField(null=True, blank=True)
    cpu_cores = models.PositiveIntegerField(null=True, blank=True)
    cpu_speed_mhz = models.PositiveIntegerField(null=True, blank=True)
    # Capacity after over-provisioning and what is allocated of it, as listHosts gives it.
    cpu_total_mhz = models.FloatField(null=True, blank=True)
    cpu_allocated_mhz = models.FloatField(null=True, blank=True)
    cpu_used_percent = models.FloatField(null=True, blank=True)
    memory_total_bytes = models.BigIntegerField(null=True, blank=True)
    memory_allocated_bytes = models.BigIntegerField(null=True, blank=True)
    memory_used_bytes = models.BigIntegerField(null=True, blank=True)
    network_read_kib = models.BigIntegerField(null=True, blank=True)
    network_write_kib = models.BigIntegerField(null=True, blank=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)
