"""Zones, pods, clusters and how many hosts of which state each holds: four queries, whatever the size of the cloud.

Tree, heat map and badges are all drawn from this, so that they cannot disagree.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from portal.web import figures
from portal.web.inventory.overview_zones import WORD_ORDER, Word, host_group
from provisioning.accounts.models import User
from provisioning.inventory.models import Cloud, Cluster, Host, Pod, ScopedQuerySet, Zone

States = Counter[tuple[str, str, str]]


@dataclass
class Place:
    """A zone, pod or cluster. `states` counts its hosts by (group, word, icon)."""

    kind: str
    pk: int
    uuid: uuid.UUID
    name: str
    state: str
    above: Place | None = None
    inside: list[Place] = field(default_factory=list)
    states: States = field(default_factory=Counter)
    network_type: str = ""

    @property
    def key(self) -> str:
        """How the address and the page name it."""
        return f"{self.kind}.{self.uuid}"

    @property
    def hosts(self) -> int:
        return sum(self.states.values())

    @property
    def words(self) -> list[Word]:
        return words_of(self.states)


def words_of(states: States, *, but_good: bool = False) -> list[Word]:
    """States with their numbers, most telling first."""
    ranked = sorted(states.items(), key=lambda pair: (WORD_ORDER.index(pair[0][0]), -pair[1], pair[0][1]))
    return [Word(n, word, group, icon) for (group, word, icon), n in ranked if not (but_good and group == "good")]


def groups_of(states: States) -> Counter[str]:
    found: Counter[str] = Counter()
    for (group, _word, _icon), number in states.items():
        found[group] += number
    return found


@dataclass
class Frame:
    """The cloud's places. `stray` are hosts that name no zone we know."""

    cloud: Cloud
    zones: list[Place]
    by_key: dict[str, Place]
    stray: int

    @property
    def hosts(self) -> int:
        return sum(zone.hosts for zone in self.zones) + self.stray

    @property
    def states(self) -> States:
        found: States = Counter()
        for zone in self.zones:
            found.update(zone.states)
        return found

    def clusters(self, at: Place | None = None) -> Iterable[Place]:
        """Clusters of the cloud, or inside `at`, in the order of the tree."""
        for place in [at] if at else self.zones:
            yield from _clusters(place)


def _clusters(place: Place) -> Iterable[Place]:
    if place.kind == "clusters":
        yield place
    for inside in place.inside:
        yield from _clusters(inside)


def read_frame(user: User, cloud: Cloud) -> Frame:
    """Places and host counts as `user` may see them."""
    by_key: dict[str, Place] = {}
    zones = _places("zones", Zone.objects.for_user(user), cloud, ("network_type",))
    pods = _places("pods", Pod.objects.for_user(user), cloud, ("zone_id",))
    clusters = _places("clusters", Cluster.objects.for_user(user), cloud, ("zone_id", "pod_id"))
    by_pk = {
        "zones": {place.pk: place for place, _more in zones},
        "pods": {place.pk: place for place, _more in pods},
        "clusters": {place.pk: place for place, _more in clusters},
    }
    for place, more in zones:
        place.network_type = str(more[0] or "")
    for place, (zone_id,) in pods:
        _hang(place, by_pk["zones"].get(zone_id or 0))
    for place, (zone_id, pod_id) in clusters:
        _hang(place, by_pk["pods"].get(pod_id or 0) or by_pk["zones"].get(zone_id or 0))
    stray = _count_hosts(user, cloud, by_pk)
    for rows in (zones, pods, clusters):
        for place, _more in rows:
            by_key[place.key] = place
            place.inside.sort(key=natural)
    return Frame(cloud, sorted((place for place, _more in zones), key=natural), by_key, stray)


def natural(place: Place) -> list[object]:
    """C2 before C10."""
    return figures.natural_key(place.name)


def _places(kind: str, rows: ScopedQuerySet, cloud: Cloud, more: Sequence[str]) -> list[tuple[Place, list[Any]]]:
    values = rows.present().filter(cloud=cloud).values_list("id", "uuid", "name", "state", *more)
    return [(Place(kind, pk, uid, name, state), rest) for pk, uid, name, state, *rest in values.order_by("name", "id")]


def _hang(place: Place, above: Place | None) -> None:
    if above is not None:
        place.above = above
        above.inside.append(place)


def _count_hosts(user: User, cloud: Cloud, by_pk: dict[str, dict[int, Place]]) -> int:
    stray = 0
    counted = (
        Host.objects.for_user(user).present().filter(cloud=cloud)
        .values_list("zone_id", "pod_id", "cluster_id", "state", "resource_state")
        .annotate(number=Count("id")).order_by()
    )  # fmt: skip
    for zone_id, pod_id, cluster_id, state, resource_state, number in counted:
        place = (
            by_pk["clusters"].get(cluster_id or 0) or by_pk["pods"].get(pod_id or 0) or by_pk["zones"].get(zone_id or 0)
        )
        if place is None:
            stray += number
        seen = host_group(state, resource_state)
        while place is not None:
            place.states[seen] += number
            place = place.above
    return stray
