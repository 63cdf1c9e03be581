"""Where commands, background work and life-cycle hooks announce themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result
    from provisioning.simulator.sim import Simulator

Handler = Callable[["Ctx", "Params"], "Result"]
Hook = Callable[["Simulator"], None]


@dataclass(frozen=True)
class Registered:
    """A command's handler.

    ``refs``: which kinds of object a uuid parameter names (beside ``params.DEFAULT_REFS``); ``envelope``: the answer's
    key
    where it is not ``<name in lower case>response``; ``job_class``: the Java class name that jobs show in ``cmd``.
    """

    name: str
    handler: Handler
    envelope: str
    refs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    job_class: str | None = None


COMMANDS: dict[str, Registered] = {}
BACKGROUND: list[tuple[float, Hook, bool]] = []
FRESH: list[tuple[int, Hook]] = []
RESTART: list[Hook] = []


def command(
    name: str,
    *more: str,
    refs: Mapping[str, str | tuple[str, ...]] | None = None,
    envelope: str | None = None,
    job_class: str | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler for one command, or for several of the same behaviour."""

    def register(handler: Handler) -> Handler:
        kinds = {key: (value,) if isinstance(value, str) else value for key, value in (refs or {}).items()}
        for each in (name, *more):
            if each in COMMANDS:
                raise ValueError(f"{each} is registered twice")
            COMMANDS[each] = Registered(each, handler, envelope or f"{each.lower()}response", kinds, job_class)
        return handler

    return register


def background(seconds: float, *, aligned: bool = False) -> Callable[[Hook], Hook]:
    """Run every so many simulated seconds, ``aligned`` to full multiples of them: what the cloud does by itself.

    The hook looks at state alone, so a restart loses nothing.
    """

    def register(hook: Hook) -> Hook:
        BACKGROUND.append((seconds, hook, aligned))
        return hook

    return register


def on_fresh(order: int = 100) -> Callable[[Hook], Hook]:
    """Run in ``order`` when a cloud is made: what an installation ships (under 100), then what ``--hosts`` and others
    ask for.
    """

    def register(hook: Hook) -> Hook:
        FRESH.append((order, hook))
        return hook

    return register


def on_restart(hook: Hook) -> Hook:
    """Run after a stored cloud was loaded: end what a killed process left half done."""
    RESTART.append(hook)
    return hook


def load() -> None:
    """Import every module in ``commands/``."""
    from provisioning.simulator import commands

    for module in pkgutil.walk_packages(commands.__path__, commands.__name__ + "."):
        importlib.import_module(module.name)
