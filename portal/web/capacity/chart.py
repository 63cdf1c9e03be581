"""One series as picture, table and sentence: three tellings of the same points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from monitoring.capacity.reading import CapacityRow, Place, Point, gap_after, series
from monitoring.capacity.types import CapacityType
from portal.web import figures
from provisioning.inventory.models import Cloud

# Below this a trend is a guess.
FORECAST_NEEDS = timedelta(days=14)
# Points of the table beside the chart; all of them are in the export.
TWIN_ROWS = 120


@dataclass(frozen=True)
class Chart:
    """A series as picture, table and sentence: all from `points`."""

    points: Sequence[Point]
    gaps: int
    sentence: str
    data: Mapping[str, Any]
    twin: Sequence[Point]
    history: timedelta
    first_at: datetime | None

    @property
    def can_forecast(self) -> bool:
        return self.history >= FORECAST_NEEDS


def chart_of(
    cloud: Cloud, place: Place, kind: CapacityType, row: CapacityRow | None, back: timedelta, now: datetime
) -> Chart:
    """The chart of `kind` at `place` for the last `back`. `row` is the figure of now, for its thresholds."""
    points = series(cloud, place.level, place.uuid, kind.number, back, now)
    gaps = gap_after(points)
    times: list[int] = []
    shares: list[float | None] = []
    for index, point in enumerate(points):
        times.append(int(point.at.timestamp()))
        shares.append(round(point.fraction * 100, 3) if point.fraction is not None else None)
        if index in gaps:
            # A point without a value breaks the line: a gap is a gap.
            times.append(int(point.at.timestamp()) + 1)
            shares.append(None)
    step = max(1, len(points) // TWIN_ROWS + (len(points) % TWIN_ROWS > 0))
    return Chart(
        points=points,
        gaps=len(gaps),
        sentence=_sentence(kind, row, points, len(gaps)),
        data={
            "times": times,
            "shares": shares,
            "from": int((now - back).timestamp()),
            "to": int(now.timestamp()),
            "notify": round(row.notify * 100, 1) if row and row.notify else None,
            "disable": round(row.disable * 100, 1) if row and row.disable else None,
            "notifyText": _("notify"),
            "disableText": pgettext("threshold", "no new instances") if kind.number in {0, 1} else _("disable"),
            "label": f"{kind.label}, {place.name}",
            "zone": timezone.get_current_timezone_name(),
        },
        twin=list(reversed(points))[::step],
        history=points[-1].at - points[0].at if points else timedelta(0),
        first_at=points[0].at if points else None,
    )


def _sentence(kind: CapacityType, row: CapacityRow | None, points: Sequence[Point], gaps: int) -> str:
    known = [point for point in points if point.fraction is not None]
    if not known:
        return _("No sample in this time.")
    first, last = known[0].fraction or 0, known[-1].fraction or 0
    words = {
        "type": kind.label,
        "first": figures.percent(first),
        "last": figures.percent(last),
        "span": figures.span(known[-1].at - known[0].at),
    }
    if len(known) == 1:
        text = _("%(type)s is at %(last)s.") % words
    elif abs(last - first) < 0.005:
        text = _("%(type)s stays at %(last)s for %(span)s.") % words
    elif last > first:
        text = _("%(type)s rises from %(first)s to %(last)s in %(span)s.") % words
    else:
        text = _("%(type)s falls from %(first)s to %(last)s in %(span)s.") % words
    if row and row.is_past_disable and row.disable:
        text += " " + _("It is past the cloud's disable threshold of %(limit)s.") % {
            "limit": figures.percent(row.disable)
        }
    elif row and row.is_past_notify and row.notify:
        text += " " + _("It is past the cloud's notification threshold of %(limit)s.") % {
            "limit": figures.percent(row.notify)
        }
    if gaps:
        missing = ngettext(
            "Samples are missing once; the line breaks there.",
            "Samples are missing %(times)s times; the line breaks there.",
            gaps,
        )
        text += " " + missing % {"times": gaps}
    return text
