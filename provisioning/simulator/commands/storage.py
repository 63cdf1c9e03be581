"""Primary storage pools and image stores: added, listed, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provisioning.simulator import net
from provisioning.simulator.commands.physical import only
from provisioning.simulator.commands.zones import contains, exactly
from provisioning.simulator.errors import invalid, runtime_error, server_error
from provisioning.simulator.registry import command
from provisioning.simulator.views import new_pool_view, pool_view, tags_of

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

POOL_BYTES = 2**40
POOL_TYPES = {
    "nfs": "NetworkFilesystem", "networkfilesystem": "NetworkFilesystem", "file": "Filesystem", "rbd": "RBD",
    "sharedmountpoint": "SharedMountPoint", "iscsi": "Iscsi", "clvm": "CLVM", "gluster": "Gluster",
    "presetup": "PreSetup",
    "vmfs": "VMFS", "ocfs2": "OCFS2", "smb": "SMB", "linstor": "Linstor", "powerflex": "PowerFlex",
    "storpool": "StorPool",
}  # fmt: skip


@command("createStoragePool")
def create_pool(ctx: Ctx, p: Params) -> Result:
    """A primary storage pool of a cluster or of a whole zone; its id follows from host and path."""
    zone, url = p.the("zoneid"), p.text("url")
    cluster = p.obj("clusterid")
    pod = p.obj("podid")
    scope = p.text("scope", "CLUSTER").upper()
    if scope not in ("CLUSTER", "ZONE", "HOST", "REGION"):
        raise invalid(f"invalid scope for pool {p.str('scope')}")
    if scope == "CLUSTER" and (cluster is None or pod is None):
        raise invalid(
            "Cluster-wide primary storage needs a pod and a cluster: "
            f"{'podid' if pod is None else 'clusterid'} is missing"
        )
    if scope == "ZONE" and (cluster is not None or pod is not None):
        raise invalid("Zone-wide primary storage takes neither pod nor cluster")
    parts = urlsplit(url)
    kind = POOL_TYPES.get(parts.scheme.lower())
    if kind is None:
        raise server_error(
            f"Failed to add data store: No enum constant com.cloud.storage.Storage.StoragePoolType.{parts.scheme}"
        )
    # ``nfs://10.0.0.1:/path`` is the usual way to write it; the empty port is no port.
    host = parts.netloc.rpartition("@")[2].partition(":")[0]
    if not host or not parts.path:
        raise server_error("Failed to add data store: host or path is null, should be nfs://hostname/path")
    for other in ctx.state.all("pool"):
        if other["ipaddress"] == host and other["path"] == parts.path:
            owner = ctx.state.get("pod", other.get("podid"))
            number = owner.dbid if owner is not None else ""
            raise server_error(
                f"Failed to add data store: Storage pool {parts.path} already in use by another pod (id={number})"
            )
    place = {"clusterid": cluster.uuid} if cluster is not None else {"zoneid": zone.uuid}
    if not any(each["state"] == "Up" and each["type"] == "Routing" for each in ctx.state.table("host").where(**place)):
        where = cluster.dbid if cluster is not None else zone.dbid
        raise server_error(f"Failed to add data store: No host up to associate a storage pool with in cluster {where}")
    hypervisor = cluster["hypervisortype"] if cluster is not None else p.str("hypervisor")
    if scope == "ZONE" and not hypervisor:
        raise invalid("Missing parameter hypervisor. Hypervisor type is required to create zone wide primary storage.")
    pool = new_pool(
        ctx.sim, p.text("name"), zone, host, parts.path, kind, scope, str(hypervisor),
        podid=pod.uuid if pod is not None else None, clusterid=cluster.uuid if cluster is not None else None,
        tags=p.str("tags"), capacitybytes=p.int("capacitybytes") or POOL_BYTES, managed=p.flag("managed"),
        istagarule=p.flag("istagarule"),
    )  # fmt: skip
    return {"storagepool": new_pool_view(pool, ctx)}


def new_pool(
    sim: Simulator, name: str, zone: Obj, host: str, path: str, kind: str, scope: str, hypervisor: str, **fields: Any
) -> Obj:
    """A pool that is up."""
    return sim.state.add(
        "pool",
        uuid=net.name_uuid(host + path) if sim.state.get("pool", net.name_uuid(host + path)) is None else None,
        name=name,
        zoneid=zone.uuid,
        ipaddress=host,
        path=path,
        type=kind,
        state="Up",
        scope=scope,
        hypervisor=hypervisor,
        **{"capacitybytes": POOL_BYTES, "podid": None, "clusterid": None, "tags": None, **fields},
    )


@command("listStoragePools", refs={"id": "pool"})
def list_pools(ctx: Ctx, p: Params) -> Result:
    """Primary storage pools."""
    return ctx.listing("storagepool", find_pools(ctx, p), pool_view, cacheable=False)


def find_pools(ctx: Ctx, p: Params) -> list[Obj]:
    rows = exactly(only(p, ctx, "pool", "podid", "clusterid"), p, "name", "path", "ipaddress", "scope")
    if p.has("status") or p.has("state"):
        wanted = (p.str("status") or p.text("state")).lower()
        rows = [pool for pool in rows if pool["state"].lower() == wanted]
    host = p.obj("hostid")
    if host is not None:
        rows = [pool for pool in rows if pool["scope"] == "ZONE" or pool.get("clusterid") == host.get("clusterid")]
    return contains(rows, p, "name", "type")


@command("deleteStoragePool", refs={"id": "pool"})
def delete_pool(ctx: Ctx, p: Params) -> Result:
    """Remove a pool that is in maintenance and holds no volumes."""
    pool = p.the("id")
    if pool["state"] != "Maintenance" and not p.flag("forced"):
        raise server_error(f"Unable to delete storage due to it is not in Maintenance state, pool: {pool.uuid}")
    if any(
        volume["state"] not in ("Expunged", "Destroy")
        for volume in ctx.state.table("volume").where(storageid=pool.uuid)
    ):
        raise runtime_error(f"Cannot delete pool {pool['name']} as there are associated volumes for this pool")
    ctx.state.remove(pool)
    return {"success": True}


@command("listStorageTags")
def list_storage_tags(ctx: Ctx, p: Params) -> Result:
    """Every tag of every pool."""
    rows = [
        {"id": net.name_uuid(f"{pool.uuid}{tag}"), "name": tag, "poolid": pool.dbid}
        for pool in ctx.state.all("pool")
        for tag in tags_of(pool)
    ]
    return ctx.listing("storagetag", rows)


# -- image stores ---------------------------------------------------------------------------------------------------
def store_view(store: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "id": store.uuid,
        "zoneid": store.get("zoneid"),
        "zonename": ctx.state.name_of("zone", store.get("zoneid")),
        "name": store["name"],
        "url": store["url"],
        "protocol": store["protocol"],
        "providername": store["providername"],
        "scope": store["scope"],
        "readonly": store["readonly"],
        "disksizetotal": store.get("disksizetotal"),
        "disksizeused": store.get("disksizeused"),
        "hasannotations": False,
    }


@command("addImageStore")
def add_store(ctx: Ctx, p: Params) -> Result:
    """Secondary storage of a zone."""
    zone, url, provider = p.obj("zoneid"), p.text("url"), p.text("provider")
    if provider.upper() not in ("NFS", "SMB", "S3", "SWIFT", "SAMPLE"):
        raise invalid(f"can't find image store provider: {provider}")
    if provider.upper() in ("NFS", "SMB") and zone is None:
        raise invalid("Zone id must be given for NFS and SMB image stores")
    scheme = urlsplit(url).scheme
    if provider.upper() == "NFS" and scheme != "nfs":
        raise invalid(f"{url} is not a valid uri")
    name = p.str("name") or url
    if ctx.state.table("imagestore").find(name=name) is not None:
        raise invalid(f"The image store with name {name} already exists, try creating with another name")
    store = new_store(ctx.sim, name, zone, url, provider)
    return {"imagestore": store_view(store, ctx)}


def new_store(sim: Simulator, name: str, zone: Obj | None, url: str, provider: str = "NFS") -> Obj:
    """An image store, and the built-in templates on their way into it."""
    return sim.state.add(
        "imagestore",
        name=name,
        zoneid=zone.uuid if zone is not None else None,
        url=url,
        protocol=urlsplit(url).scheme or "nfs",
        providername=provider,
        scope="ZONE" if zone is not None else "REGION",
        readonly=False,
    )


@command("updateImageStore", refs={"id": "imagestore"})
def update_store(ctx: Ctx, p: Params) -> Result:
    """Rename a store or set it read-only."""
    store = p.the("id")
    changed: dict[str, Any] = {}
    if p.has("name"):
        changed["name"] = p.str("name")
    if p.has("readonly"):
        changed["readonly"] = p.flag("readonly")
    store.set(**changed)
    return {"imagestore": store_view(store, ctx)}


@command("deleteImageStore", refs={"id": "imagestore"})
def delete_store(ctx: Ctx, p: Params) -> Result:
    """Remove a store without snapshots or user templates on it."""
    store = p.the("id")
    if any(each.get("zoneid") == store.get("zoneid") for each in ctx.state.all("snapshot")):
        raise runtime_error("Cannot delete image store with active snapshots backup!")
    ctx.state.remove(store)
    return {"success": True}


@command("listImageStores", refs={"id": "imagestore"})
def list_stores(ctx: Ctx, p: Params) -> Result:
    """Image stores; they have no state."""
    rows = exactly(only(p, ctx, "imagestore"), p, "name", "protocol")
    if p.has("provider"):
        rows = [store for store in rows if store["providername"].lower() == p.text("provider").lower()]
    if p.has("readonly"):
        rows = [store for store in rows if store["readonly"] == p.flag("readonly")]
    return ctx.listing("imagestore", contains(rows, p, "name"), store_view)
