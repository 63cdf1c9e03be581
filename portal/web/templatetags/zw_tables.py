"""Template tags of the data table."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.web import cells, figures
from portal.web.table_spec import Column, Filter, Option, TableSpec, Viewer, follow
from portal.web.tables import Count, Table
from portal.web.templatetags import zw

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
    added = [*chosen, value] if item.many else [value]
    changes: dict[str, Any] = {item.key: [raw for raw in chosen if raw != value] if value in chosen else added}
    return table.url(**changes)


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
def without_filter(table: Table, item: Filter) -> str:
    """The address without one filter."""
    return table.url(drop=[item.key])


@register.simple_tag
def sorted_words(table: Table) -> str:
    """ "Sorted by name"; what is pinned before it is said, too."""
    column, descending = table.sort
    label = str(column.label).lower() if column else _("age")
    words = _("Sorted by %(what)s, descending") if descending else _("Sorted by %(what)s")
    return (_("Running first; ") if table.spec.pinned else "") + words % {"what": label}


@register.filter
def noun(spec: TableSpec, count: Count) -> str:
    """host or hosts, as the count asks, small as in a sentence."""
    word = str(spec.label if count.is_exact and count.value == 1 else spec.plural)
    return word if word[:2].isupper() else word[:1].lower() + word[1:]


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
    return (
        next((name for key, name in table.viewer.tenant_names.items() if str(key) == raw), "") if len(raw) == 36 else ""
    )


@register.filter
def chosen_raw(table: Table, item: Filter) -> list[str]:
    """The values of a filter as they are in the address."""
    return [raw for raw, _value in table.chosen.get(item.key, [])]


@register.simple_tag
def kept_params(table: Table, *dropped: str) -> list[tuple[str, str]]:
    """Name and value of everything in the address but paging and `dropped`: the hidden fields of a form."""
    gone = {"after", "before", *dropped}
    return [(key, value) for key, values in table.params.lists() if key not in gone for value in values]


# --- pages of one object ---------------------------------------------------------------------------------------------


@register.simple_tag
def state_pill(column: Column, obj: Any, slug: str) -> SafeString | str:
    """One of an object's states as a pill; what it is about is said when there are several."""
    value = column.value(obj)
    return zw.state(value, cells.vocabulary(column.path or column.key, slug), pill=True) if value else ""


@register.simple_tag
def up_relation(column: Column, obj: Any, viewer: Viewer) -> SafeString | str:
    """A link to what an object stands on or belongs to; "" when there is nothing."""
    drawn = cells.draw(column, obj, viewer, "")
    return "" if drawn == cells.NOTHING else drawn


@register.simple_tag
def crumb(column: Column, obj: Any, viewer: Viewer) -> SafeString | str:
    """The place of an object in the breadcrumbs: zone, pod, cluster."""
    return up_relation(column, obj, viewer) if column.key in {"zone", "pod", "cluster"} else ""


@register.simple_tag
def fact(column: Column, obj: Any, viewer: Viewer, slug: str) -> SafeString | str:
    """A fact of an object; "" when CloudStack gave none."""
    drawn = cells.draw(column, obj, viewer, slug)
    return "" if drawn == cells.NOTHING else drawn


@register.simple_tag
def fill_of(column: Column, obj: Any, thresholds: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Used, total and share of a fill column, in words and as a fraction (None: not known), with its thresholds."""
    notify, disable = thresholds.get(column.key, (None, None))
    used, total = column.value(obj), follow(obj, column.second)
    unit = str(column.unit)
    return {
        "notify": notify,
        "disable": disable,
        "share": used / total if used is not None and total else None,
        "used_words": cells.quantity(used, unit) if used is not None else "",
        "total_words": cells.quantity(total, unit) if total is not None else "",
    }


@register.filter
def short_command(command: str) -> str:
    """CloudStack's class name without its package."""
    return cells.short_command(command)


@register.simple_tag
def job_state(job: Any) -> SafeString:
    """A job's status."""
    return cells.job_status(job.status)


@register.simple_tag
def event_level(event: Any) -> SafeString:
    """An event's level as a pill."""
    group = cells.LEVELS.get(event.level.upper(), "neutral")
    return zw.badge(group, event.level or _("unknown"), cells.LEVEL_ICONS[group])


@register.simple_tag
def linked_object(record: Any, viewer: Viewer) -> SafeString:
    """A link to the object that a record is about."""
    item = record.linked
    url = cells.detail_url(item, item.kind_slug, viewer)
    return format_html('<a href="{}">{}</a>', url, item.name or item.cloudstack_id)
