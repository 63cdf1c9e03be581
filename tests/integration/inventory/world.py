"""A small cloud of consistent answers for the tiny CloudStack."""

from __future__ import annotations

import uuid
from typing import Any

from provisioning.inventory.models import Cloud
from tests.integration.cloudstack.tiny import KEY, TinyCloudStack

Row = dict[str, Any]
ROOT, ACME = "d-root", "d-acme"


def identity(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}"))


def host(number: int, **fields: Any) -> Row:
    return {
        "id": identity("host", number), "name": f"kvm-{number}", "state": "Up", "type": "Routing",
        "resourcestate": "Enabled", "zoneid": "z-1", "podid": "p-1", "clusterid": "c-1",
        "ipaddress": f"10.0.0.{number}",
        "hypervisor": "KVM", "cpunumber": 8, "cpuspeed": 2000, "cpuwithoverprovisioning": "16000",
        "cpuallocatedvalue": 500, "cpuused": "3.5%", "memorytotal": 8 * 2**30, "memoryallocatedbytes": 2**30,
        "memoryused": 2**29, "lastpinged": "1970-01-21T07:01:53+0000", "created": "2026-11-23T00:20:55+0000",
    } | fields  # fmt: skip


def instance(number: int, **fields: Any) -> Row:
    return {
        "id": identity("vm", number), "name": f"web-{number}", "displayname": f"web-{number}", "account": "acme-dev",
        "domainid": ACME, "domain": "acme", "state": "Running", "zoneid": "z-1", "hostid": identity("host", number % 4),
        "serviceofferingid": "so-1", "templateid": "t-1", "cpunumber": 1, "cpuspeed": 500, "memory": 512,
        "cpuused": "10%", "haenable": False, "hypervisor": "KVM", "instancename": f"i-2-{number}-VM", "tags": [],
        "nic": [{"networkid": "n-1", "networkname": "dev-net", "ipaddress": f"10.1.{number // 250}.{number % 250}",
                 "isdefault": True}],
        "created": "2026-11-23T00:23:02+0000", "password": "hunter2",
    } | fields  # fmt: skip


def volume(number: int, **fields: Any) -> Row:
    return {
        "id": identity("volume", number), "name": f"ROOT-{number}", "type": "ROOT", "size": 2**31, "state": "Ready",
        "account": "acme-dev", "domainid": ACME, "zoneid": "z-1", "virtualmachineid": identity("vm", number),
        "storageid": "sp-1", "deviceid": 0, "created": "2026-11-23T00:23:02+0000", "diskioread": 1,
    } | fields  # fmt: skip


def small(tiny: TinyCloudStack, hosts: int = 4, instances: int = 6) -> TinyCloudStack:
    """Fill `tiny`: one zone, pod and cluster, `hosts` hosts, `instances` instances with a volume each."""
    limits = {"vmlimit": "20", "vmtotal": instances, "vmavailable": "14", "cpulimit": "Unlimited", "cputotal": 6}
    tiny.lists = {
        "listManagementServers": ("managementserver", [{"id": "ms-1", "name": "ms", "state": "Up"}]),
        "listZones": ("zone", [{"id": "z-1", "name": "Zürich <b>1</b>", "allocationstate": "Enabled",
                                "networktype": "Advanced"}]),
        "listPods": ("pod", [{"id": "p-1", "name": "POD0", "zoneid": "z-1", "allocationstate": "Enabled",
                              "ipranges": [{"startip": "10.0.0.2", "endip": "10.0.0.9"}]}]),
        "listClusters": ("cluster", [{"id": "c-1", "name": "C0", "zoneid": "z-1", "podid": "p-1",
                                      "allocationstate": "Enabled", "managedstate": "Managed",
                                      "cpuovercommitratio": "2.0"}]),
        "listHosts": ("host", [
            *(host(number) for number in range(hosts)),
            {"id": "agent-1", "name": "s-1-VM", "type": "SecondaryStorageVM", "state": "Up"},
        ]),
        "listStoragePools": ("storagepool", [{"id": "sp-1", "name": "PS0", "zoneid": "z-1", "podid": "p-1",
                                              "clusterid": "c-1", "state": "Up", "disksizetotal": 2**40,
                                              "disksizeused": 0}]),
        "listImageStores": ("imagestore", [{"id": "is-1", "name": "SS0", "zoneid": "z-1", "url": "nfs://x/y"}]),
        "listPhysicalNetworks": ("physicalnetwork", [{"id": "pn-1", "name": "pnet", "zoneid": "z-1",
                                                      "state": "Enabled", "vlan": "100-200"}]),
        "listDomains": ("domain", [
            {"id": ACME, "name": "acme", "level": 1, "parentdomainid": ROOT, "path": "ROOT/acme", "state": "Active"},
            {"id": ROOT, "name": "ROOT", "level": 0, "path": "ROOT", "state": "Active"},
        ]),
        "listAccounts": ("account", [{"id": "a-1", "name": "acme-dev", "accounttype": 0, "domainid": ACME,
                                      "state": "enabled", **limits,
                                      "user": [{"id": "u-1", "apikey": KEY, "secretkey": "s3cret"}]}]),
        "listUsers": ("user", [{"id": "u-0", "username": "admin", "apikey": KEY, "rolename": "Root Admin",
                                "roletype": "Admin", "account": "admin"}]),
        "listServiceOfferings": ("serviceoffering", [
            {"id": "so-1", "name": "Small", "state": "Active", "cpunumber": 1, "memory": 512},
            {"id": "so-2", "name": "System", "state": "Active", "issystem": True},
        ]),
        "listTemplates": ("template", [
            {"id": "t-1", "name": "CentOS", "zoneid": "z-1", "isready": True, "status": "Download Complete",
             "account": "system", "domainid": ROOT, "ispublic": True},
            {"id": "t-1", "name": "CentOS", "zoneid": "z-2", "isready": False, "status": "30% Downloaded",
             "account": "system", "domainid": ROOT, "ispublic": True},
        ]),
        "listNetworks": ("network", [{"id": "n-1", "name": "dev-net", "zoneid": "z-1", "state": "Implemented",
                                      "account": "acme-dev", "domainid": ACME, "broadcasturi": "vlan://176",
                                      "physicalnetworkid": "pn-1", "type": "Isolated"}]),
        "listVlanIpRanges": ("vlaniprange", [{"id": "r-1", "zoneid": "z-1", "vlan": "vlan://50",
                                              "startip": "192.168.2.2", "endip": "192.168.2.9"}]),
        "listSystemVms": ("systemvm", [{"id": "s-1", "name": "s-1-VM", "systemvmtype": "secondarystoragevm",
                                        "zoneid": "z-1", "podid": "p-1", "hostid": identity("host", 0),
                                        "state": "Running", "hostcontrolstate": "Enabled"}]),
        "listRouters": ("router", [{"id": "vr-1", "name": "r-4-VM", "zoneid": "z-1", "state": "Running",
                                    "account": "acme-dev", "domainid": ACME, "guestnetworkid": "n-1",
                                    "hostid": identity("host", 1)}]),
        "listVirtualMachines": ("virtualmachine", [instance(number) for number in range(instances)]),
        "listVolumes": ("volume", [volume(number) for number in range(instances)]),
    }  # fmt: skip
    return tiny


def rows(tiny: TinyCloudStack, command: str) -> list[Row]:
    return tiny.lists[command][1]


def register(tiny: TinyCloudStack, name: str = "prod-eu", **fields: Any) -> Cloud:
    return Cloud.objects.create(name=name, api_url=tiny.url, api_key=KEY, secret_key=tiny.secret, **fields)
