"""A language made for tests: every message that a translator would see comes back between ⟦ and ⟧.

What is left outside the brackets on a page was never given to a translator.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

from django.utils.translation import trans_real

_SAID = ("aria-label", "title", "placeholder", "alt", "aria-valuetext", "aria-description", "label")
_SILENT = {"script", "style", "code", "pre", "kbd", "time"}
_VOID = {
    "area",
    "base",
    "br",
    "col",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "wbr",
    "use",
    "rect",
    "line",
    "path",
}
_WORD = re.compile(r"[A-Za-z]{2,}")
_INNERMOST = re.compile(r"⟦[^⟦⟧]*⟧")


class Pseudo(gettext.NullTranslations):
    """Stands in for Django's own object of a language."""

    def gettext(self, message: str) -> str:
        context, _, plain = message.rpartition(trans_real.CONTEXT_SEPARATOR)
        del context
        # Formats and switches of Django's that are no words stay as they are.
        return plain if not re.search(r"[A-Za-z]", plain) else f"⟦{plain}⟧"

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one if number == 1 else many)

    def language(self) -> str:
        return "en"

    def to_language(self) -> str:
        return "en"


@contextmanager
def pseudo_language() -> Iterator[None]:
    """English is the pseudo-language inside. Lazy strings follow; what was translated at import shows as bare."""
    before, default = dict(trans_real._translations), trans_real._default
    active = getattr(trans_real._active, "value", None)
    made = Pseudo()
    trans_real._translations.clear()
    trans_real._translations["en"] = made
    trans_real._default, trans_real._active.value = made, made
    try:
        yield
    finally:
        trans_real._translations.clear()
        trans_real._translations.update(before)
        trans_real._default = default
        if active is None:
            del trans_real._active.value
        else:
            trans_real._active.value = active


class _Said(HTMLParser):
    """Everything that a person reads or hears: texts, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _SILENT or self.silent or "zw-mono" in (values.get("class") or "").split():
            if tag not in _VOID:
                self.silent.append(tag)
            return
        self.found += [value for name, value in attrs if name in _SAID and value]
        if tag == "input" and values.get("type") in {"submit", "button"}:
            self.found.append(values.get("value") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.silent:
            self.found += [value for name, value in attrs if name in _SAID and value]

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag in self.silent:
            while self.silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.silent or not data.strip():
            return
        text = " ".join(data.split())
        if self.found and self.found[-1].count("⟦") > self.found[-1].count("⟧"):
            # A sentence goes on after a name in bold or a link in its middle.
            self.found[-1] += " " + text
        else:
            self.found.append(text)


def bare(html: str, data: list[str], allowed: re.Pattern[str]) -> list[str]:
    """What the page says in words that no translator gave, without `data` (names and values of rows) and `allowed`."""
    reader = _Said()
    reader.feed(html)
    known = sorted({one for one in data if len(one) > 1}, key=len, reverse=True)
    names = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, known)) + r")(?!\w)") if known else None
    left = []
    for text in reader.found:
        rest, longer = text, None
        while rest != longer:
            longer, rest = rest, _INNERMOST.sub(" ", rest)
        rest = allowed.sub(" ", rest)
        if names and _WORD.search(rest):
            rest = names.sub(" ", rest)
        if _WORD.search(rest):
            left.append(text)
    return left
