"""Physical networks, guest networks with their segment ids, public ranges."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from provisioning.inventory.models.base import InventoryObject, foreign_key


class PhysicalNetwork(InventoryObject):
    zone = foreign_key("inventory.Zone", "physical_networks")
    isolation_methods = models.CharField(max_length=120, blank=True)
    # Guest segment ids as CloudStack gives them: comma-separated ranges, e.g. "100-200,300-310".
    segment_ranges = models.TextField(blank=True)
    broadcast_domain_range = models.CharField(max_length=32, blank=True)


class GuestNetwork(InventoryObject):
    """`segment_type`/`segment_id` come from the broadcast URI (vlan://176 → vlan, 176); none while not implemented."""

    scope: ClassVar[str] = "tenant"

    zone = foreign_key("inventory.Zone", "networks")
    physical_network = foreign_key("inventory.PhysicalNetwork", "networks")
    domain = foreign_key("inventory.Domain")
    account = foreign_key("inventory.Account")
    project = foreign_key("inventory.Project")
    network_type = models.CharField(max_length=32, blank=True)
    traffic_type = models.CharField(max_length=32, blank=True)
    offering_name = models.CharField(max_length=255, blank=True)
    broadcast_uri = models.CharField(max_length=255, blank=True)
    segment_type = models.CharField(max_length=16, blank=True)
    segment_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    cidr = models.CharField(max_length=64, blank=True)
    gateway = models.CharField(max_length=64, blank=True)
    ip6_cidr = models.CharField(max_length=64, blank=True)
    vpc_cloudstack_id = models.CharField(max_length=64, blank=True)
    acl_type = models.CharField(max_length=32, blank=True)
    is_system = models.BooleanField(default=False)
    is_restart_required = models.BooleanField(default=False)
    is_redundant = models.BooleanField(default=False)


class PublicRange(InventoryObject):
    zone = foreign_key("inventory.Zone", "public_ranges")
    pod = foreign_key("inventory.Pod", "public_ranges")
    physical_network = foreign_key("inventory.PhysicalNetwork", "public_ranges")
    domain = foreign_key("inventory.Domain")
    account = foreign_key("inventory.Account")
    project = foreign_key("inventory.Project")
    vlan = models.CharField(max_length=64, blank=True)
    gateway = models.CharField(max_length=64, blank=True)
    netmask = models.CharField(max_length=64, blank=True)
    start_ip = models.CharField(max_length=64, blank=True)
    end_ip = models.CharField(max_length=64, blank=True)
    ip6_cidr = models.CharField(max_length=64, blank=True)
    is_for_virtual_network = models.BooleanField(default=True)
    is_for_system_vms = models.BooleanField(default=False)
