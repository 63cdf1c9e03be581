"""The management side: servers, database, usage server, and the counts of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator.clock import iso
from provisioning.simulator.commands.physical import only
from provisioning.simulator.commands.zones import exactly
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.state import Obj

GIB = 2**30


def server_view(server: Obj, ctx: Ctx) -> dict[str, Any]:
    agents = [host.uuid for host in ctx.state.table("host").where(state="Up")]
    return {
        "id": server.uuid,
        "name": server["name"],
        "state": server["state"],
        "version": server["version"],
        "javadistribution": "Debian",
        "javaversion": "17",
        "osdistribution": "Debian GNU/Linux 12 (bookworm)",
        "lastserverstart": iso(server["lastserverstart"]),
        "lastserverstop": iso(server["lastserverstop"]),
        "lastboottime": iso(server["lastboottime"]),
        "serviceip": server["serviceip"],
        "ipaddress": server["ipaddress"],
        "lastagents": [],
        "agents": agents,
        "agentscount": len(agents),
        "pendingjobscount": ctx.state.table("job").count(status=0),
    }


@command("listManagementServers", refs={"id": "managementserver"})
def list_servers(ctx: Ctx, p: Params) -> Result:
    """Management servers with the agents that are connected to them."""
    rows = exactly(only(p, ctx, "managementserver"), p, "name", "version")
    return ctx.listing("managementserver", rows, server_view, cacheable=False)


@command("listManagementServersMetrics", refs={"id": "managementserver"})
def servers_metrics(ctx: Ctx, p: Params) -> Result:
    """Management servers with figures of their process; they grow with the objects and calls there are."""
    objects = sum(len(table) for table in ctx.state)
    uptime = max(1.0, ctx.now - ctx.sim.started_at)
    load = round(min(4.0, 60 * ctx.sim.calls.sequence / uptime / 600), 2)
    rows = [
        {
            "availableprocessors": 2,
            "agentcount": ctx.state.table("host").count(state="Up"),
            "sessions": len(ctx.sim.sessions),
            "heapmemoryused": 400 * 2**20 + objects * 4096,
            "heapmemorytotal": 2 * GIB,
            "threadsblockedcount": 0,
            "threadsdaemoncount": 20,
            "threadsrunnablecount": 10,
            "threadsteminatedcount": 0,
            "threadstotalcount": 300,
            "threadswaitingcount": 200,
            "systemmemorytotal": "16.00 GB",
            "systemmemoryfree": "8.00 GB",
            "systemmemoryvirtualsize": "6.00 GB",
            "loginfo": "",
            "systemtotalcpucycles": 4000.0,
            "systemloadaverages": [load, load, load],
            "systemcycleusage": [int(uptime * 20), int(uptime * 4), int(uptime * 200)],
            "dbislocal": True,
            "usageislocal": False,
            "cpuload": f"{load * 25:.2f} %",
            "collectiontime": iso(ctx.now),
            "kernelversion": "6.1.0",
            **server_view(server, ctx),
        }
        for server in only(p, ctx, "managementserver")
    ]
    return ctx.listing("managementserver", rows)


@command("listDbMetrics")
def database_metrics(ctx: Ctx, p: Params) -> Result:
    """Figures of the database."""
    uptime = max(1, int(ctx.now - ctx.sim.made_at))
    per_second = round(ctx.sim.calls.sequence * 12 / uptime, 1)
    metrics = {
        "collectiontime": iso(ctx.now),
        "hostname": "localhost",
        "replicas": ["localhost", "localhost"],
        "connections": 90 + ctx.state.table("job").count(status=0),
        "uptime": uptime,
        "version": "10.11-MariaDB",
        "versioncomment": "Debian 12",
        "queries": ctx.sim.calls.sequence * 12 + uptime * 4,
        "dbloadaverages": [per_second, per_second, per_second],
    }
    return {"dbMetrics": metrics}


@command("listUsageServerMetrics")
def usage_metrics(ctx: Ctx, p: Params) -> Result:
    """No usage server runs here, and the answer says so."""
    return {
        "usageMetrics": {
            "collectiontime": iso(ctx.now),
            "hostname": "N/A",
            "state": "Down",
            "lastsuccessfuljob": iso(0.0),
        }
    }


@command("listInfrastructure")
def infrastructure(ctx: Ctx, p: Params) -> Result:
    """How many there are of everything."""
    state = ctx.state

    def count(kind: str) -> int:
        return len(state.table(kind))

    return {
        "infrastructure": {
            "zones": count("zone"),
            "pods": count("pod"),
            "clusters": count("cluster"),
            "hosts": sum(1 for host in state.all("host") if host["type"] == "Routing"),
            "storagepools": count("pool"),
            "imagestores": count("imagestore"),
            "backuprepositories": 0,
            "objectstores": 0,
            "systemvms": count("sysvm"),
            "routers": count("router"),
            "ilbvms": 0,
            "cpusockets": 0,
            "managementservers": count("managementserver"),
            "alerts": sum(1 for alert in state.all("alert") if not alert["archived"]),
        }
    }


@command("readyForShutdown")
def ready_for_shutdown(ctx: Ctx, p: Params) -> Result:
    """What still holds a management server."""
    server = p.obj("managementserverid") or ctx.sim.management_server()
    pending = ctx.state.table("job").count(status=0)
    return {
        "readyforshutdown": {
            "managementserverid": server.uuid,
            "readyforshutdown": False,
            "shutdowntriggered": False,
            "maintenanceinitiated": False,
            "pendingjobscount": pending,
            "agentscount": ctx.state.table("host").count(state="Up"),
            "agents": [],
        }
    }
