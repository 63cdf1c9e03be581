"""Logs: one JSON object a line, with the request or task id, the time in UTC and no secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

_NEVER = "[removed]"


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take secrets out of everything that a line carries: by key name, and by shape inside texts."""
    # Not at the top: logging is set up while the settings load, before any room of the house may be imported.
    from provisioning.secrets.redaction import redact as clean

    try:
        cleaned = clean(dict(event))
    except Exception:
        # A line that cannot be cleaned is not written as it is.
        return {"event": _NEVER, "level": event.get("level", "error")}
    return cleaned if isinstance(cleaned, dict) else {"event": cleaned}


def _json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    redact,
]


def setup(level: str) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING. `level` is a name of the standard library's (INFO, …)."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(serializer=_json),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Our own request line says the same with less.
            "django.request": {"level": "ERROR"},
            "django.channels.server": {"level": "WARNING"},
            "uvicorn.access": {"level": "WARNING"},
            "axes": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
        },
    }


def level_name(text: str) -> str:
    """A valid level name. Raises ValueError for an unknown one."""
    name = text.strip().upper()
    if name not in logging.getLevelNamesMapping():
        raise ValueError(f"{text!r} is not a log level: DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    return name
