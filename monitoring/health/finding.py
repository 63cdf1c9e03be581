"""What a rule says, and how findings are ranked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitoring.health.facts import NO_BLAST, Blast, Facts, Thing
from monitoring.health.models import Plane, Severity

Rule = Callable[[Facts], "Iterable[Finding]"]

# A warning counts less than a critical problem of the same impact; what somebody did on purpose comes last.
SEVERITY_WEIGHT = {Severity.CRITICAL: 1.0, Severity.WARNING: 0.7, Severity.NOTICE: 0.3, Severity.HELD: 0.15}
# Blast radius adds at most this share, so that a management server that is down (10) outranks a virtual router that is
# down (7 × 1.4 = 9.8) whatever hangs on it, while a wide warning may outrank a narrow one of the next level.
BLAST_SHARE = 0.4
# The weight at which the share is used up: some 100,000 instances.
BLAST_FULL = 5.0


@dataclass(frozen=True)
class Finding:
    """One problem as a rule sees it. `headline` and `detail` are message ids with named parameters from `params`."""

    rule: str
    severity: Severity
    plane: Plane
    impact: int
    headline: str
    since_at: datetime
    detail: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    thing: Thing | None = None
    # The kind, when the finding is about several things or the zone of things that aren't named.
    kind: str = ""
    zone: int | None = None
    # Tells apart several findings of one rule on one thing.
    part: str = ""
    blast: Blast = NO_BLAST
    # The fingerprint of the finding that explains this one, if that one is there.
    cause: str = ""
    # Before everything else: nothing below is known for sure.
    first: bool = False

    @property
    def fingerprint(self) -> str:
        """The same for the same problem at every look."""
        return fingerprint(self.rule, self.thing, self.part)

    @property
    def score(self) -> float:
        """Rank: impact × (1 … 1.4 by blast radius) × severity; higher comes first."""
        if self.first:
            return 100.0
        weight = self.blast.instances + 10 * self.blast.hosts + 5 * self.blast.tenants + 2 * self.blast.networks
        reach = 1 + BLAST_SHARE * min(1.0, math.log10(1 + weight) / BLAST_FULL)
        return round(self.impact * reach * SEVERITY_WEIGHT[self.severity], 4)


def fingerprint(rule: str, thing: Thing | None = None, part: str = "") -> str:
    """What names a finding from one look to the next: rule, object, part."""
    return ":".join([rule, str(thing.uuid) if thing else "", part])[:200].rstrip(":")
