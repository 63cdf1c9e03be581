"""What an account uses and may use: the seventeen resource types, their counts, limits and refusals.

Counts are computed from the objects, so they cannot drift; limits that somebody set are objects of kind ``limit``
(``ownerid`` of an account or domain, ``resourcetype``, ``max``); the rest comes from the ``max.account.*`` settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioning.simulator.errors import ApiError

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

GIB = 2**30
GONE_VM_STATES = frozenset({"Destroyed", "Expunging", "Error"})
ROOT_ADMIN_TYPE = 1


@dataclass(frozen=True)
class Resource:
    """One resource type: CloudStack's number and name, its field in answers, its settings, its unit's bytes."""

    number: int
    name: str
    field: str
    setting: str
    fallback: int
    unit: int = 1


RESOURCES = (
    Resource(0, "user_vm", "vm", "user.vms", 20),
    Resource(1, "public_ip", "ip", "public.ips", 20),
    Resource(2, "volume", "volume", "volumes", 20),
    Resource(3, "snapshot", "snapshot", "snapshots", 20),
    Resource(4, "template", "template", "templates", 20),
    Resource(5, "project", "project", "projects", 10),
    Resource(6, "network", "network", "networks", 20),
    Resource(7, "vpc", "vpc", "vpcs", 20),
    Resource(8, "cpu", "cpu", "cpus", 40),
    Resource(9, "memory", "memory", "memory", 40960),
    Resource(10, "primary_storage", "primarystorage", "primary.storage", 200, GIB),
    Resource(11, "secondary_storage", "secondarystorage", "secondary.storage", 400, GIB),
    Resource(12, "backup", "backup", "backups", 20),
    Resource(13, "backup_storage", "backupstorage", "backup.storage", 400, GIB),
    Resource(14, "bucket", "bucket", "buckets", 20),
    Resource(15, "object_storage", "objectstorage", "object.storage", 400, GIB),
    Resource(16, "gpu", "gpu", "gpus", 20),
)
BY_NAME = {resource.name: resource for resource in RESOURCES}
BY_NUMBER = {resource.number: resource for resource in RESOURCES}
# The order in which accounts, domains and projects show them.
SHOWN = (
    "user_vm",
    "public_ip",
    "volume",
    "snapshot",
    "backup",
    "backup_storage",
    "template",
    "project",
    "network",
    "vpc",
    "cpu",
    "memory",
    "gpu",
    "primary_storage",
    "secondary_storage",
    "bucket",
    "object_storage",
)


def vm_size(sim: Simulator, vm: Obj) -> tuple[int, int, int]:
    """Cores, MHz per core and MiB of a VM (a custom offering's values are the VM's own)."""
    offering = sim.state.table("serviceoffering").need(vm["serviceofferingid"])
    return (
        int(vm.get("cpunumber") or offering.get("cpunumber") or 1),
        int(vm.get("cpuspeed") or offering.get("cpuspeed") or 0),
        int(vm.get("memory") or offering.get("memory") or 0),
    )


def counts(sim: Simulator, account_id: str) -> dict[str, int]:
    """What an account uses by resource name; storage in bytes, memory in MiB."""
    state = sim.state
    used = dict.fromkeys((resource.name for resource in RESOURCES), 0)
    for vm in state.table("vm").where(accountid=account_id):
        if vm["state"] in GONE_VM_STATES:
            continue
        cores, _, memory = vm_size(sim, vm)
        used["user_vm"] += 1
        used["cpu"] += cores
        used["memory"] += memory
    for volume in state.table("volume").where(accountid=account_id):
        if volume["state"] not in ("Destroy", "Expunging", "Expunged"):
            used["volume"] += 1
            used["primary_storage"] += int(volume["size"])
    for snapshot in state.table("snapshot").where(accountid=account_id):
        used["snapshot"] += 1
        used["secondary_storage"] += int(snapshot.get("physicalsize") or 0)
    used["public_ip"] = state.table("ip").count(accountid=account_id)
    used["network"] = state.table("network").count(accountid=account_id)
    used["template"] = sum(
        1 for t in state.all("template") if t.get("accountid") == account_id and t.get("templatetype") == "USER"
    )
    used["project"] = sum(1 for p in state.all("project") if p.get("ownerid") == account_id)
    used["vpc"] = state.table("vpc").count(accountid=account_id)
    return used


def counter(ctx: Ctx) -> Callable[[str], dict[str, int]]:
    """``counts`` that are made once a call, however many domains sum them up."""
    kept: dict[str, dict[str, int]] = ctx.__dict__.setdefault("_counts", {})

    def count(account_id: str) -> dict[str, int]:
        if account_id not in kept:
            kept[account_id] = counts(ctx.sim, account_id)
        return kept[account_id]

    return count


def own_limit(sim: Simulator, owner_id: str, resource: Resource) -> int | None:
    found = sim.state.table("limit").find(ownerid=owner_id, resourcetype=resource.number)
    return None if found is None else int(found["max"])


def limit(sim: Simulator, account: Obj, resource: Resource) -> int:
    """The account's limit in the resource's unit (storage in GiB), -1 for none.  Root admins have none."""
    own = own_limit(sim, account.uuid, resource)
    if own is not None:
        return own
    if account.get("accounttype") == ROOT_ADMIN_TYPE:
        return -1
    kind = "project" if account.get("accounttype") == 5 else "account"
    value = sim.setting(f"max.{kind}.{resource.setting}")
    return int(value) if value is not None else resource.fallback


def domain_limit(sim: Simulator, domain: Obj, resource: Resource) -> int:
    """A domain's limit in the resource's unit; ROOT has none."""
    own = own_limit(sim, domain.uuid, resource)
    if own is not None:
        return own
    if not domain.get("parentid"):
        return -1
    value = sim.setting(f"max.domain.{resource.setting}")
    return int(value) if value is not None else -1


def check(ctx: Ctx, account: Obj, **wanted: int) -> None:
    """Refuse with 535 what goes beyond the account's or a domain's limit; storage is asked in bytes, memory in MiB."""
    sim = ctx.sim
    used = counts(sim, account.uuid)
    domain = sim.state.table("domain").need(account["domainid"])
    for name, amount in wanted.items():
        resource = BY_NAME[name]
        most = limit(sim, account, resource)
        if most >= 0 and used[name] + amount > most * resource.unit:
            where = f"Account Name = {account['name']} in Domain Id = {domain.dbid}"
            raise ApiError(535, 9999, _too_much(name, where, "Account", most * resource.unit, used[name], amount))
        place: Obj | None = domain
        while place is not None:
            most = domain_limit(sim, place, resource)
            if most >= 0:
                total = domain_counts(sim, place)[name]
                if total + amount > most * resource.unit:
                    where = f"Domain Id = {place.dbid}"
                    raise ApiError(535, 9999, _too_much(name, where, "Domain", most * resource.unit, total, amount))
            place = sim.state.get("domain", place.get("parentid"))


def _too_much(name: str, where: str, whose: str, most: int, used: int, amount: int) -> str:
    return (
        f"Maximum amount of resources of Type = '{name}', tag = 'null' for {where} is exceeded: {whose} Resource "
        f"Limit = {most}, "
        f"Current {whose} Resource Amount = {used}, Current {whose} Resource Reservation = 0, Requested Resource "
        f"Amount = {amount}."
    )


def domain_counts(sim: Simulator, domain: Obj, of: Callable[[str], dict[str, int]] | None = None) -> dict[str, int]:
    """What all accounts of a domain and of those below use together."""
    path = str(domain["path"])
    total = dict.fromkeys((resource.name for resource in RESOURCES), 0)
    count = of or (lambda account_id: counts(sim, account_id))
    for other in sim.state.all("domain"):
        if other["path"] == path or str(other["path"]).startswith(path + "/"):
            for account in sim.state.table("account").where(domainid=other.uuid):
                for name, value in count(account.uuid).items():
                    total[name] += value
    return total


def shown(
    used: dict[str, int],
    most: Callable[[Resource], int],
    names: Iterable[str] = SHOWN,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The …limit, …total and …available fields; ``extra`` follows the templates, as accounts show their VMs there."""
    fields: dict[str, Any] = {}
    for name in names:
        resource = BY_NAME[name]
        top = most(resource)
        total: int | float = used[name]
        if resource.unit != 1:
            total = used[name] / resource.unit if name == "secondary_storage" else used[name] // resource.unit
        fields[f"{resource.field}limit"] = "Unlimited" if top < 0 else str(top)
        fields[f"{resource.field}total"] = total
        fields[f"{resource.field}available"] = "Unlimited" if top < 0 else str(top - total)
        if name == "template" and extra:
            fields.update(extra)
    return fields
