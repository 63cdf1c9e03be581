"""One table framework for every list: filters, sort, keyset paging, links and counts.

A `TableSpec` declares what a list can show; a `Table` is one spec seen by one person with one address. Everything a
person can choose is in the address, so every state of a list can be linked to. The API pages through the same class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.web.keyset import decode_cursor, encode_cursor, storable
from portal.web.table_spec import BadParameter, Column, Filter, Option, TableSpec, Viewer, follow

__all__ = ["BadParameter", "Column", "Count", "Filter", "Option", "Page", "Table", "TableSpec", "Viewer"]

EXACT_COUNT_LIMIT = 10_000
"""Counting stops here: count(*) over a million rows costs more than the page itself."""
PAGE_SIZES = (50, 100, 200)
PAGING = frozenset({"after", "before"})
MOST_VALUES = 50
"""Of one filter. Each value is drawn with an address that holds all the others, so a page grows with their square."""


@dataclass
class Page:
    rows: list[Any]
    next_cursor: str = ""
    previous_cursor: str = ""


@dataclass(frozen=True)
class Count:
    value: int
    is_exact: bool


@dataclass(frozen=True)
class Chip:
    """One chosen filter value, with the address that lets it go."""

    filter: Filter
    words: str
    remove_url: str
    is_bad: bool = False


@dataclass
class Table:
    """One list as one person sees it at one address.

    `fixed` narrows before any filter (a host's instances) and is not in the address. `prefix` lets two tables share
    an address. Errors in the address are in `errors`; a table with errors shows no rows, because ignoring a filter
    would show more than was asked for.
    """

    spec: TableSpec
    viewer: Viewer
    params: QueryDict
    path: str = ""
    fixed: Q | None = None
    hidden: frozenset[str] = frozenset()
    saved_columns: Sequence[str] = ()
    page_sizes: Sequence[int] = PAGE_SIZES
    strict: bool = False
    keep: tuple[str, ...] = ()
    errors: list[BadParameter] = field(default_factory=list)

    # --- what is on it -------------------------------------------------------------------------------------------
    @cached_property
    def available(self) -> list[Column]:
        shows_all = self.viewer.sees_infrastructure
        return [
            column
            for column in self.spec.columns
            if column.key not in self.hidden and (shows_all or column.members != "hide")
        ]

    @cached_property
    def columns(self) -> list[Column]:
        """The columns chosen by the address, else kept for this person, else the usual ones. The first always shows."""
        wanted = [key for key in self.params.get("cols", "").split(",") if key] or list(self.saved_columns)
        known = {column.key for column in self.available}
        wanted = [key for key in wanted if key in known]
        if not wanted:
            return [column for column in self.available if column.shown]
        first = self.available[0]
        return [column for column in self.available if column.key in wanted or column is first]

    @cached_property
    def filters(self) -> list[Filter]:
        shows_all = self.viewer.sees_infrastructure
        return [
            item for item in self.spec.filters if item.key not in self.hidden and (shows_all or item.members != "hide")
        ]

    @cached_property
    def chosen(self) -> dict[str, list[tuple[str, Any]]]:
        """filter key → [(raw, cleaned)]; what cannot be cleaned is in `errors`."""
        chosen: dict[str, list[tuple[str, Any]]] = {}
        for item in self.filters:
            raws = [raw for raw in self.params.getlist(item.key) if raw != ""]
            if not item.many and len(raws) > 1:
                raws = raws[-1:]
            if len(raws) > MOST_VALUES:
                sentence = _("At most %(most)s values can be chosen at once.") % {"most": MOST_VALUES}
                self.errors.append(BadParameter(item.key, sentence))
                continue
            for raw in raws:
                try:
                    if len(raw) > 500 or not storable(raw):
                        raise BadParameter(item.key, _("This value is too long or not text."))
                    pair = (raw, item.clean(raw, self.viewer))
                except BadParameter as problem:
                    self.errors.append(problem)
                    continue
                if raw not in [seen for seen, _value in chosen.get(item.key, [])]:
                    chosen.setdefault(item.key, []).append(pair)
        return chosen

    @cached_property
    def base(self) -> QuerySet[Any]:
        rows = self.spec.rows(self.viewer)
        return rows.filter(self.fixed) if self.fixed is not None else rows

    def rows_but(self, skipped: str = "") -> QuerySet[Any]:
        """The filtered rows, one filter left out (for that filter's own counts)."""
        rows = self.base
        for item in self.filters:
            pairs = self.chosen.get(item.key, [])
            values = [value for _raw, value in pairs]
            if item.key != skipped and (values or getattr(item, "always", False)):
                rows = item.narrow(rows, values, self.viewer)
        return rows

    @cached_property
    def rows(self) -> QuerySet[Any]:
        _validated = (self.chosen, self.sort, self.page_size)
        rows = self.rows_but()
        return rows.none() if self.errors else rows

    @cached_property
    def is_filtered(self) -> bool:
        return bool(self.chosen) or bool(self.errors)

    # --- order and pages -----------------------------------------------------------------------------------------
    @cached_property
    def sort(self) -> tuple[Column | None, bool]:
        """(column, descending); a column that is unknown, hidden or unsortable falls back to the usual order."""
        raw = self.params.get("sort", "") or self.spec.sort
        descending, key = raw.startswith("-"), raw.lstrip("-")
        column = next((item for item in self.available if item.key == key and item.sort), None)
        if column is None:
            if raw != self.spec.sort and self.strict:
                self.errors.append(BadParameter("sort", _("This list cannot be sorted by that.")))
            usual = self.spec.sort
            descending, column = usual.startswith("-"), self.spec.column(usual.lstrip("-"))
        return column, descending

    @cached_property
    def _keys(self) -> list[tuple[str, bool, bool]]:
        """The order: (ORM path, descending, nullable), ending in the primary key."""
        column, descending = self.sort
        keys = [(self.spec.pinned, False, False)] if self.spec.pinned else []
        if column is not None and column.sort not in {"", "id"}:
            keys.append((column.sort, descending, column.nullable))
        return [*keys, ("id", descending, False)]

    @cached_property
    def page_size(self) -> int:
        raw = self.params.get("per", "")
        if not raw:
            return self.page_sizes[0]
        size = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 0
        if self.strict and not 1 <= size <= max(self.page_sizes):
            self.errors.append(BadParameter("per", _("A page has 1 to %(max)s rows.") % {"max": max(self.page_sizes)}))
        if self.strict:
            return min(max(size, 1), max(self.page_sizes))
        return size if size in self.page_sizes else self.page_sizes[0]

    def _ordered(self, rows: QuerySet[Any], backwards: bool) -> QuerySet[Any]:
        order: list[Any] = []
        for path, descending, nullable in self._keys:
            down = descending != backwards
            if nullable:
                # Empty values stay last in both directions; walking backwards they come first.
                nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
                order.append(F(path).desc(**nulls) if down else F(path).asc(**nulls))
            else:
                order.append(f"-{path}" if down else path)
        return rows.order_by(*order)

    def _beyond(self, values: list[Any], backwards: bool) -> Q:
        """Rows after `values` in this order (before, when backwards), by comparing key by key."""
        condition, equal = Q(pk__in=[]), Q()
        for (path, descending, nullable), value in zip(self._keys, values, strict=True):
            down = descending != backwards
            if value is None:
                past = Q(**{f"{path}__isnull": False}) if backwards else Q(pk__in=[])
                same = Q(**{f"{path}__isnull": True})
            else:
                past = Q(**{f"{path}__{'lt' if down else 'gt'}": value})
                if nullable and not backwards:
                    past |= Q(**{f"{path}__isnull": True})
                same = Q(**{path: value})
            condition |= equal & past
            equal &= same
        return condition

    def loaded(self, rows: QuerySet[Any], columns: Iterable[Column] | None = None) -> QuerySet[Any]:
        """`rows` with just what the columns need, relations joined in: the query count does not grow with rows."""
        names = {"id", *self.spec.always}
        for column in self.columns if columns is None else columns:
            names.update(column.loads())
        for path, _down, _nullable in self._keys:
            names.add(path)
        annotations = set(rows.query.annotations)
        names -= annotations
        relations = {name.rsplit("__", 1)[0] for name in names if "__" in name}
        # A relation that is followed must itself be loaded.
        names |= {f"{relation.split('__')[0]}_id" for relation in relations}
        return rows.select_related(*sorted(relations)).only(*sorted(names)) if relations else rows.only(*sorted(names))

    def _cursor_of(self, row: Any) -> str:
        return encode_cursor([follow(row, path.replace("__", ".")) for path, _down, _nullable in self._keys])

    def fetch(
        self, size: int, after: str = "", before: str = "", load: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    ) -> Page:
        """One page. Raises BadParameter for a cursor that is not ours. Two queries."""
        backwards = bool(before) and not after
        cursor = after or before
        rows = self.rows
        if cursor:
            values = decode_cursor(cursor, len(self._keys))
            try:
                rows = rows.filter(self._beyond(values, backwards))
            except (TypeError, ValueError):
                raise BadParameter("after", _("This place belongs to another order of the list.")) from None
        # First the keys alone, then the rows of this page: a sort that no index helps would otherwise carry every
        # column and every joined relation of 100,000 rows through it.
        keys = list(self._ordered(rows, backwards).values_list("pk", flat=True)[: size + 1])
        there = {row.pk: row for row in (load or self.loaded)(self.base.filter(pk__in=keys))} if keys else {}
        found = [there[key] for key in keys if key in there]
        more, found = len(keys) > size, found[:size]
        if backwards:
            found.reverse()
        if self.spec.decorate is not None:
            self.spec.decorate(found, self.viewer)
        page = Page(found)
        if found:
            page.next_cursor = self._cursor_of(found[-1]) if (backwards or more) else ""
            page.previous_cursor = self._cursor_of(found[0]) if (more if backwards else bool(cursor)) else ""
        return page

    @cached_property
    def page(self) -> Page:
        """The page of this address."""
        _validated = self.rows
        if not self.errors:
            try:
                return self.fetch(self.page_size, self.params.get("after", ""), self.params.get("before", ""))
            except BadParameter as problem:
                self.errors.append(problem)
        return Page([])

    @cached_property
    def count(self) -> Count:
        """Exact up to 10,000 rows; beyond that only when the address asks (`count=exact`)."""
        if self.errors:
            return Count(0, True)
        if self.params.get("count") == "exact":
            return Count(self.rows.count(), True)
        return bounded_count(self.rows)

    @cached_property
    def total(self) -> Count:
        """All rows that this person has here, whatever the address filters; the gone are not among them."""
        rows = self.base
        if any(item.key == "gone" for item in self.filters):
            rows = rows.filter(gone_at__isnull=True)
        return bounded_count(rows)

    # --- addresses -----------------------------------------------------------------------------------------------
    def url(self, *, drop: Iterable[str] = (), without: tuple[str, str] | None = None, **changes: Any) -> str:
        """This address with changes; paging starts anew unless it is what changes."""
        params = self.params.copy()
        for key in {*PAGING, *drop, *changes} - ({"after", "before"} & set(changes)):
            params.pop(key, None)
        if without is not None:
            key, raw = without
            params.setlist(key, [value for value in params.getlist(key) if value != raw])
        for key, value in changes.items():
            params.pop(key, None)
            if isinstance(value, (list, tuple)):
                params.setlist(key, list(value))
            elif value not in (None, ""):
                params[key] = str(value)
        query = params.urlencode()
        return f"{self.path}?{query}" if query else self.path

    @cached_property
    def chips(self) -> list[Chip]:
        chips = []
        for item in self.filters:
            for raw, value in self.chosen.get(item.key, []):
                if getattr(item, "no_chip", False):
                    continue
                chips.append(Chip(item, item.words(raw, value), self.url(without=(item.key, raw))))
        return chips

    @cached_property
    def clear_url(self) -> str:
        return self.url(drop=[item.key for item in self.filters])


def bounded_count(rows: QuerySet[Any], limit: int = EXACT_COUNT_LIMIT) -> Count:
    """How many rows, looking at no more than `limit` + 1 of them."""
    found = rows.order_by().values("pk")[: limit + 1].count()
    return Count(min(found, limit), found <= limit)
