"""Clusters and hosts: added, listed, changed, removed.

Maintenance and reconnection are beside the operating commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provisioning.simulator import net
from provisioning.simulator.commands.physical import only
from provisioning.simulator.commands.zones import contains, enabled_or_not, exactly
from provisioning.simulator.errors import ApiError, invalid, runtime_error, server_error
from provisioning.simulator.registry import background, command
from provisioning.simulator.responses import VERSION
from provisioning.simulator.views import cluster_view, host_view, host_view_min, tags_of

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

# What one simulated machine has unless a seed says otherwise.
CORES, MHZ, MEMORY_BYTES = 4, 8000, 8 * 2**30
# Agents of a cluster that is managed again are only looked for by the next scan.
SCAN_SECONDS = 90.0
MINIMAL = {"min"}


@command("addCluster")
def add_cluster(ctx: Ctx, p: Params) -> Result:
    """A cluster; it keeps its own copy of the over-provisioning factors from now on."""
    zone, pod, name = p.the("zoneid"), p.the("podid"), p.text("clustername")
    if pod["zoneid"] != zone.uuid:
        raise invalid(f"Pod {pod.uuid} is not valid for the zone {zone.uuid}")
    hypervisor = p.text("hypervisor")
    if not hypervisor:
        raise invalid("Please specify a hypervisor")
    if p.text("clustertype", "CloudManaged") not in ("CloudManaged", "ExternalManaged"):
        raise invalid("Unable to resolve " + p.text("clustertype") + " to a supported cluster type")
    if ctx.state.table("cluster").find(podid=pod.uuid, name=name) is not None:
        error = runtime_error(f"Unable to create cluster {name} in pod and data center with specified ids")
        error.uuids = [{"uuid": pod.uuid, "description": "podId"}, {"uuid": zone.uuid, "description": "dcId"}]
        raise error
    cluster = ctx.state.add(
        "cluster",
        name=name,
        podid=pod.uuid,
        zoneid=zone.uuid,
        hypervisortype=hypervisor,
        clustertype=p.text("clustertype", "CloudManaged"),
        allocationstate=enabled_or_not(p) or "Enabled",
        managedstate="Managed",
        cpuovercommitratio=ctx.sim.setting("cpu.overprovisioning.factor") or "1.0",
        memoryovercommitratio=ctx.sim.setting("mem.overprovisioning.factor") or "1.0",
        arch=p.text("arch", "x86_64"),
    )
    return ctx.listing("cluster", [cluster], cluster_view)


@command("updateCluster", refs={"id": "cluster"})
def update_cluster(ctx: Ctx, p: Params) -> Result:
    """Change name or states; unmanaged, its hosts disconnect, and managed again they wait for the next scan."""
    cluster = p.the("id")
    changed: dict[str, Any] = {}
    if p.has("clustername"):
        other = ctx.state.table("cluster").find(podid=cluster["podid"], name=p.str("clustername"))
        if other is not None and other is not cluster:
            raise runtime_error(
                f"Unable to update cluster: a cluster with the name {p.str('clustername')} exists in the pod"
            )
        changed["name"] = p.str("clustername")
    state = enabled_or_not(p)
    if state is not None:
        changed["allocationstate"] = state
    if p.has("hypervisor"):
        changed["hypervisortype"] = p.str("hypervisor")
    managed = p.str("managedstate")
    if managed is not None:
        if managed not in ("Managed", "Unmanaged"):
            raise invalid(f"Unable to resolve Managed State '{managed}' to a supported state")
        if managed != cluster["managedstate"]:
            changed["managedstate"] = managed
            for host in ctx.state.table("host").where(clusterid=cluster.uuid):
                if managed == "Unmanaged":
                    host.set(state="Disconnected", _reconnect_at=None)
                else:
                    host.set(_reconnect_at=ctx.now + SCAN_SECONDS)
    cluster.set(**changed)
    return {"cluster": cluster_view(cluster, ctx)}


@command("deleteCluster", refs={"id": "cluster"})
def delete_cluster(ctx: Ctx, p: Params) -> Result:
    """Remove an empty cluster."""
    cluster = p.the("id")
    if ctx.state.table("host").where(clusterid=cluster.uuid):
        raise runtime_error(f"Cluster: {cluster.dbid} cannot be removed. Cluster still has hosts")
    if ctx.state.table("pool").where(clusterid=cluster.uuid):
        raise runtime_error(f"Cluster: {cluster.dbid} cannot be removed. Cluster still has storage pools")
    ctx.state.remove(cluster)
    return {"success": True}


@command("listClusters", refs={"id": "cluster"})
def list_clusters(ctx: Ctx, p: Params) -> Result:
    """Clusters of a zone or pod."""
    return ctx.listing("cluster", find_clusters(ctx, p), cluster_view)


def find_clusters(ctx: Ctx, p: Params) -> list[Obj]:
    rows = exactly(
        only(p, ctx, "cluster", "podid"), p, "name", "allocationstate", "managedstate", "clustertype", "arch"
    )
    if p.has("hypervisor"):
        rows = [cluster for cluster in rows if cluster["hypervisortype"].lower() == p.text("hypervisor").lower()]
    return contains(rows, p, "name", "hypervisortype")


# -- hosts ----------------------------------------------------------------------------------------------------------
@command("addHost")
def add_host(ctx: Ctx, p: Params) -> Result:
    """A host.  The simulated hypervisor takes the same URL twice, KVM finds the machine in its database."""
    zone, pod, url = p.the("zoneid"), p.obj("podid"), p.text("url")
    cluster = p.obj("clusterid")
    if cluster is None and p.has("clustername") and pod is not None:
        cluster = ctx.state.table("cluster").find(podid=pod.uuid, name=p.str("clustername"))
    if pod is None or pod["zoneid"] != zone.uuid:
        raise invalid(f"Can't find pod with specified podId {p.str('podid')}")
    if cluster is None:
        raise invalid("Can't find cluster by id or name: a cluster must be given")
    hypervisor = p.text("hypervisor")
    known = hypervisor.lower() == cluster["hypervisortype"].lower()
    parts = urlsplit(url)
    if not known or parts.scheme not in ("http", "https") or hypervisor.lower() not in ("simulator", "kvm"):
        raise server_error(f"Unable to add the host: Cannot find the server resources at {url}")
    if hypervisor.lower() == "kvm":
        host = new_kvm_host(ctx.sim, zone, pod, cluster, parts.hostname or "", url)
    else:
        host = new_host(ctx.sim, cluster, url=url)
    host.set(hosttags=",".join(sorted(p.list("hosttags"))) or None)
    if p.text("allocationstate").lower() in ("disable", "disabled"):
        host.set(resourcestate="Disabled")
    return ctx.listing("host", [host], host_view)


def new_host(sim: Simulator, cluster: Obj, *, url: str = "", **fields: Any) -> Obj:
    """One simulated machine in a cluster; its name is random and its address from the pod's subnet, repeating as
    chance wants.
    """
    state = sim.state
    pod = state.table("pod").need(cluster["podid"])
    number = state.next_dbid("host")
    dice = net.chance(sim, "host", number)
    gateway = net.ip(pod["gateway"])
    base = {
        "name": f"SimulatedAgent.{state.new_uuid('agent', number)}",
        "ipaddress": net.dotted((gateway & 0xFFFFFF00) + dice.randint(2, 30)),
        "cpunumber": CORES,
        "cpuspeed": MHZ,
        "memorytotal": MEMORY_BYTES,
        **fields,
    }
    return state.add(
        "host",
        state="Up",
        type="Routing",
        zoneid=cluster["zoneid"],
        podid=cluster["podid"],
        clusterid=cluster.uuid,
        hypervisor=cluster["hypervisortype"],
        resourcestate="Enabled",
        version=VERSION,
        url=url,
        **base,
    )


def new_kvm_host(sim: Simulator, zone: Obj, pod: Obj, cluster: Obj, name: str, url: str) -> Obj:
    """A KVM machine is told by its address: a second one with the same is refused."""
    guid = net.name_uuid(name)
    for other in sim.state.table("host").where(zoneid=zone.uuid):
        if other.get("guid") == guid and not sim.faults.accepts_twice({"url": url}):
            raise server_error(
                "Unable to add the host: can't setup agent, due to "
                "com.cloud.utils.exception.CloudRuntimeException: Skipping "
                f"host {name} because GUID is already in the database: {guid} - GUID: {guid}-LibvirtComputingResource"
            )
    try:
        net.ip(name)
        address = name
    except ValueError:
        address = net.dotted((net.ip(pod["gateway"]) & 0xFFFFFF00) + net.chance(sim, "kvm", name).randint(2, 250))
    return new_host(sim, cluster, url=url, name=name, ipaddress=address, guid=guid)


@command("deleteHost", refs={"id": "host"})
def delete_host(ctx: Ctx, p: Params) -> Result:
    """Remove a host that is in maintenance, or any when forced: its VMs then stop."""
    host = p.the("id")
    if host.removed_at is not None:
        raise invalid(f"Host with ID [{host.uuid}] was not found")
    forced = p.flag("forced")
    if host["resourcestate"] not in ("Maintenance", "Disabled") and not forced and host["state"] != "Alert":
        raise runtime_error(
            f"Host with UUID [{host.uuid}] is not in maintenance mode and no forced deletion was requested."
        )
    for kind in ("vm", "router", "sysvm"):
        for vm in [vm for vm in ctx.state.all(kind) if vm.get("hostid") == host.uuid]:
            if not forced:
                raise runtime_error(
                    f"Host with UUID [{host.uuid}] has VMs running on it and no forced deletion was requested."
                )
            vm.set(state="Stopped", hostid=None, lasthostid=None)
    ctx.state.remove(host)
    return {"success": True}


@command("listHosts", refs={"id": "host"})
def list_hosts(ctx: Ctx, p: Params) -> Result:
    """Hosts, system VMs' agents among them unless a type is asked for."""
    view = host_view_min if set(p.list("details")) == MINIMAL else host_view
    return ctx.listing("host", find_hosts(ctx, p), view, cacheable=False)


def find_hosts(ctx: Ctx, p: Params) -> list[Obj]:
    rows = exactly(only(p, ctx, "host", "podid", "clusterid"), p, "type", "state", "resourcestate", "hypervisor")
    if p.has("ids"):
        rows = [host for host in rows if host.uuid in p.list("ids")]
    if p.has("name"):
        rows = [host for host in rows if host["name"] == p.str("name")]
    if p.has("arch"):
        rows = [
            host
            for host in rows
            if (ctx.state.get("cluster", host.get("clusterid")) or {"arch": ""})["arch"] == p.str("arch")
        ]
    tag = p.str("hosttag") or p.str("tags")
    if tag is not None:
        rows = [host for host in rows if tag in tags_of(host)]
    if p.flag("hahost"):
        ha = ctx.sim.setting("ha.tag")
        rows = [host for host in rows if ha and ha in tags_of(host)]
    managed = p.obj("managementserverid")
    if managed is not None:
        rows = [host for host in rows if host["state"] == "Up" and managed is ctx.sim.management_server()]
    keyword = p.str("keyword")
    if keyword is not None:
        rows = contains(rows, p, "name", "state", "type")
    return rows


@command("listHostTags")
def list_host_tags(ctx: Ctx, p: Params) -> Result:
    """Every tag of every host."""
    rows = [
        {"id": net.name_uuid(f"{host.uuid}{tag}"), "name": tag, "hostid": host.uuid, "isimplicit": False}
        for host in ctx.state.all("host")
        for tag in tags_of(host)
    ]
    return ctx.listing("hosttag", rows)


@background(60.0, aligned=True)
def collect_statistics(sim: Simulator) -> None:
    """Figures of hosts and pools appear with the first collection after they were added."""
    for host in sim.state.all("host"):
        if host["state"] == "Up" and host["type"] == "Routing" and not host.get("_measured"):
            host.set(_measured=True)
    for pool in sim.state.all("pool"):
        if not pool.get("_measured"):
            pool.set(_measured=True)


@background(1.0)
def reconnect_hosts(sim: Simulator) -> None:
    """Bring hosts back whose time has come, unless their cluster is unmanaged."""
    now = sim.scheduler.now()
    for host in sim.state.table("host").where(state="Disconnected"):
        due = host.get("_reconnect_at")
        if due is not None and now >= due:
            cluster = sim.state.get("cluster", host.get("clusterid"))
            if cluster is None or cluster["managedstate"] == "Managed":
                host.set(state="Up", _reconnect_at=None, disconnected=None, _gpus=host.get("hypervisor") == "Simulator")


def need_routing(host: Obj) -> Obj:
    """Refuse an agent of a system VM where a hypervisor host is meant."""
    if host["type"] != "Routing":
        raise ApiError(431, 4350, f"Host {host.uuid} is not a hypervisor host")
    return host
