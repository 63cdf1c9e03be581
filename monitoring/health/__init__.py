"""What is not as it should be, since when, and how far it reaches.

`problems(cloud, user)`, `summary(cloud, user)` and `evaluate(cloud)` are the whole interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitoring.health.evaluation import evaluate
    from monitoring.health.reading import Problem, Summary, problems, summary

__all__ = ["Problem", "Summary", "evaluate", "problems", "summary"]


def __getattr__(name: str) -> Any:
    # Models can't be imported while apps are being loaded.
    if name in {"Problem", "Summary", "problems", "summary"}:
        from monitoring.health import reading

        return getattr(reading, name)
    if name == "evaluate":
        from monitoring.health.evaluation import evaluate

        return evaluate
    raise AttributeError(name)
