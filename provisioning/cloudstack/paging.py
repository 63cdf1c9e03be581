"""Walking a list that CloudStack gives in pages, while the list may be changing. Pure: the asking is passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from provisioning.cloudstack import errors

# CloudStack's own cap (`default.page.size`), unless its answer says less.
LARGEST_PAGE = 500
# How often a list is walked in all before it counts as incomplete.
PASSES = 3

Row = dict[str, Any]
Ask = Callable[[int], tuple[list[Row], int | None]]


def row_id(row: Row) -> str:
    """A row's CloudStack id."""
    return str(row.get("id") or "")


def rows_of(command: str, key: str, answer: Row, place: str) -> tuple[list[Row], int | None]:
    """(rows under `key`, `count`) of an inner answer; an empty list has neither. Raises NotCloudStack otherwise."""
    rows = answer.get(key, [])
    count = answer.get("count")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise errors.NotCloudStack(
            _("%(place)s answers %(command)s with something else than a list.") % {"place": place, "command": command},
            command=command,
            cause="other_json",
        )
    return rows, count if isinstance(count, int) else None


def walk(
    ask: Ask, row_key: Callable[[Row], str], page_size: Callable[[], int], *, command: str, place: str
) -> Iterator[list[Row]]:
    """Pages of rows, each row once; `ask(page)` gives (rows, count), `page_size()` is 0 for a list without pages.

    When rows before our place get deleted, the next ones slide to the page that we just left: a falling `count`
    tells, and that page is asked for again. A walk that ends with fewer rows than the list counts is followed by
    another. Raises PartialList when that fails too.
    """
    seen: set[str] = set()

    def fresh_of(rows: list[Row]) -> list[Row]:
        fresh = []
        for row in rows:
            identity = row_key(row)
            if not identity:
                raise _partial(command, place, _("a row has no id"))
            if identity not in seen:
                seen.add(identity)
                fresh.append(row)
        return fresh

    count: int | None = None
    for walk_number in range(PASSES):
        page = 1
        count_before: int | None = None
        while True:
            rows, count_now = ask(page)
            fresh = fresh_of(rows)
            if fresh:
                yield fresh
            if count_now is not None:
                count = count_now
            elif page == 1:
                count = None if rows else 0  # an empty list has neither rows nor a count
            if page > 1 and count_before is not None and (count_now is None or count_now < count_before):
                previous, count_then = ask(page - 1)
                count = count_then if count_then is not None else count
                slid = fresh_of(previous)
                if slid:
                    yield slid
            count_before = count_now if count_now is not None else count_before
            size = page_size()
            if not rows or not size:
                break
            if count is None:
                if len(rows) < size or not fresh:  # without a count only a page that is not full tells the end
                    return
            elif page * size >= count or (walk_number and len(seen) >= count):
                break
            page += 1
        if count is None or len(seen) >= count:
            return
    raise _partial(command, place, _("%(got)d of %(count)d rows") % {"got": len(seen), "count": count or 0})


def _partial(command: str, place: str, what: str) -> errors.PartialList:
    return errors.PartialList(
        _("%(place)s gave only part of %(command)s: %(what)s.") % {"place": place, "command": command, "what": what},
        command=command,
    )
