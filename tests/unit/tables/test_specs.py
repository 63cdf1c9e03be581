"""The declarations of all lists hold together."""

from __future__ import annotations

import pytest

from portal.web.cells import DRAWERS
from portal.web.inventory.detail_specs import RELATED
from portal.web.inventory.export_views import flat
from portal.web.inventory.tables import RECORDS, TABLES
from portal.web.inventory.tables.segments import SEGMENTS
from portal.web.inventory.tables.visibility import shaped
from provisioning.inventory.kinds import KINDS
from provisioning.spreadsheet import safe_cell

ALL = [*TABLES.values(), *RECORDS.values(), SEGMENTS]


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.slug)
def test_keys_are_unique_and_the_usual_order_exists(spec):
    keys = [column.key for column in spec.columns]
    assert len(keys) == len(set(keys))
    filters = [item.key for item in spec.filters]
    assert len(filters) == len(set(filters))
    assert not set(filters) & {"sort", "cols", "after", "before", "per", "count", "cursor", "limit", "tab", "facet"}
    usual = spec.column(spec.sort.lstrip("-"))
    assert usual is not None and usual.sort
    assert all(column.cell in DRAWERS or column.cell == "text" for column in spec.columns)


def test_every_kind_has_a_list():
    assert set(TABLES) == set(KINDS)
    assert {item.slug for items in RELATED.values() for item in items} <= set(KINDS)
    for items in RELATED.values():
        for item in items:
            assert not item.key or item.key in {one.key for one in TABLES[item.slug].filters}


def test_links_to_infrastructure_are_not_for_members():
    for spec in TABLES.values():
        for column in spec.columns:
            if column.cell == "link" and KINDS[column.target].model.scope == "infrastructure":
                assert column.members in {"hide", "text"}, (spec.slug, column.key)
        for item in spec.filters:
            model = getattr(item, "model", None)
            if model is not None and model.scope == "infrastructure":
                assert item.members == "hide", (spec.slug, item.key)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"])
def test_no_cell_begins_like_a_formula(value):
    assert safe_cell(value) == f"'{value}"


@pytest.mark.parametrize("value", ["web-1", "", -5, -1.5, 0, True, "a=b", "日本語"])
def test_other_cells_stay_as_they_are(value):
    assert safe_cell(value) == value


def test_exported_columns_do_not_depend_on_the_rows():
    for spec in ALL:
        for column in spec.columns:
            names = [name for name, _value in flat(column, None)]
            assert names and len(names) == len(set(names))


class _Viewer:
    def __init__(self, sees: bool) -> None:
        self.sees_infrastructure = sees


def test_members_do_not_read_where_things_are():
    answer = {"id": 1, "hostname": "h", "zonename": "z", "nic": [{"broadcasturi": "vlan://5", "ipaddress": "10.0.0.1"}],
              "host_id": 3, "Cluster": "c"}  # fmt: skip
    assert shaped(answer, _Viewer(True)) == answer
    assert shaped(answer, _Viewer(False)) == {"id": 1, "zonename": "z", "nic": [{"ipaddress": "10.0.0.1"}]}
