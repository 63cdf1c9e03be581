"""Recorded answers as rows; and answers as no CloudStack should give them, which must not break a sync."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.inventory.mapping import catalogue, common
from provisioning.inventory.sync.columns import columns_of
from provisioning.inventory.sync.specs import SPECS, Source, Spec

RECORDED = [
    json.loads(line) for line in (Path(__file__).parents[1] / "cloudstack/data/recorded.jsonl").read_text().splitlines()
]
SOURCES = [(spec, source) for spec in SPECS.values() for source in spec.sources]


def recorded(source: Source) -> list[dict[str, Any]]:
    return [
        row for exchange in RECORDED
        if exchange["command"] == source.command and exchange["status"] == 200 and isinstance(exchange["body"], dict)
        for row in next(iter(exchange["body"].values())).get(source.key, [])
    ]  # fmt: skip


@pytest.mark.parametrize(("spec", "source"), SOURCES, ids=[f"{s.slug}-{source.command}" for s, source in SOURCES])
def test_recorded_rows_fit_their_columns(spec: Spec, source: Source) -> None:
    rows = recorded(source)
    if not rows:
        assert source.command in ("listIsos", "listProjects", "listNetworkOfferings")
    for row in rows:
        mapped = source.map(row)
        names = {field.name for field in spec.model._meta.concrete_fields}
        assert set(mapped.fields) <= names and set(mapped.metrics) <= names
        assert set(mapped.refs) == set(spec.links)
        assert not set(mapped.fields) & set(mapped.metrics)
        assert mapped.fields["name"]
        assert spec.metrics is None or spec.metrics(row) == mapped.metrics
        # Figures that change at every look must be outside the digest, else every sync writes them.
        assert not mapped.metrics or spec.volatile
        columns_of(spec.model).values({**mapped.fields, **mapped.metrics})


def one(command: str, **wanted: Any) -> dict[str, Any]:
    source = next(source for _spec, source in SOURCES if source.command == command)
    return next(row for row in recorded(source) if all(row.get(name) == value for name, value in wanted.items()))


def mapped(slug: str, row: dict[str, Any], source: int = 0) -> common.Mapped:
    return SPECS[slug].sources[source].map(row)


def test_a_recorded_host() -> None:
    row = mapped("hosts", one("listHosts", type="Routing"))
    assert row.fields["state"] == "Up" and row.fields["resource_state"] == "Enabled"
    assert row.fields["cpu_cores"] == 4 and row.fields["cpu_total_mhz"] == 32000
    assert row.fields["memory_total_bytes"] == 8 * 2**30
    assert row.metrics["cpu_used_percent"] == 0.0 and row.metrics["network_read_kib"] == 32768
    assert row.fields["cloudstack_created_at"] == datetime(2026, 11, 23, 0, 20, 55, tzinfo=UTC)
    assert row.refs["cluster"] and "lastpinged" in SPECS["hosts"].volatile


def test_recorded_places_and_ranges() -> None:
    pod = mapped("pods", one("listPods"))
    assert (pod.fields["start_ip"], pod.fields["end_ip"]) == ("172.16.15.2", "172.16.15.200")
    assert mapped("clusters", one("listClusters")).fields["cpu_overcommit_ratio"] == 1.0
    public = mapped("public-ranges", one("listVlanIpRanges"))
    assert public.fields["name"] == "192.168.2.2 – 192.168.2.200" and public.fields["vlan"] == "vlan://50"
    assert mapped("physical-networks", one("listPhysicalNetworks")).fields["segment_ranges"] == "100-200"


def test_a_recorded_account_and_its_limits() -> None:
    account = mapped("accounts", one("listAccounts", name="admin"))
    assert account.fields["limits"]["vm"] == {"limit": None, "used": 0, "available": None}
    assert account.fields["limits"]["secondarystorage"]["used"] == 0
    assert set(account.fields["limits"]) >= {"vm", "cpu", "memory", "primarystorage", "ip", "network", "gpu"}


def test_an_instance_of_an_account_and_one_of_a_project() -> None:
    row = mapped("instances", one("listVirtualMachines", name="web-1"))
    assert row.refs["account"] == f"{row.refs['domain']}/acme-dev" and row.refs["project"] == ""
    assert common.owner_refs({"projectid": "p", "domainid": "d"}) == {"domain": "d", "account": "", "project": "p"}


@pytest.mark.parametrize(
    ("uri", "segment"),
    [
        ("vlan://176", ("vlan", 176)),
        ("vxlan://5001", ("vxlan", 5001)),
        ("vlan://untagged", ("vlan", None)),
        ("pvlan://100-i200", ("pvlan", 100)),
        ("VLAN://9", ("vlan", 9)),
        ("", ("", None)),
        ("rubbish", ("", None)),
    ],
)
def test_segments(uri: str, segment: tuple[str, int | None]) -> None:
    assert common.segment(uri) == segment


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), ("1.56%", 1.56), ("23.54 GB", 23.54), ("19.14", 19.14), ("1,024", 1024.0), ("Unlimited", None),
     (None, None), (True, None), ("", None), ([], None)],
)  # fmt: skip
def test_numbers(value: object, number: float | None) -> None:
    assert common.number({"n": value}, "n") == number


def test_templates_are_one_row_with_all_their_zones() -> None:
    rows = [
        {"id": "t", "name": "T", "zoneid": "b", "isready": False, "status": "30% Downloaded",
         "downloaddetails": [{"downloadState": "DOWNLOAD_IN_PROGRESS"}]},
        {"id": "t", "name": "T", "zoneid": "a", "isready": True, "status": "Download Complete"},
    ]  # fmt: skip
    merged = catalogue.merge_zones(rows)
    assert merged == catalogue.merge_zones(rows[::-1]) or [row["zones"] for row in merged] == [
        row["zones"] for row in catalogue.merge_zones(rows[::-1])
    ]
    row = catalogue.template(merged[0])
    assert [zone["zone_id"] for zone in row.fields["zones"]] == ["a", "b"]
    assert row.fields["state"] == "DOWNLOAD_IN_PROGRESS" and row.fields["status_text"] == "30% Downloaded"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(("spec", "source"), SOURCES, ids=[f"{s.slug}-{source.command}" for s, source in SOURCES])
def test_no_answer_breaks_a_mapping(spec: Spec, source: Source) -> None:
    fields = sorted({name for row in recorded(source) for name in row} | {"nic", "tags", "owner", "ipranges", "zones"})

    @given(st.dictionaries(st.sampled_from(fields), ANYTHING, max_size=8))
    def anything(raw: dict[str, Any]) -> None:
        raw.pop("zones", None)
        row = source.map(raw)
        columns_of(spec.model).values({**row.fields, **row.metrics})
        if spec.metrics:
            spec.metrics(raw)

    anything()
