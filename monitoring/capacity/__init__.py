"""How full each place is, against the cloud's own thresholds, now and over time.

`current(cloud)` and `series(...)` are the interface for pages, API and health.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitoring.capacity.reading import CapacityRow, Level, Point, current, series

__all__ = ["CapacityRow", "Level", "Point", "current", "series"]


def __getattr__(name: str) -> Any:
    # Models can't be imported while apps are being loaded.
    if name in __all__:
        from monitoring.capacity import reading

        return getattr(reading, name)
    raise AttributeError(name)
