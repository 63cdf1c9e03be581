"""Filters by time, and whether tombstones are shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.web.table_spec import BadParameter, Filter, Option, Viewer

SPANS = (
    ("1h", gettext_lazy("last hour"), dt.timedelta(hours=1)),
    ("24h", gettext_lazy("last 24 hours"), dt.timedelta(hours=24)),
    ("7d", gettext_lazy("last 7 days"), dt.timedelta(days=7)),
    ("30d", gettext_lazy("last 30 days"), dt.timedelta(days=30)),
)


@dataclass(frozen=True)
class GoneFilter(Filter):
    """Tombstones: hidden unless asked for (`with`), or alone (`only`)."""

    path: str = "gone_at"
    always: bool = True

    def clean(self, raw: str, viewer: Viewer) -> Any:
        if raw not in {"with", "only", "hidden"}:
            raise BadParameter(self.key, _("Gone objects are hidden, with or only."))
        return raw

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        value = values[-1] if values else "hidden"
        return rows if value == "with" else rows.filter(**{f"{self.path}__isnull": value == "hidden"})

    def options(self, rows: QuerySet[Any], chosen: list[str], viewer: Viewer) -> list[Option]:
        now = chosen[-1] if chosen else "hidden"
        return [
            Option("hidden", _("hidden"), None, now == "hidden"),
            Option("with", _("shown too"), None, now == "with"),
            Option("only", _("only gone"), None, now == "only"),
        ]

    def words(self, raw: str, value: Any) -> str:
        return {"with": _("shown too"), "only": _("only gone")}.get(raw, _("hidden"))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": ["hidden", "with", "only"], "default": "hidden"}


@dataclass(frozen=True)
class SinceFilter(Filter):
    """Not before a moment: `1h`, `24h`, `7d`, `30d`, or an ISO 8601 date or time. With `until`: not after it."""

    path: str = "changed_at"
    until: bool = False

    def clean(self, raw: str, viewer: Viewer) -> Any:
        for key, _label, span in SPANS:
            if raw == key:
                return timezone.now() - span
        try:
            moment = parse_datetime(raw.replace(" ", "+")) or parse_datetime(raw)
            day = None if moment else parse_date(raw)
        except ValueError:
            moment = day = None
        if day is not None:
            moment = dt.datetime.combine(day, dt.time.max if self.until else dt.time.min)
        if moment is None:
            raise BadParameter(self.key, _("A time is 1h, 24h, 7d, 30d or a date such as 2026-11-23."))
        try:
            moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
            return moment.astimezone(dt.UTC)
        except (OverflowError, ValueError):
            raise BadParameter(self.key, _("This date is out of range.")) from None

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        return rows.filter(**{f"{self.path}__{'lte' if self.until else 'gte'}": values[-1]})

    def options(self, rows: QuerySet[Any], chosen: list[str], viewer: Viewer) -> list[Option]:
        return [] if self.until else [Option(key, label, None, key in chosen) for key, label, _span in SPANS]

    def words(self, raw: str, value: Any) -> str:
        return next((str(label) for key, label, _span in SPANS if key == raw), raw)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "description": "1h, 24h, 7d, 30d, or an ISO 8601 date or time."}
