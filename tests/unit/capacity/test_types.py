from __future__ import annotations

import pytest

from monitoring.capacity.collect import Reading, _reading
from monitoring.capacity.thresholds import NAMES, _values
from monitoring.capacity.types import ALWAYS_SHOWN, TYPES, Unit, type_of


def test_every_type_that_cloudstack_documents_is_known() -> None:
    assert set(TYPES) == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 19, 20, 21, 90}
    assert len(ALWAYS_SHOWN) == 8


def test_number_never_met_is_shown_as_cloudstack_names_it() -> None:
    made_up = type_of(42, "QUANTUM_BITS")
    assert (made_up.number, made_up.label, made_up.unit) == (42, "QUANTUM_BITS", Unit.COUNT)
    assert type_of(43).label == "type 43"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"type": 0, "name": "MEMORY", "capacityused": 10, "capacitytotal": 100, "capacityallocated": 15},
            (0, 10, 100, 5),
        ),
        ({"type": 0, "capacityused": 10, "capacitytotal": 100}, (0, 10, 100, 0)),
        ({"type": "1", "capacityused": "10", "capacitytotal": "100.0"}, (1, 10, 100, 0)),
        ({"type": 3, "capacityused": 10, "capacitytotal": 100, "capacityallocated": 5}, (3, 10, 100, 0)),
        ({"type": 0, "capacitytotal": 100}, None),
        ({"type": 0, "capacityused": None, "capacitytotal": 100}, None),
        ({"type": 0, "capacityused": "many", "capacitytotal": 100}, None),
        ({"capacityused": 1, "capacitytotal": 100}, None),
    ],
)
def test_row_of_list_capacity(row: dict[str, object], expected: tuple[int, int, int, int] | None) -> None:
    import uuid

    found: list[Reading] = list(_reading("zone", uuid.UUID(int=1), row))
    assert [(r.type_number, r.used, r.total, r.reserved) for r in found] == ([expected] if expected else [])


def test_only_thresholds_that_mean_something_are_taken() -> None:
    name = "cluster.memory.allocated.capacity.disablethreshold"
    assert name in NAMES
    rows = [{"name": name, "value": value} for value in ("0.85", "0", "1", "1.5", "-1", "", "x", None)]
    rows.append({"name": "cluster.threshold.enabled", "value": "0.5"})
    assert list(_values({"configuration": rows})) == [(name, 0.85), (name, 1.0)]
