"""Every action that may stand on the trail. Rooms register theirs at import; an unknown action is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_NAME = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")


@dataclass(frozen=True)
class Action:
    """`name` is dotted ("cloud.add") and never changes meaning; `label` is what people read."""

    name: str
    label: str | Promise


_ACTIONS: dict[str, Action] = {}


def register(name: str, label: str | Promise) -> Action:
    """Make `name` known. The same name and label may be registered twice; another label raises ValueError."""
    if not _NAME.match(name) or len(name) > 100:
        raise ValueError(f"{name!r} is not a dotted action name such as cloud.add.")
    known = _ACTIONS.get(name)
    if known is not None and str(known.label) != str(label):
        raise ValueError(f"The action {name!r} is registered already, as {known.label}.")
    return _ACTIONS.setdefault(name, Action(name, label))


def known(name: str) -> Action:
    """The registered action. Raises ValueError for one that nobody registered."""
    try:
        return _ACTIONS[name]
    except KeyError:
        raise ValueError(f"The audit action {name!r} is not registered (provisioning.audit.actions).") from None


def label_of(name: str) -> str:
    """What people read; the bare name for an action of an older version that is registered no more."""
    action = _ACTIONS.get(name)
    return str(action.label) if action else name


def all_actions() -> list[Action]:
    return sorted(_ACTIONS.values(), key=lambda action: action.name)


register("audit.export", _("Audit trail exported"))
register("audit.verify", _("Chain verification asked for"))
register("audit.restart_heads", _("Series of copied heads begun anew"))
register("audit.erase_person", _("Personal data erased from the trail"))
register("secrets.rotate", _("Stored secrets re-encrypted"))
