"""The canonical form: the same bytes everywhere, and every column in it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.audit.canonical import FIELDS_V1, GENESIS, canonical, commitment, jcs, link, storable, timestamp
from provisioning.audit.models import AuditEvent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_every_column_is_sealed() -> None:
    columns = {field.name for field in AuditEvent._meta.concrete_fields}
    assert columns - set(FIELDS_V1) == {"id"}
    assert set(FIELDS_V1) <= columns


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # RFC 8785, section 3.2.2.3 and its appendix B
        (1e21, "1e+21"), (1e30, "1e+30"), (4.5, "4.5"), (2e-3, "0.002"), (1e-27, "1e-27"), (1e-7, "1e-7"),
        (333333333.33333329, "333333333.3333333"), (-0.0, "0"), (1.0, "1"), (9007199254740994.0, "9007199254740994"),
        ("\u20ac$\u000f\nA'B\"\\\\\"/", '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
         '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'),
        ([None, True, False], "[null,true,false]"),
    ],
)  # fmt: skip
def test_jcs_is_rfc_8785(value: object, text: str) -> None:
    assert jcs(value) == text


@given(JSON)
def test_what_is_storable_survives_json_unchanged(value: object) -> None:
    stored = storable(value)
    again = json.loads(json.dumps(stored))
    assert jcs(again) == jcs(stored)
    assert storable(stored) == stored
    assert "\x00" not in jcs(stored)
    jcs(stored).encode("utf-8")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        timestamp(dt.datetime(2026, 1, 1))
    berlin = dt.timezone(dt.timedelta(hours=1))
    assert timestamp(dt.datetime(2026, 1, 1, 1, tzinfo=berlin)) == "2026-01-01T00:00:00.000000Z"


def test_an_unknown_format_version_is_refused() -> None:
    with pytest.raises(ValueError, match="format version 2"):
        canonical({"format_version": 2})


def test_links_and_commitments_depend_on_everything() -> None:
    hashes = {
        link(b"k" * 32, GENESIS, 1, b"x"), link(b"l" * 32, GENESIS, 1, b"x"), link(b"k" * 32, "1" * 64, 1, b"x"),
        link(b"k" * 32, GENESIS, 2, b"x"), link(b"k" * 32, GENESIS, 1, b"y"),
    }  # fmt: skip
    assert len(hashes) == 5
    assert commitment("00" * 16, {"name": "a"}) != commitment("01" * 16, {"name": "a"})


def test_form_1_never_changes() -> None:
    """Rows of years ago must verify: this hash was made when form 1 was."""
    fields = dict.fromkeys(FIELDS_V1, "")
    at = dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
    fields |= {"uuid": "u", "at": at, "before": None, "after": {"b": 1.5, "a": ["ü", True]}}
    fields |= {"cloud_uuid": None, "tenant_uuid": None, "format_version": 1}
    body = canonical(fields)
    assert (
        body
        == (
            '{"acting_role":"","action":"","actor_commitment":"","actor_id":"","after":{"a":["ü",true],"b":1.5},'
            '"at":"2026-01-02T03:04:05.000006Z","before":null,"cloud_uuid":null,"error":"","format_version":1,"job_id":"",'
            '"object_commitment":"","object_id":"","object_name":"","object_type":"","reason":"","request_id":"",'
            '"result":"","run_id":"","tenant_uuid":null,"uuid":"u"}'
        ).encode()
    )
