"""Faults to order.

An order names the commands it hits (a glob over command names, ``listVirtual*``), how often, and what happens instead:

=============  ======================================================================================
action         effect
=============  ======================================================================================
``job``        the command's job fails with ``code`` and ``text`` after ``after_steps`` of its steps
``error``      the call answers ``code``, ``cs``, ``text`` in CloudStack's error form
``status``     the call answers HTTP ``code`` with an empty body (429, 503 of a proxy in between)
``html``       an HTML page with HTTP ``code`` (200 unless given) instead of JSON
``drop``       the connection is closed without an answer; ``apply`` says whether the command took effect before
``half``       the answer breaks off in the middle
``slow``       the answer comes ``seconds`` later; jobs of the command take ``factor`` times as long
``raw``        the answer's body is ``text`` as it stands
``huge``       the answer is ``bytes`` of well-formed JSON that says nothing (100,000,000 unless given)
``twice``      ``addHost`` takes a KVM host that is there already
``sysvm``      the next start of a system VM fails (``command``: ``consoleproxy`` or ``secondarystoragevm``)
=============  ======================================================================================
"""

from __future__ import annotations

import fnmatch
import itertools
import random
from dataclasses import asdict, dataclass, field
from typing import Any

ACTIONS = ("job", "error", "status", "html", "drop", "half", "slow", "raw", "huge", "twice", "sysvm")


@dataclass
class Fault:
    """One order.

    ``times`` None: until removed.  ``skip``: so many matching calls pass first.  ``probability``: the share of matching
    calls that are hit, the same ones for the same orders.  ``params``: values that must be
    equal.
    """

    action: str
    command: str = "*"
    times: int | None = 1
    skip: int = 0
    params: dict[str, str] = field(default_factory=dict)
    code: int = 530
    cs: int | None = 9999
    text: str = "ordered fault"
    seconds: float = 0.0
    factor: float = 1.0
    after_steps: int = 0
    apply: bool = False
    probability: float = 1.0
    bytes: int = 100_000_000
    id: int = 0
    hits: int = 0

    def matches(self, command: str, params: dict[str, str]) -> bool:
        lowered = {name.lower(): value for name, value in params.items()}
        return fnmatch.fnmatchcase(command, self.command) and all(
            lowered.get(name.lower()) == value for name, value in self.params.items()
        )


class Faults:
    """The orders in force, oldest first; the first that matches counts."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []
        self._ids = itertools.count(1)
        self._dice = random.Random(1)  # noqa: S311 - only shares out faults

    def order(self, **wanted: Any) -> Fault:
        """Place an order; ``ValueError`` for an unknown action or field."""
        try:
            fault = Fault(**wanted)
        except TypeError as error:
            raise ValueError(f"not a fault: {error}") from error
        if fault.action not in ACTIONS:
            raise ValueError(f"no action {fault.action!r}; there are {', '.join(ACTIONS)}")
        fault.id = next(self._ids)
        self.orders.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> int:
        """Remove one order, or all; how many."""
        before = len(self.orders)
        self.orders = [] if fault_id is None else [fault for fault in self.orders if fault.id != fault_id]
        return before - len(self.orders)

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.orders]

    def _take(self, command: str, params: dict[str, str], actions: tuple[str, ...]) -> Fault | None:
        for fault in self.orders:
            if fault.action in actions and fault.matches(command, params):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.probability < 1 and self._dice.random() >= fault.probability:
                    continue
                if fault.times is not None:
                    if fault.times <= 0:
                        continue
                    fault.times -= 1
                fault.hits += 1
                return fault
        return None

    def call_fault(self, command: str, params: dict[str, str]) -> Fault | None:
        """What happens to this call instead of an answer."""
        if not self.orders:
            return None
        return self._take(command, params, ("error", "status", "html", "drop", "half", "slow", "raw", "huge"))

    def job_fault(self, command: str, params: dict[str, str]) -> Fault | None:
        """How the job that this call makes will fail."""
        return self._take(command, params, ("job",)) if self.orders else None

    def accepts_twice(self, params: dict[str, str]) -> bool:
        """Whether ``addHost`` is ordered to take a host that is there already."""
        return self.orders != [] and self._take("addHost", params, ("twice",)) is not None

    def system_vm_fault(self, kind: str, zone: str) -> Fault | None:
        """Whether the system VM that is about to start in a zone (by name, ``params={"zone": …}``) will fail."""
        return self._take(kind, {"zone": zone}, ("sysvm",)) if self.orders else None

    def slowness(self, command: str) -> float:
        """How many times longer jobs of this command take."""
        return max(
            [
                1.0,
                *(
                    fault.factor
                    for fault in self.orders
                    if fault.action == "slow" and fnmatch.fnmatchcase(command, fault.command)
                ),
            ]
        )
