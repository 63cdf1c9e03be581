"""Text search over the columns that people know an object by."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from portal.web.table_spec import Filter, Viewer


@dataclass(frozen=True)
class SearchFilter(Filter):
    """Every word must be found in one of `paths` (contains), or the text is an id of ours or CloudStack's."""

    paths: tuple[str, ...] = ("name",)
    ids: tuple[str, ...] = ("uuid", "cloudstack_id")
    private: tuple[str, ...] = ("path", "vlan", "url", "result_text", "internal_name", "broadcast_uri")
    """Paths that only people who see infrastructure search in: finding is a way of reading."""
    widget: str = "text"

    def clean(self, raw: str, viewer: Viewer) -> Any:
        return raw.strip()

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        text = values[-1]
        if not text:
            return rows
        condition = Q()
        for word in text.split():
            one = Q()
            for path in self.paths:
                if path in self.private and not viewer.sees_infrastructure:
                    continue
                for form in forms_of(word):
                    one |= Q(**{f"{path}__icontains": form})
            condition &= one
        return rows.filter(condition | self._ids(text))

    def _ids(self, text: str) -> Q:
        condition = Q()
        for path in self.ids:
            if path == "uuid":
                try:
                    condition |= Q(uuid=uuid.UUID(text))
                except ValueError:
                    continue
            else:
                condition |= Q(**{f"{path}__istartswith": text})
        return condition

    def words(self, raw: str, value: Any) -> str:
        return f"“{value}”"


def forms_of(word: str) -> set[str]:
    """The word in its cases: SQLite ignores case for ASCII letters alone."""
    if word.isascii():
        return {word}
    return {word, word.lower(), word.upper(), word.capitalize()}
