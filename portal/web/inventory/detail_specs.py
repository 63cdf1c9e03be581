"""What each kind's page leads to: the lists of what stands on it, belongs to it or uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from portal.web.inventory.tables import TABLES
from portal.web.table_spec import Column, Viewer
from provisioning.inventory.kinds import KINDS


@dataclass(frozen=True)
class Related:
    """A list on an object's page. `key` is the filter of the full list that says the same, if it has one."""

    slug: str
    rows: Callable[[Any], Q]
    key: str = ""


def _by(path: str) -> Callable[[Any], Q]:
    return lambda obj: Q(**{path: obj.pk})


def _list(slug: str, path: str, key: str = "") -> Related:
    return Related(slug, _by(path), key or path)


def _of_owner(path: str) -> tuple[Related, ...]:
    return tuple(_list(slug, path) for slug in ("instances", "volumes", "networks"))


RELATED: dict[str, tuple[Related, ...]] = {
    "zones": tuple(
        _list(slug, "zone")
        for slug in ("pods", "clusters", "hosts", "instances", "storage-pools", "image-stores", "system-vms", "routers",
                     "networks", "physical-networks", "public-ranges", "volumes")
    ),
    "pods": (
        _list("clusters", "pod"), _list("hosts", "pod"), Related("instances", _by("host__pod"), "pod"),
        _list("storage-pools", "pod"), _list("system-vms", "pod"), _list("routers", "pod"),
    ),
    "clusters": (
        _list("hosts", "cluster"), Related("instances", _by("host__cluster"), "cluster"),
        _list("storage-pools", "cluster"), Related("system-vms", _by("host__cluster"), "cluster"),
        Related("routers", _by("host__cluster"), "cluster"),
    ),
    "hosts": (
        _list("instances", "host"), _list("system-vms", "host"), _list("routers", "host"),
        Related("storage-pools", lambda host: Q(cluster=host.cluster_id) if host.cluster_id else Q(pk__in=[])),
    ),
    "storage-pools": (
        _list("volumes", "storage_pool"),
        Related("hosts", lambda pool: Q(cluster=pool.cluster_id) if pool.cluster_id else Q(zone=pool.zone_id)),
    ),
    "image-stores": (
        Related("system-vms", lambda store: Q(zone=store.zone_id, vm_type__iexact="secondarystoragevm")),
    ),
    "physical-networks": (_list("networks", "physical_network"), _list("public-ranges", "physical_network")),
    "networks": (
        Related("instances", lambda network: Q(network_cloudstack_ids__contains=network.cloudstack_id,
                                               cloud=network.cloud_id)),
        _list("routers", "network"),
    ),
    "management-servers": (
        Related("hosts", lambda server: Q(management_server_cloudstack_id=server.cloudstack_id)),
    ),
    "offerings": (_list("instances", "offering"), _list("volumes", "offering")),
    "templates": (_list("instances", "template"),),
    "domains": (
        _list("domains", "parent"), _list("accounts", "domain"), _list("projects", "domain"), *_of_owner("domain"),
    ),
    "accounts": (*_of_owner("account"), _list("routers", "account"), _list("templates", "account")),
    "projects": _of_owner("project"),
    "instances": (
        _list("volumes", "instance"),
        Related("networks", lambda instance: Q(cloud=instance.cloud_id, cloudstack_id__in=[
            one for one in instance.network_cloudstack_ids.split(",") if one])),
    ),
}  # fmt: skip


def related_of(slug: str, viewer: Viewer) -> list[Related]:
    """The lists of a kind's page that this person may see."""
    return [
        item
        for item in RELATED.get(slug, ())
        if viewer.sees_infrastructure or KINDS[item.slug].model.scope != "infrastructure"
    ]


@dataclass(frozen=True)
class Parts:
    """A kind's columns by where they stand on its page."""

    states: list[Column]
    up: list[Column]
    meters: list[Column]
    facts: list[Column]


_ELSEWHERE = frozenset({
    "name", "tags", "state_since", "changed", "created", "first_seen", "gone", "cloudstack_id",
})  # fmt: skip
_COUNTS = "_count"


def parts_of(slug: str, viewer: Viewer) -> Parts:
    """Every column of the kind's list has its place on the page, too: one declaration, no second truth."""
    parts = Parts([], [], [], [])
    for column in TABLES[slug].columns:
        if column.key in _ELSEWHERE or (column.members == "hide" and not viewer.sees_infrastructure):
            continue
        if column.cell == "state":
            parts.states.append(column)
        elif column.cell in {"link", "tenant"}:
            parts.up.append(column)
        elif column.cell == "fill":
            parts.meters.append(column)
        elif not (column.key.endswith(_COUNTS) and column.key != "cpu_count" and column.key != "agent_count"):
            parts.facts.append(column)
    return parts
