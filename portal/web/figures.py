"""How figures, times and states are written: one place, so that a figure shown twice reads the same twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from django.utils.translation import gettext as _

from provisioning.inventory import states

GROUP_ICONS = {group.value: icon for group, icon in states.ICON.items()}
_UUID = re.compile(r"^([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)
LONGEST_SHORT_NAME = 22


def state_group(value: str, kind: str = "") -> str:
    """good, working, attention, bad, held or neutral."""
    return str(states.group_of(value, kind).value)


def state_icon(value: str, kind: str = "") -> str:
    """The Tabler icon of a state: its own where it has one, else its group's."""
    return states.icon_of(value, kind)


def count(number: int | float | None) -> str:
    """1,000; "unknown" for None."""
    return _("unknown") if number is None else f"{number:,.0f}"


def percent(fraction: float | None) -> str:
    """A fraction as "74 %"; "unknown" for None. Never rounds something to 0 or to 100."""
    if fraction is None:
        return _("unknown")
    value = fraction * 100
    shown = round(value)
    if shown == 0 and value > 0:
        return "< 1 %"
    if shown == 100 and value < 100:
        return "> 99 %"
    return f"{shown:,} %"


def size(number: int | float | None, unit: str = "") -> str:
    """Bytes in the binary unit that fits: 1.5 GiB. `unit` fixes the unit. "unknown" for None."""
    if number is None:
        return _("unknown")
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    value, index = float(number), 0
    while (units[index] != unit) if unit in units else (abs(value) >= 1023.95 and index < len(units) - 1):
        value, index = value / 1024, index + 1
    text = f"{value:,.1f}".removesuffix(".0") if index else f"{value:,.0f}"
    return f"{text} {units[index]}"


def level(fraction: float, notify: float | None, disable: float | None) -> str:
    """normal, notify (past the cloud's notification threshold) or disable (past its disable threshold)."""
    if disable is not None and fraction >= disable:
        return "disable"
    if notify is not None and fraction >= notify:
        return "notify"
    return "normal"


def meter_text(fraction: float, notify: float | None, disable: float | None) -> str:
    """What a meter says aloud: "82 %, past notify at 75 %, disable at 85 %"."""
    parts = [percent(fraction)]
    if notify is not None:
        past = _("past notify at %(limit)s") if fraction >= notify else _("notify at %(limit)s")
        parts.append(past % {"limit": percent(notify)})
    if disable is not None:
        past = _("past disable at %(limit)s") if fraction >= disable else _("disable at %(limit)s")
        parts.append(past % {"limit": percent(disable)})
    return ", ".join(parts)


def span(length: timedelta) -> str:
    """A length of time in its largest fitting unit: 12 s, 21 min, 13 h, 4 d. static/js/app.js does the same."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return _("%(n)s s") % {"n": seconds}
    if seconds < 5400:
        return _("%(n)s min") % {"n": seconds // 60}
    if seconds < 172800:
        return _("%(n)s h") % {"n": seconds // 3600}
    return _("%(n)s d") % {"n": f"{seconds // 86400:,}"}


def ago(length: timedelta) -> str:
    """ "12 s ago"; a moment to come is "now": clocks differ by a little."""
    return _("%(span)s ago") % {"span": span(length)}


def shared_front(names: Iterable[str]) -> int:
    """How many leading characters every one of `names` shares, cut back to the last separator; 0 for fewer than two
    names or when the names are short anyway."""
    known = [name for name in names if name]
    if len(known) < 2 or max(map(len, known)) <= LONGEST_SHORT_NAME:
        return 0
    # Letters, not path parts: two names share a front if the first and the last in order do.
    first, last = min(known), max(known)
    front = first[: next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    cut = max(front.rfind(mark) for mark in "-._ /") + 1
    return cut if cut >= 4 else 0


def short_name(name: str, front: int = 0) -> str:
    """A long name without its shared front, never without its end: "…fd64ac59", "…-fra1-0204".

    A random UUID at the end is told by its first block.
    """
    if len(name) <= LONGEST_SHORT_NAME:
        return name
    rest = name[front:] if front else name
    for mark in (".", "_", "/"):
        tail = rest.rsplit(mark, 1)[-1]
        if _UUID.match(tail):
            rest = tail
    match = _UUID.match(rest)
    if match:
        return f"…{match[1]}"
    if len(rest) > LONGEST_SHORT_NAME:
        rest = rest[-LONGEST_SHORT_NAME + 1 :]
    return rest if rest == name else f"…{rest}"


def natural_key(name: str) -> list[object]:
    """Sorts C2 before C10."""
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", name)]
