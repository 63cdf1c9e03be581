"""Template tags of the data table."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.web import cells, figures
from portal.web.table_spec import Column, Filter, Option
from portal.web.tables import Count, Table

register = template.Library()


@register.simple_tag
def cell(column: Column, row: Any, table: Table) -> SafeString:
    """One cell of one row."""
    return cells.draw(column, row, table.viewer, table.spec.slug)


@register.simple_tag
def filter_options(table: Table, item: Filter) -> list[Option]:
    """What a filter offers here, counted over the rows that the other filters leave."""
    chosen = [raw for raw, _value in table.chosen.get(item.key, [])]
    return item.options(table.rows_but(item.key), chosen, table.viewer)


@register.simple_tag
def toggle_url(table: Table, item: Filter, value: str) -> str:
    """The address with one value of a filter switched."""
    chosen = [raw for raw, _value in table.chosen.get(item.key, [])]
    if value in chosen:
        return table.url(**{item.key: [raw for raw in chosen if raw != value]})
    return table.url(**{item.key: [*chosen, value] if item.many else [value]})


@register.simple_tag
def sort_url(table: Table, column: Column) -> str:
    """Sort by this column; a second time the other way round."""
    current, descending = table.sort
    down = (not descending) if current is column else column.cell in {"ago", "time", *_BIG_FIRST}
    return table.url(sort=f"-{column.key}" if down else column.key)


_BIG_FIRST = frozenset({"bytes", "mib", "gib", "mhz", "percent", "fill", "number"})


@register.simple_tag
def aria_sort(table: Table, column: Column) -> str:
    """The value of `aria-sort`."""
    current, descending = table.sort
    if current is not column:
        return "none"
    return "descending" if descending else "ascending"


@register.simple_tag
def table_url(table: Table, **changes: Any) -> str:
    """This list's address with changes."""
    return table.url(**changes)


@register.filter
def counted_rows(count: Count) -> str:
    """1,912, or "10,000+" when counting stopped there."""
    return figures.count(count.value) + ("" if count.is_exact else "+")


@register.filter
def chosen_words(table: Table, item: Filter) -> str:
    """What a filter's chip says: its values, or "any"."""
    pairs = table.chosen.get(item.key, [])
    words = [_tenant_name(table, raw) or item.words(raw, value) for raw, value in pairs]
    return ", ".join(words[:2]) + (f" +{len(words) - 2}" if len(words) > 2 else "") if words else _("any")


def _tenant_name(table: Table, raw: str) -> str:
    return next((name for key, name in table.viewer.tenant_names.items() if str(key) == raw), "") if len(raw) == 36 else ""


@register.filter
def chosen_raw(table: Table, item: Filter) -> list[str]:
    """The values of a filter as they are in the address."""
    return [raw for raw, _value in table.chosen.get(item.key, [])]


@register.simple_tag
def kept_params(table: Table, *dropped: str) -> list[tuple[str, str]]:
    """Name and value of everything in the address but paging and `dropped`: the hidden fields of a form."""
    gone = {"after", "before", *dropped}
    return [(key, value) for key, values in table.params.lists() if key not in gone for value in values]
