"""Zones as host strips: one query for the hosts of all zones, whatever their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _

from monitoring.health.reading import Summary
from portal.web import figures
from provisioning.accounts.models import User
from provisioning.inventory.models import Cloud, Host, Pod, SystemVm, Zone

# Left to right on the strip, and the order of the words below it.
STRIP_ORDER = ("good", "working", "attention", "bad", "held", "neutral")
WORD_ORDER = ("good", "bad", "attention", "working", "held", "neutral")


@dataclass(frozen=True)
class Word:
    """How many hosts (or system VMs) are in one state."""

    number: int
    state: str
    group: str
    icon: str


@dataclass(frozen=True)
class ZoneStrip:
    zone: Zone
    pods: int
    hosts: int
    strip: Sequence[tuple[str, int]]
    words: Sequence[Word]
    system_vms: Sequence[Word]
    verdict: str
    verdict_group: str


def host_group(state: str, resource_state: str) -> tuple[str, str, str]:
    """What a host is shown as: group, word and icon. Trouble with the agent wins over what was done on purpose, and
    that wins over Up: a host in maintenance is not simply Up."""
    group = figures.state_group(state, "hosts")
    if group in ("good", "neutral") and resource_state:
        other = figures.state_group(resource_state, "resource-state")
        if other not in ("good", "neutral"):
            return other, resource_state, figures.state_icon(resource_state, "resource-state")
    return group, state or _("Unknown"), figures.state_icon(state, "hosts")


def zones(user: User, cloud: Cloud, health: Summary) -> list[ZoneStrip]:
    """Every zone that `user` may see, with its hosts by state. Four queries."""
    rows = list(Zone.objects.for_user(user).present().filter(cloud=cloud).order_by("name", "id"))
    pods = dict(_counted(Pod, user, cloud))
    states: dict[int | None, Counter[tuple[str, str, str]]] = {}
    for zone_id, state, resource_state, number in (
        Host.objects.for_user(user).present().filter(cloud=cloud)
        .values_list("zone_id", "state", "resource_state").annotate(number=Count("id")).order_by()
    ):  # fmt: skip
        states.setdefault(zone_id, Counter())[host_group(state, resource_state)] += number
    vms: dict[int | None, list[Word]] = {}
    for zone_id, state, number in (
        SystemVm.objects.for_user(user).present().filter(cloud=cloud)
        .values_list("zone_id", "state").annotate(number=Count("id")).order_by("state")
    ):  # fmt: skip
        group = figures.state_group(state, "system-vms")
        if group in ("bad", "attention"):
            vms.setdefault(zone_id, []).append(Word(number, state, group, figures.state_icon(state, "system-vms")))
    return [
        _zone(zone, pods.get(zone.pk, 0), states.get(zone.pk, Counter()), vms.get(zone.pk, []), health, cloud)
        for zone in rows
    ]


def _counted(model: type[Pod], user: User, cloud: Cloud) -> list[tuple[int, int]]:
    counted = model.objects.for_user(user).present().filter(cloud=cloud).values_list("zone_id")
    return list(counted.annotate(number=Count("id")).order_by())


def _zone(
    zone: Zone, pods: int, states: Counter[tuple[str, str, str]], vms: Sequence[Word], health: Summary, cloud: Cloud
) -> ZoneStrip:
    by_group: Counter[str] = Counter()
    for (group, _word, _icon), number in states.items():
        by_group[group] += number
    words = [
        Word(number, word, group, icon)
        for (group, word, icon), number in sorted(
            states.items(), key=lambda pair: (WORD_ORDER.index(pair[0][0]), -pair[1], pair[0][1])
        )
    ]
    verdict, verdict_group = _verdict(zone, states, health, cloud)
    return ZoneStrip(
        zone, pods, sum(states.values()), [(group, by_group[group]) for group in STRIP_ORDER], words, vms, verdict,
        verdict_group,
    )  # fmt: skip


def _verdict(zone: Zone, states: Counter[tuple[str, str, str]], health: Summary, cloud: Cloud) -> tuple[str, str]:
    """What is said of the zone's data plane. Not looked at lately is unknown, never fine."""
    here = health.zones.get(zone.uuid)
    if here and here.data_plane_hurt:
        return _("Data plane hurt"), "bad"
    if here and here.management_plane_hurt:
        return _("Management plane hurt"), "bad"
    if cloud.state not in {Cloud.State.OK, Cloud.State.NEW}:
        return _("As last seen"), "neutral"  # the cloud does not answer: what the strip shows is memory
    if health.is_stale or health.data_plane == "neutral":
        return _("Not looked at lately") if health.evaluated_at else _("Not looked at yet"), "neutral"
    if zone.state and figures.state_group(zone.state, "zones") == "held":
        return zone.state, "held"
    if here and here.lacks_redundancy:
        return _("No redundancy"), "attention"
    if here and here.warning:
        return _("Data plane impaired"), "attention"
    if not states:
        return _("No hosts"), "neutral"
    return _("Data plane fine"), "good"
