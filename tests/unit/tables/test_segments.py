"""Ranges of segment ids and the strips drawn from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.inventory.segments import BUCKETS, SegmentMap, contains, draw_buckets, parse_ranges, vlan_id


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("", []),
        ("100-200", [(100, 200)]),
        ("300,100-200", [(100, 200), (300, 300)]),
        ("100-150,151-200", [(100, 200)]),
        ("100-180, 150-200", [(100, 200)]),
        ("200-100", []),
        ("abc,5", [(5, 5)]),
        ("1-2;7", [(1, 2), (7, 7)]),
        ("0-16777214", [(0, 16777214)]),
    ],
)
def test_ranges_as_cloudstack_writes_them(text, ranges):
    assert parse_ranges(text) == ranges


@pytest.mark.parametrize(("text", "number"), [("vlan://50", 50), ("50", 50), ("vlan://untagged", None), ("", None)])
def test_vlan_of_a_public_range(text, number):
    assert vlan_id(text) == number


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 400)), max_size=6), st.sets(st.integers(0, 6000)))
def test_strips_lose_no_id(pieces, used):
    ranges = parse_ranges(",".join(f"{start}-{start + length}" for start, length in pieces))
    inside = {number for number in used if contains(ranges, number)}
    buckets = draw_buckets(ranges, inside, set())
    assert sum(bucket.used for bucket in buckets) == len(inside)
    assert len(buckets) <= BUCKETS + len(ranges)
    if buckets:
        assert sum(bucket.width for bucket in buckets) == pytest.approx(100)
        assert all(bucket.used <= bucket.end - bucket.start + 1 for bucket in buckets)
        assert all((bucket.tone == "free") == (bucket.used == 0) for bucket in buckets)


def test_an_id_used_twice_colours_its_piece():
    (bucket,) = [one for one in draw_buckets([(100, 103)], {101, 102}, {102}) if one.tone == "bad"]
    assert (bucket.start, bucket.end) == (102, 102)


@pytest.mark.parametrize(
    ("total", "used", "growth", "days", "runs_out"),
    [
        (100, 10, 0.5, 180, False),
        (100, 10, 2.0, 45, True),
        (100, 80, None, None, True),
        (100, 10, None, None, False),
        (100, 10, -1.0, None, False),
        (100, 100, 1.0, 0, True),
        (0, 0, 1.0, None, False),
    ],
)
def test_runway(total, used, growth, days, runs_out):
    one = SegmentMap(physical_network=None, ranges=[], total=total, used=used, outside=0, growth_per_day=growth)
    assert (one.runway_days, one.runs_out) == (days, runs_out)
