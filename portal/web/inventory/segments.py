"""Segment ids of physical networks: ranges, what is used, what is left, how long that lasts.

Pure but for the two queries of `maps_of`. A range is inclusive at both ends, as CloudStack writes it ("100-200").
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.utils import timezone

from provisioning.inventory import models as m

BUCKETS = 240
GROWTH_DAYS = 30
HISTORY_DAYS = 14
"""Under this much history a growth rate is a guess, and none is given."""
NOTIFY_SHARE = 0.75
"""CloudStack's default of zone.vlan.capacity.notificationthreshold."""
RUNWAY_WARNING_DAYS = 60
_RANGE = re.compile(r"^\s*(\d{1,10})\s*(?:-\s*(\d{1,10}))?\s*$")
_VLAN = re.compile(r"(\d{1,10})$")

Range = tuple[int, int]


def parse_ranges(text: str) -> list[Range]:
    """ "100-200,300" → [(100, 200), (300, 300)], sorted and merged; pieces that are no range are left out."""
    found = []
    for piece in (text or "").replace(";", ",").split(","):
        match = _RANGE.match(piece)
        if match:
            start, end = int(match[1]), int(match[2] or match[1])
            if start <= end:
                found.append((start, end))
    merged: list[Range] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def vlan_id(text: str) -> int | None:
    """The id in "vlan://50" or "50"; None for untagged."""
    match = _VLAN.search(text or "")
    return int(match[1]) if match else None


@dataclass
class Bucket:
    """A piece of the strip: ids `start` to `end`, how many of them are used, and the worst thing in it."""

    start: int
    end: int
    x: float = 0.0
    width: float = 0.0
    used: int = 0
    tone: str = "free"  # free, q1 to q5 by share, attention, bad

    @property
    def label(self) -> str:
        return str(self.start) if self.start == self.end else f"{self.start}–{self.end}"


@dataclass
class SegmentMap:
    """One physical network's ids."""

    physical_network: m.PhysicalNetwork
    ranges: list[Range]
    total: int
    used: int
    outside: int
    twice: set[int] = field(default_factory=set)
    buckets: list[Bucket] = field(default_factory=list)
    growth_per_day: float | None = None
    """None: too little history to say."""

    @property
    def free(self) -> int:
        return self.total - self.used

    @property
    def share(self) -> float | None:
        return self.used / self.total if self.total else None

    @property
    def runway_days(self) -> int | None:
        """Days until no id is left at the growth of the last 30 days; None when it does not grow or is not known."""
        if not self.total or self.growth_per_day is None or self.growth_per_day <= 0:
            return None
        return int(self.free / self.growth_per_day)

    @property
    def runs_out(self) -> bool:
        days = self.runway_days
        low = self.share is not None and self.share >= NOTIFY_SHARE
        return low or (days is not None and days <= RUNWAY_WARNING_DAYS)


def contains(ranges: list[Range], number: int) -> bool:
    at = bisect_right(ranges, (number, 2**63)) - 1
    return at >= 0 and ranges[at][0] <= number <= ranges[at][1]


def draw_buckets(ranges: list[Range], used: set[int], bad: set[int]) -> list[Bucket]:
    """The strip: one piece an id while there is room, else equal pieces; x and width in percent."""
    total = sum(end - start + 1 for start, end in ranges)
    if not total:
        return []
    step = max(1, -(-total // BUCKETS))
    buckets = [
        Bucket(first, min(first + step - 1, end)) for start, end in ranges for first in range(start, end + 1, step)
    ]
    starts = [bucket.start for bucket in buckets]
    for number in used:
        at = bisect_right(starts, number) - 1
        if at >= 0 and number <= buckets[at].end:
            buckets[at].used += 1
            if number in bad:
                buckets[at].tone = "bad"
    done = 0
    for bucket in buckets:
        size = bucket.end - bucket.start + 1
        bucket.x, bucket.width = done / total * 100, size / total * 100
        done += size
        if bucket.used and bucket.tone != "bad":
            share = bucket.used / size
            bucket.tone = next(
                f"q{level}" for level, top in ((1, 0.2), (2, 0.45), (3, 0.65), (4, 0.85), (5, 9)) if share < top
            )
    return buckets


def maps_of(cloud: m.Cloud, now: dt.datetime | None = None) -> list[SegmentMap]:
    """The map of every present physical network that carries guests; unreadable ranges are no ranges."""
    now = now or timezone.now()
    networks = m.PhysicalNetwork.objects.filter(cloud=cloud, gone_at__isnull=True).select_related("zone")
    used: dict[int | None, set[int]] = defaultdict(set)
    holders: dict[tuple[int | None, str, int], int] = defaultdict(int)
    zone_of: dict[int | None, int | None] = {}
    rows = m.GuestNetwork.objects.filter(cloud=cloud, gone_at__isnull=True, segment_id__isnull=False)
    for network, zone, kind, number in rows.values_list("physical_network_id", "zone_id", "segment_type", "segment_id"):
        used[network].add(number)
        zone_of[network] = zone
        holders[(zone, kind, number)] += 1
    twice_in: dict[int | None, set[int]] = defaultdict(set)
    for (zone, _kind, number), count in holders.items():
        if count > 1:
            twice_in[zone].add(number)
    growth = _growth(cloud, now)
    maps = []
    for physical in networks.order_by("zone__name", "name", "id"):
        ranges = parse_ranges(physical.segment_ranges)
        mine = used.get(physical.pk, set())
        if not ranges and not mine:
            continue
        inside = {number for number in mine if contains(ranges, number)}
        bad = twice_in.get(physical.zone_id, set()) & mine
        maps.append(
            SegmentMap(
                physical_network=physical,
                ranges=ranges,
                total=sum(end - start + 1 for start, end in ranges),
                used=len(inside),
                outside=len(mine) - len(inside),
                twice=bad,
                buckets=draw_buckets(ranges, inside, bad),
                growth_per_day=growth.get(physical.pk, 0.0) if growth is not None else None,
            )
        )
    return maps


def _growth(cloud: m.Cloud, now: dt.datetime) -> dict[int, float] | None:
    """Net new segment-holding networks a day, per physical network, over the last 30 days; None: too little history."""
    rows = m.GuestNetwork.objects.filter(cloud=cloud, segment_id__isnull=False, physical_network__isnull=False)
    first = (
        m.Sync.objects.filter(cloud=cloud, state=m.Sync.State.DONE)
        .order_by("created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    if first is None or (now - first).days < HISTORY_DAYS:
        return None
    days = min(GROWTH_DAYS, (now - first).days)
    since = now - dt.timedelta(days=days)
    counted = rows.order_by().values_list("physical_network_id").annotate(
        born=Count("pk", filter=Q(first_seen_at__gte=since) & ~Q(cloudstack_created_at__lt=since)),
        died=Count("pk", filter=Q(gone_at__gte=since)),
    )  # fmt: skip
    return {key: (born - died) / days for key, born, died in counted}
