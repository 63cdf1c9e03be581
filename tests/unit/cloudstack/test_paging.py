"""Walking a list that changes: nothing twice, nothing missed, and an end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.cloudstack import errors, paging

SIZE = 3


def walk(ask: paging.Ask, size: int = SIZE) -> list[str]:
    pages = paging.walk(ask, paging.row_id, lambda: size, command="listThings", place="here")
    return [row["id"] for page in pages for row in page]


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": str(number)} for number in ids]


@given(st.integers(0, 40))
def test_a_still_list_is_walked_once(number: int) -> None:
    everything = rows(*range(number))
    asked = []

    def ask(page: int) -> tuple[list[dict[str, Any]], int | None]:
        asked.append(page)
        some = everything[(page - 1) * SIZE : page * SIZE]
        return some, number if some else None

    assert walk(ask) == [row["id"] for row in everything]
    assert len(asked) == max(1, -(-number // SIZE))


@settings(max_examples=300)
@given(st.integers(4, 20), st.lists(st.tuples(st.integers(1, 8), st.integers(0, 19)), max_size=3))
def test_what_stays_is_found_though_others_are_deleted(number: int, deletions: list[tuple[int, int]]) -> None:
    """`deletions`: before the n-th request, the row at that place goes."""
    present = list(range(number))
    asked = 0

    def ask(page: int) -> tuple[list[dict[str, Any]], int | None]:
        nonlocal asked
        asked += 1
        for when, place in deletions:
            if when == asked and place < len(present):
                del present[place]
        some = present[(page - 1) * SIZE : page * SIZE]
        return rows(*some), len(present) if some else None

    try:
        found = walk(ask)
    except errors.PartialList:
        return  # said so, which is allowed
    assert len(found) == len(set(found))
    if len(deletions) <= 1:
        assert {str(row) for row in present} <= set(found)


def test_a_server_that_ignores_pages() -> None:
    assert walk(lambda _page: (rows(1, 2, 3), 3)) == ["1", "2", "3"]
    with pytest.raises(errors.PartialList):
        walk(lambda _page: (rows(1, 2, 3), 7))


def test_no_count_ends_with_a_page_that_is_not_full() -> None:
    pages = {1: rows(1, 2, 3), 2: rows(4, 5, 6), 3: rows(7)}
    assert walk(lambda page: (pages[page], None)) == ["1", "2", "3", "4", "5", "6", "7"]
    assert walk(lambda page: (rows(1, 2, 3), None)) == ["1", "2", "3"]


def test_a_list_without_pages() -> None:
    assert walk(lambda _page: (rows(1, 2), None), size=0) == ["1", "2"]
    assert walk(lambda _page: ([], None), size=0) == []
