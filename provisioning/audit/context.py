"""Who acts, from where, in which request: carried in a context variable so that no operation has to pass it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class AuditContext:
    """The acting side of an audit row.

    `actor_id` is a user's UUID as text, or "" for the product itself; `actor_name` is copied, so that the row stays
    readable when the user is gone; `acting_role` is the role that the actor used ("administrator", "system", …).
    """

    actor_id: str = ""
    actor_name: str = "system"
    acting_role: str = "system"
    client_ip: str = ""
    user_agent: str = ""
    request_id: str = ""


SYSTEM = AuditContext()
_current: ContextVar[AuditContext] = ContextVar("zonewright_audit_context", default=SYSTEM)


def current() -> AuditContext:
    """The context of this thread or task; the product itself when nobody is known to act."""
    return _current.get()


@contextmanager
def acting(context: AuditContext) -> Iterator[AuditContext]:
    """Everything recorded inside is done by `context`."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
