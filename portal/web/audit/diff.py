"""Before and after, line by line, with what changed inside a line marked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

KEEP_EQUAL = 6  # equal lines that are shown before the rest is folded


@dataclass(frozen=True)
class Line:
    """`kind` is "same", "gone", "new"; `html` is safe."""

    kind: str
    html: SafeString


@dataclass(frozen=True)
class Diff:
    before: list[Line]
    after: list[Line]
    hidden: int


def diff(before: dict[str, Any], after: dict[str, Any]) -> Diff:
    """Side by side. Only keys that differ are marked; equal ones beyond KEEP_EQUAL are counted, not shown."""
    left: list[Line] = []
    right: list[Line] = []
    equal = hidden = 0
    for key in sorted({*before, *after}):
        old = _text(before[key]) if key in before else None
        new = _text(after[key]) if key in after else None
        if old == new:
            equal += 1
            if equal > KEEP_EQUAL:
                hidden += 1
                continue
            line = Line("same", format_html("  {}: {}", key, old))
            left.append(line)
            right.append(line)
            continue
        marked = _marked(old, new)
        if old is not None:
            left.append(Line("gone", format_html("- {}: {}", key, marked[0])))
        if new is not None:
            right.append(Line("new", format_html("+ {}: {}", key, marked[1])))
    return Diff(left, right, hidden)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _marked(old: str | None, new: str | None) -> tuple[SafeString, SafeString]:
    """Both texts with what differs between them underlined; as a whole when they have little in common."""
    if old is None or new is None or len(old) + len(new) > 4000:
        return format_html("{}", old or ""), format_html("{}", new or "")
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.4:
        return format_html("<u>{}</u>", old), format_html("<u>{}</u>", new)
    one, two = mark_safe(""), mark_safe("")
    for verb, i1, i2, j1, j2 in matcher.get_opcodes():
        shape = "{}" if verb == "equal" else "<u>{}</u>"
        if i2 > i1:
            one += format_html(shape, old[i1:i2])
        if j2 > j1:
            two += format_html(shape, new[j1:j2])
    return one, two
