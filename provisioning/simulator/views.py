"""How zones, pods, clusters, hosts and pools look in answers; several areas show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data
from provisioning.simulator.clock import iso
from provisioning.simulator.net import percent
from provisioning.simulator.responses import VERSION
from provisioning.simulator.usage import HostUsage, ledger, pool_allocated

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.state import Obj

HOST_EVENTS = {
    "Up": "HostDown; AgentConnected; AgentDisconnected; PingTimeout; ManagementServerDown; ShutdownRequested; Ping; "
    "StartAgentRebalance; Remove",
    "Disconnected": "AgentConnected; HostDown; AgentDisconnected; PingTimeout; ManagementServerDown; "
    "ShutdownRequested; "
    "Ping; Remove; WaitedTooLong",
    "Down": "AgentConnected; Remove; ManagementServerDown; Ping; HostDown",
    "Alert": "AgentConnected; HostDown; AgentDisconnected; Ping; ManagementServerDown; Remove",
}


def zone_view(zone: Obj, ctx: Ctx) -> dict[str, Any]:
    """A zone; addresses of name servers are for root admins."""
    shown: dict[str, Any] = {"id": zone.uuid, "name": zone["name"]}
    if ctx.is_admin:
        shown |= {
            "dns1": zone.get("dns1"),
            "dns2": zone.get("dns2"),
            "ip6dns1": zone.get("ip6dns1"),
            "ip6dns2": zone.get("ip6dns2"),
            "internaldns1": zone.get("internaldns1"),
            "internaldns2": zone.get("internaldns2"),
            "guestcidraddress": zone.get("guestcidraddress"),
        }
    shown |= {
        "description": zone.get("description"),
        "domain": zone.get("networkdomain"),
        "networktype": zone["networktype"],
        "securitygroupsenabled": zone["securitygroupsenabled"],
        "gputotal": sum(gpu_count(host) for host in ctx.state.table("host").where(zoneid=zone.uuid)),
        "gpuused": 0,
        "allocationstate": zone["allocationstate"],
        "zonetoken": zone["zonetoken"],
        "dhcpprovider": "VirtualRouter",
        "localstorageenabled": zone["localstorageenabled"],
        "tags": [],
        "allowuserspecifyvrmtu": False,
        "routerprivateinterfacemaxmtu": 1500,
        "routerpublicinterfacemaxmtu": 1500,
        "type": "Edge" if zone.get("isedge") else "Core",
        "isnsxenabled": False,
        "ismultiarch": len({c["arch"] for c in ctx.state.table("cluster").where(zoneid=zone.uuid)}) > 1,
        "asnrange": "",
        "routedmodeenabled": True,
        "hasannotations": False,
    }
    return shown


def pod_view(pod: Obj, ctx: Ctx) -> dict[str, Any]:
    ranges = [
        {"startip": r["startip"], "endip": r["endip"], "forsystemvms": r["forsystemvms"], "vlanid": r["vlanid"]}
        for r in pod["ipranges"]
    ]
    return {
        "id": pod.uuid,
        "name": pod["name"],
        "zoneid": pod["zoneid"],
        "zonename": ctx.state.name_of("zone", pod["zoneid"]),
        "gateway": pod["gateway"],
        "netmask": pod["netmask"],
        "ipranges": ranges,
        "startip": [r["startip"] for r in ranges],
        "endip": [r["endip"] for r in ranges],
        "forsystemvms": [r["forsystemvms"] for r in ranges],
        "vlanid": [r["vlanid"] for r in ranges],
        "allocationstate": pod["allocationstate"],
        "hasannotations": False,
    }


def cluster_view(cluster: Obj, ctx: Ctx) -> dict[str, Any]:
    state = ctx.state
    return {
        "id": cluster.uuid,
        "name": cluster["name"],
        "podid": cluster["podid"],
        "podname": state.name_of("pod", cluster["podid"]),
        "zoneid": cluster["zoneid"],
        "zonename": state.name_of("zone", cluster["zoneid"]),
        "hypervisortype": cluster["hypervisortype"],
        "clustertype": cluster["clustertype"],
        "allocationstate": cluster["allocationstate"],
        "managedstate": cluster["managedstate"],
        "cpuovercommitratio": cluster["cpuovercommitratio"],
        "memoryovercommitratio": cluster["memoryovercommitratio"],
        "resourcedetails": {
            "memoryOvercommitRatio": cluster["memoryovercommitratio"],
            "cpuOvercommitRatio": cluster["cpuovercommitratio"],
        },
        "arch": cluster["arch"],
        "hasannotations": False,
    }


def host_capacity(host: Obj, ctx: Ctx) -> dict[str, Any]:
    """What the host has, with its cluster's ratios, and what is promised."""
    cluster = ctx.state.table("cluster").need(host["clusterid"])
    cpu_ratio, memory_ratio = float(cluster["cpuovercommitratio"]), float(cluster["memoryovercommitratio"])
    usage = ctx.once("usage", lambda: ledger(ctx.sim).hosts(ctx.sim)).get(host.uuid) or HostUsage()
    mhz = host["cpunumber"] * host["cpuspeed"]
    memory = host["memorytotal"]
    allocated = percent(100 * usage.used_mhz / (mhz * cpu_ratio))
    return {
        "cpuallocated": allocated,
        "cpuallocatedvalue": usage.used_mhz,
        "cpuallocatedpercentage": allocated,
        "cpuallocatedwithoverprovisioning": allocated,
        "cpuwithoverprovisioning": f"{mhz * cpu_ratio:.0f}",
        "memorytotal": memory,
        "memorywithoverprovisioning": f"{memory * memory_ratio:.0f}",
        "memoryallocated": usage.used_memory_bytes,
        "memoryallocatedpercentage": percent(100 * usage.used_memory_bytes / (memory * memory_ratio)),
        "memoryallocatedbytes": usage.used_memory_bytes,
    }


def host_view(host: Obj, ctx: Ctx) -> dict[str, Any]:
    """A host with everything; a system VM's agent shows much less."""
    return _host(host, ctx, full=True)


def host_view_min(host: Obj, ctx: Ctx) -> dict[str, Any]:
    """A host as ``details=min`` shows it."""
    return _host(host, ctx, full=False)


def _host(host: Obj, ctx: Ctx, full: bool) -> dict[str, Any]:
    state = ctx.state
    routing = host["type"] == "Routing"
    connected = host["state"] in ("Up", "Connecting", "Rebalancing")
    server = ctx.sim.management_server()
    shown: dict[str, Any] = {
        "id": host.uuid,
        "name": host["name"],
        "state": host["state"],
        "disconnected": iso(host.get("disconnected")),
        "type": host["type"],
        "ipaddress": host["ipaddress"],
        "zoneid": host["zoneid"],
        "podid": host["podid"],
        "version": VERSION,
    }
    if full:
        shown |= {"zonename": state.name_of("zone", host["zoneid"]), "podname": state.name_of("pod", host["podid"])}
    if routing:
        shown |= {"hypervisor": host["hypervisor"], "cpunumber": host["cpunumber"], "cpuspeed": host["cpuspeed"]}
        shown |= {"capabilities": "hvm", "clusterid": host["clusterid"], "ueficapability": False}
    if routing and full:
        shown |= host_capacity(host, ctx)
        if host.get("_measured"):
            shown |= {
                "cpuused": "0%",
                "cpuloadaverage": 0.0,
                "networkkbsread": 32768,
                "networkkbswrite": 16384,
                "memoryused": 0,
            }
        if host.get("_gpus"):
            shown |= {"gpugroup": list(catalog_data.rows("simulator_gpus")), "gputotal": gpu_count(host), "gpuused": 0}
        cluster = state.table("cluster").need(host["clusterid"])
        shown |= {
            "clustername": cluster["name"],
            "clustertype": cluster["clustertype"],
            "hypervisorversion": VERSION,
            "hahost": bool(ctx.sim.setting("ha.tag")) and ctx.sim.setting("ha.tag") in tags_of(host),
            "arch": cluster["arch"],
            "hosttags": host.get("hosttags") or None,
            "istagarule": bool(host.get("istagarule")) if host.get("hosttags") else None,
            "explicithosttags": host.get("hosttags") or None,
        }
    else:
        shown |= {"memoryallocated": 0, "virtualmachineid": host.get("virtualmachineid")}
    shown |= {
        "lastpinged": iso(float(host.get("lastpinged") or host["created"]) / 1.024 / 1000),
        "managementserverid": server.uuid if connected else None,
        "managementservername": server["name"] if connected else None,
        "islocalstorageactive": False,
        "created": iso(host["created"]),
        "hostha": {"haenable": False, "hastate": "Disabled"},
        "outofbandmanagement": {"powerstate": "Disabled", "enabled": False},
        "resourcestate": host["resourcestate"],
        "hasannotations": False,
    }
    if full:
        shown["events"] = HOST_EVENTS.get(host["state"], "Remove")
    return shown


def gpu_count(host: Obj) -> int:
    """Virtual GPUs of a host; a simulated machine reports its cards when it connects again, not when it is added."""
    if not host.get("_gpus"):
        return 0
    return sum(int(kind["maxcapacity"]) for group in catalog_data.rows("simulator_gpus") for kind in group["vgpu"])


def tags_of(obj: Obj) -> list[str]:
    """Host or storage tags as a list."""
    return [tag.strip() for tag in str(obj.get("hosttags") or obj.get("tags") or "").split(",") if tag.strip()]


def pool_view(pool: Obj, ctx: Ctx) -> dict[str, Any]:
    """A pool as lists show it."""
    state = ctx.state
    shown = {
        "id": pool.uuid,
        "zoneid": pool["zoneid"],
        "zonename": state.name_of("zone", pool["zoneid"]),
        "podid": pool.get("podid"),
        "podname": state.name_of("pod", pool.get("podid")),
        "name": pool["name"],
        "ipaddress": pool["ipaddress"],
        "path": pool["path"],
        "created": iso(pool["created"]),
        "type": pool["type"],
        "clusterid": pool.get("clusterid"),
        "clustername": state.name_of("cluster", pool.get("clusterid")),
        "capacitybytes": pool["capacitybytes"],
        "disksizetotal": pool["capacitybytes"],
        "disksizeallocated": pool_allocated(ctx.sim, pool.uuid) + int(pool.get("_template_bytes", 0)),
        "disksizeused": int(pool.get("_used_bytes", 0)),
        "tags": pool.get("tags") or None,
        "istagarule": bool(pool.get("istagarule")),
        "state": pool["state"],
        "scope": pool["scope"],
        "overprovisionfactor": ctx.sim.setting("storage.overprovisioning.factor", pool) or "2.0",
        "hypervisor": pool["hypervisor"],
        "provider": "DefaultPrimary",
        "storagecapabilities": {"VOLUME_SNAPSHOT_QUIESCEVM": "false"},
        "managed": False,
        "details": {},
        "hasannotations": False,
    }
    shown["overprovisionfactor"] = str(float(str(shown["overprovisionfactor"])))
    if pool.get("_measured"):
        shown |= {"capacityiops": 1000000, "usediops": 500000}
    return shown


def new_pool_view(pool: Obj, ctx: Ctx) -> dict[str, Any]:
    """A pool as createStoragePool and its like answer: without what only lists add."""
    shown = pool_view(pool, ctx)
    for name in ("storagecapabilities", "details"):
        shown.pop(name)
    return shown
