"""The recording with every name, range, size and count changed, in a cloud that had another zone before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.mutate import Changed, changer, one_more_host
from tests.contract.replay import Outcome
from tests.contract.test_recorded import EXPLAINED, SEED

# What can't be told from a changed cloud: which hosts lie on a page, or have two letters in their random names.
BY_CHANCE = {("02-lists", 79), ("02-lists", 80), ("02-lists", 88)}


@pytest.fixture(scope="module")
def changed() -> Changed:
    replay = Changed(rewrite=changer("lab", 7), exact_counts=False, seed=SEED, after=one_more_host)
    replay.run_changed(changer("second", 60))
    return replay


def test_changed_exchanges_match(changed: Changed) -> None:
    """Nothing of the recording is needed for its answers: changed requests get answers changed in the same way."""
    assert not changed.sim.complaints, changed.sim.complaints[0]
    misses = [o for o in changed.misses() if (o.file, o.line) not in EXPLAINED and not by_chance(o)]
    assert not misses, "\n".join(map(str, misses))


def by_chance(outcome: Outcome) -> bool:
    """Another host on the page: it may lie elsewhere, and nothing else may differ."""
    places = (".zonename:", ".podname:", ".clustername:")
    return (outcome.file, outcome.line) in BY_CHANCE and all(
        any(p in reason for p in places) for reason in outcome.reasons
    )


def test_changed_requests_are_different_ones(changed: Changed) -> None:
    """The change reaches names, ranges, addresses, sizes and addresses of machines."""
    rewrite = changed.rewrite
    assert rewrite("Sandbox-simulator") != "Sandbox-simulator"
    assert rewrite("100-200") == "300-450"
    assert rewrite("172.16.15.2") == "10.23.15.2"
    assert rewrite("http://sim/c0/h0") == "http://lab/c0/h0"


def names(changed: Changed, command: str, key: str, **params: str) -> list[dict[str, Any]]:
    body = changed.as_admin(command, **params)
    rows: list[dict[str, Any]] = body[f"{command.lower()}response"].get(key, [])
    return rows


def test_counts_follow_what_was_built(changed: Changed) -> None:
    """Two first zones, the other two, and a neighbour for every host of the changed ones."""
    zones = names(changed, "listZones", "zone")
    first = next(zone for zone in zones if zone["name"] == changed.rewrite("Sandbox-simulator"))
    second = next(zone for zone in zones if zone["name"] == changer("second", 60)("Sandbox-simulator"))
    assert len(zones) == 5
    assert len(names(changed, "listHosts", "host", zoneid=first["id"], type="Routing")) == 8
    assert len(names(changed, "listHosts", "host", zoneid=second["id"], type="Routing")) == 4
    segments = changed.as_admin("listGuestVlans", zoneid=first["id"])["listguestvlansresponse"]["count"]
    assert segments == 151
    capacity = {row["type"]: row for row in names(changed, "listCapacity", "capacity", zoneid=first["id"])}
    assert capacity[0]["capacitytotal"] == 8 * 8 * 2**30
    assert capacity[7]["capacitytotal"] == 151
