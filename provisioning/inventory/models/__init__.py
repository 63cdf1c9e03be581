"""The mirror of every registered cloud: what CloudStack last said, when it changed, and what is gone.

Every model here is written by `provisioning.inventory.sync` alone.
"""

from provisioning.inventory.models.base import (
    ChangeEvent,
    InventoryObject,
    RawAnswer,
    ScopedManager,
    ScopedQuerySet,
)
from provisioning.inventory.models.catalogue import Offering, Template
from provisioning.inventory.models.cloud import Cloud, CloudCommand, Sync, SyncLease
from provisioning.inventory.models.compute import Cluster, Host, Pod, Zone
from provisioning.inventory.models.instance import Instance, Volume
from provisioning.inventory.models.network import GuestNetwork, PhysicalNetwork, PublicRange
from provisioning.inventory.models.record import AsyncJob, CloudAlert, CloudEvent
from provisioning.inventory.models.storage import ImageStore, StoragePool
from provisioning.inventory.models.system import ManagementServer, SystemVm, VirtualRouter
from provisioning.inventory.models.tenancy import Account, Domain, Project

__all__ = [
    "Account", "AsyncJob", "ChangeEvent", "Cloud", "CloudAlert", "CloudCommand", "CloudEvent", "Cluster", "Domain",
    "GuestNetwork", "Host", "ImageStore", "Instance", "InventoryObject", "ManagementServer", "Offering",
    "PhysicalNetwork", "Pod", "Project", "PublicRange", "RawAnswer", "ScopedManager", "ScopedQuerySet",
    "StoragePool", "Sync", "SyncLease", "SystemVm", "Template", "VirtualRouter", "Volume", "Zone",
]  # fmt: skip
