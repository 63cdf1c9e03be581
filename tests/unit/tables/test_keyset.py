"""Cursors: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.keyset import decode_cursor, encode_cursor, storable
from portal.web.table_spec import BadParameter

VALUES = st.one_of(
    st.none(),
    st.text().filter(storable),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.booleans(),
)


@given(st.lists(VALUES, max_size=3), st.integers(0, 2**62))
def test_round_trip(values, key):
    assert decode_cursor(encode_cursor([*values, key]), len(values) + 1) == [*values, key]


@given(st.one_of(st.text(max_size=80), st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())))
def test_nonsense_is_refused_with_a_sentence_and_nothing_else(text):
    try:
        values = decode_cursor(text, 2)
    except BadParameter as problem:
        assert str(problem)
    else:
        assert len(values) == 2 and isinstance(values[-1], int)


@pytest.mark.parametrize(
    "values",
    [["a"], ["a", 1, 2], ["a", "1"], ["a", True], ["a", -1], ["a", 2**63], [{"t": "x"}, 1], [{"t": "2026-01-01"}, 1],
     [{"t": "2026-01-01T00:00:00"}, 1], [[1], 1], ["a\x00", 1], ["\ud800", 1], [2**70, 1], {"a": 1}],
)  # fmt: skip
def test_what_no_row_can_have_held_is_refused(values):
    text = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    with pytest.raises(BadParameter):
        decode_cursor(text, 2)


def test_not_a_number_is_refused():
    text = base64.urlsafe_b64encode(b"[NaN, 1]").decode()
    with pytest.raises(BadParameter):
        decode_cursor(text, 2)
