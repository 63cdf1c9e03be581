"""The commands that the product itself calls. The contract test demands that the simulator answers each as recorded."""

from __future__ import annotations

# Reading the cloud itself: registering it, its catalogue, its mirror.
PROBE = ("listApis", "listCapabilities", "listUsers")
INVENTORY = (
    "listAccounts",
    "listClusters",
    "listDiskOfferings",
    "listDomains",
    "listHosts",
    "listImageStores",
    "listIsos",
    "listManagementServers",
    "listNetworkOfferings",
    "listNetworks",
    "listPhysicalNetworks",
    "listPods",
    "listProjects",
    "listRouters",
    "listServiceOfferings",
    "listStoragePools",
    "listSystemVms",
    "listTemplates",
    "listVirtualMachines",
    "listVlanIpRanges",
    "listVolumes",
    "listZones",
)
RECORDS = ("listAlerts", "listAsyncJobs", "listEvents", "queryAsyncJobResult")
MONITORING = ("listCapacity", "listConfigurations")
# Key pairs of tenants, when the demo is made.
TENANT_KEYS = ("getUserKeys", "registerUserKeys")

CALLED_BY_THE_PRODUCT: frozenset[str] = frozenset({*PROBE, *INVENTORY, *RECORDS, *MONITORING, *TENANT_KEYS})
