"""The tree: cloud, zones, pods, clusters, hosts; storage, networks and system VMs beside the pods.

Folded rows say what trouble they hide. Hosts of a cluster and the objects of a group come when they are asked for,
except in a small cloud, where everything is open at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from portal.web import figures
from portal.web.inventory.hierarchy_frame import Frame, Place, groups_of
from portal.web.inventory.overview_zones import host_group
from provisioning.accounts.models import User
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Cloud, Host

OPEN_AT_ONCE = 60
CHILDREN_SHOWN = 60
MATCHES_SHOWN = 40
# What hangs below a zone beside its pods.
GROUPS = ("storage-pools", "image-stores", "physical-networks", "system-vms")
# What a kind's state is read from, where it is not its `state` alone.
_STATE_COLUMNS = {"hosts": ("state", "resource_state"), "image-stores": ("state", "is_readonly")}
SELECTABLE = ("zones", "pods", "clusters", "hosts", *GROUPS)


@dataclass
class Node:
    """One row. `children` None: a leaf; `lazy`: the key whose children are still to be fetched."""

    key: str
    name: str
    icon: str
    group: str = ""
    count: str = ""
    badges: Sequence[tuple[str, str, int]] = ()
    children: list[Node] | None = None
    lazy: str = ""
    is_open: bool = False
    is_at: bool = False
    is_selected: bool = False
    more: int = 0
    full_name: str = ""
    said: str = ""
    level: int = field(default=1)


def badges_of(groups: Counter[str]) -> list[tuple[str, str, int]]:
    """Trouble below a row as (group, icon, number): bad and attention; else what is held; else what is unknown."""
    for names in (("bad", "attention"), ("held",), ("neutral",)):
        found = [(name, figures.GROUP_ICONS[name], groups[name]) for name in names if groups[name]]
        if found:
            return found
    return []


def tree(user: User, frame: Frame, at: str, selected: str, path: set[str]) -> Node:
    """The whole tree. `at` is the place in the picture, `selected` what the drawer shows, `path` the rows to unfold.
    Six queries, and one more a small cloud or an unfolded cluster."""
    everything = frame.hosts <= OPEN_AT_ONCE
    beside = _beside(user, frame.cloud)
    root = Node("cloud", frame.cloud.name, "cloud", count=figures.count(frame.hosts), children=[], is_open=True,
                is_at=not at)  # fmt: skip
    wanted = [place for place in frame.clusters() if everything or place.key in path]
    hosts = _hosts(user, frame.cloud, [place.pk for place in wanted])
    groups = _group_children(user, frame, [key for key in path if key.count(".") == 2] if not everything else None)
    for zone in frame.zones:
        assert root.children is not None
        root.children.append(_zone(zone, beside, hosts, groups, everything, path))
    _finish(root, at, selected, 1)
    return root


def children(user: User, frame: Frame, key: str, level: int) -> list[Node]:
    """The rows below a cluster ("clusters.<uuid>") or a zone's group ("zones.<uuid>.storage-pools")."""
    place = frame.by_key.get(".".join(key.split(".")[:2]))
    if place is None:
        return []
    if place.kind == "clusters":
        rows = _host_nodes(_hosts(user, frame.cloud, [place.pk]).get(place.pk, []))
    else:
        rows = _group_children(user, frame, [key]).get(key, [])
    for row in rows:
        _finish(row, "", "", level)
    return rows


def matches(user: User, cloud: Cloud, text: str) -> tuple[list[Node], int]:
    """Objects whose name or address holds `text`, without their places; and how many more there are."""
    found: list[Node] = []
    more = 0
    for slug in SELECTABLE:
        kind = KINDS[slug]
        where = Q(name__icontains=text) | Q(cloudstack_id=text)
        if slug == "hosts":
            where |= Q(ip_address=text)
        rows = kind.model.objects.for_user(user).present().filter(cloud=cloud).filter(where).order_by("name", "id")
        columns = ("uuid", "name", *_STATE_COLUMNS.get(slug, ("state",)))
        taken = list(rows.values(*columns)[: MATCHES_SHOWN + 1])
        more += max(0, len(taken) - MATCHES_SHOWN)
        found += [_leaf(slug, row) for row in taken[:MATCHES_SHOWN]]
    for node in found:
        node.level = 1
        node.name = node.full_name
    return found, more


def _finish(node: Node, at: str, selected: str, level: int) -> None:
    node.level = level
    node.is_at = node.is_at or (bool(at) and node.key == at)
    node.is_selected = bool(selected) and node.key == selected
    for child in node.children or ():
        _finish(child, at, selected, level + 1)


def _zone(
    zone: Place, beside: dict[tuple[int, str], Counter[str]], hosts: dict[int, list[dict[str, Any]]],
    groups: dict[str, list[Node]], everything: bool, path: set[str],
) -> Node:  # fmt: skip
    node = _place(zone, hosts, everything, path)
    trouble = groups_of(zone.states)
    assert node.children is not None
    for slug in GROUPS:
        counts = beside.get((zone.pk, slug))
        if not counts:
            continue
        key = f"{zone.key}.{slug}"
        rows = groups.get(key)
        for name in ("bad", "attention"):
            trouble[name] += counts[name]
        node.children.append(
            Node(key, str(KINDS[slug].plural), KINDS[slug].icon, count=figures.count(sum(counts.values())),
                 badges=badges_of(counts), children=rows or [], is_open=rows is not None,
                 lazy="" if rows is not None else key)
        )  # fmt: skip
    node.badges = badges_of(trouble)
    node.is_open = everything or node.key in path
    return node


def _place(place: Place, hosts: dict[int, list[dict[str, Any]]], everything: bool, path: set[str]) -> Node:
    kind = KINDS[place.kind]
    held = place.state and figures.state_group(place.state, place.kind) == "held"
    node = Node(
        place.key, figures.short_name(place.name), kind.icon, count=figures.count(place.hosts), children=[],
        badges=badges_of(groups_of(place.states)), is_open=everything or place.key in path, full_name=place.name,
        said=place.state if held else "",
    )  # fmt: skip
    if place.kind == "clusters":
        if place.pk in hosts:
            node.children = _host_nodes(hosts[place.pk])
            node.more = max(0, place.hosts - len(node.children))
        elif place.hosts:
            node.lazy, node.is_open = place.key, False
        else:
            node.children, node.is_open = None, False
    else:
        node.children = [_place(inside, hosts, everything, path) for inside in place.inside]
    return node


def _hosts(user: User, cloud: Cloud, clusters: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {pk: [] for pk in clusters}
    if clusters:
        rows = Host.objects.for_user(user).present().filter(cloud=cloud, cluster_id__in=clusters).order_by("name", "id")
        for row in rows.values("uuid", "name", "state", "resource_state", "cluster_id"):
            found[row["cluster_id"]].append(row)
    return found


def _host_nodes(rows: Sequence[dict[str, Any]]) -> list[Node]:
    front = figures.shared_front(row["name"] for row in rows)
    nodes = [_leaf("hosts", row, front) for row in rows[:CHILDREN_SHOWN]]
    return nodes


def _leaf(slug: str, row: dict[str, Any], front: int = 0) -> Node:
    if slug == "hosts":
        group, word, icon = host_group(row["state"], row["resource_state"])
    else:
        word = _state_of(slug, row)
        group = figures.state_group(word, slug)
        icon = figures.state_icon(word, slug) if group in ("bad", "attention", "held") else KINDS[slug].icon
        group = group if group in ("bad", "attention", "held") else ""
    name = row["name"] or str(row["uuid"])
    return Node(f"{slug}.{row['uuid']}", figures.short_name(name, front), icon, group, full_name=name, said=word or "")


def _beside(user: User, cloud: Cloud) -> dict[tuple[int, str], Counter[str]]:
    """(zone, kind) → objects by group of states."""
    found: dict[tuple[int, str], Counter[str]] = {}
    for slug in GROUPS:
        rows = KINDS[slug].model.objects.for_user(user).present().filter(cloud=cloud)
        columns = ("zone_id", *_STATE_COLUMNS.get(slug, ("state",)))
        for row in rows.values(*columns).annotate(number=Count("id")).order_by():
            if row["zone_id"]:
                group = figures.state_group(_state_of(slug, row), slug)
                found.setdefault((row["zone_id"], slug), Counter())[group] += row["number"]
    return found


def _group_children(user: User, frame: Frame, keys: Iterable[str] | None) -> dict[str, list[Node]]:
    """Rows of zones' groups by key; of every group when `keys` is None."""
    found: dict[str, list[Node]] = {}
    wanted = None if keys is None else {tuple(key.rsplit(".", 1)) for key in keys}
    for slug in GROUPS:
        zones = {zone.pk: zone for zone in frame.zones if wanted is None or (zone.key, slug) in wanted}
        if not zones:
            continue
        rows = KINDS[slug].model.objects.for_user(user).present().filter(cloud=frame.cloud, zone_id__in=zones)
        columns = ("uuid", "name", "zone_id", *_STATE_COLUMNS.get(slug, ("state",)))
        for row in rows.order_by("name", "id").values(*columns):
            found.setdefault(f"{zones[row['zone_id']].key}.{slug}", []).append(_leaf(slug, row))
    return found


def _state_of(slug: str, row: dict[str, Any]) -> str:
    """CloudStack gives an image store no state; whether it is read-only is all that it says."""
    if slug == "image-stores" and not row["state"]:
        return "ReadOnly" if row["is_readonly"] else "Ready"
    return str(row["state"])
