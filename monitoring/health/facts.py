"""What the rules look at: plain values, gathered beforehand, so that a rule is a function of facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of the mirror. `pk` links things with each other; `fields` holds what its kind has besides."""

    kind: str
    pk: int
    uuid: UUID
    name: str
    state: str
    since_at: datetime
    zone: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.fields.get(name)


@dataclass(frozen=True, slots=True)
class Blast:
    """How far something reaches. `owners` are the accounts and projects whose instances or networks are hit."""

    hosts: int = 0
    instances: int = 0
    networks: int = 0
    owners: frozenset[str] = frozenset()

    @property
    def tenants(self) -> int:
        """How many tenants are hit."""
        return len(self.owners)

    def __add__(self, other: Blast) -> Blast:
        return Blast(
            self.hosts + other.hosts,
            self.instances + other.instances,
            self.networks + other.networks,
            self.owners | other.owners,
        )


NO_BLAST = Blast()


@dataclass(frozen=True, slots=True)
class CloudFact:
    """How our reading of the cloud goes. Times are when that last happened."""

    name: str
    state: str = "ok"
    last_error: str = ""
    last_error_at: datetime | None = None
    last_answer_at: datetime | None = None
    last_complete_sync_at: datetime | None = None
    created_at: datetime | None = None
    # The last sync of everything that ended: done, partial, failed; "" when there was none.
    last_sync_state: str = ""
    last_sync_error: str = ""
    last_sync_at: datetime | None = None
    failed_kinds: tuple[str, ...] = ()
    stale_after: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CapacityFact:
    """One capacity row past or near its threshold. `fraction` is used ÷ total."""

    level: str
    place: Thing | None
    place_name: str
    type_name: str
    label: str
    impact: int
    fraction: float
    notify: float | None
    disable: float | None
    since_at: datetime
    # used and reserved ÷ total; None when nothing is reserved
    committed: float | None = None


@dataclass(frozen=True, slots=True)
class AlertFact:
    """The newest alert of one name that no later good news of that name has answered."""

    name: str
    description: str
    sent_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class SegmentFact:
    """One segment id that several networks of one zone use."""

    zone: int | None
    segment: str
    networks: tuple[Thing, ...]
    owners: frozenset[str]


@dataclass(frozen=True, slots=True)
class JobFact:
    """Async jobs of one command that run longer than CloudStack itself lets them block others."""

    command: str
    count: int
    oldest_at: datetime
    oldest_id: str


@dataclass(frozen=True)
class Facts:
    """Everything known about one cloud at `now`. Big kinds hold only what isn't in a good state."""

    now: datetime
    cloud: CloudFact
    things: Mapping[str, tuple[Thing, ...]] = field(default_factory=dict)
    # host pk, pool pk, network pk → what is on it; only for those that are not well
    on_host: Mapping[int, Blast] = field(default_factory=dict)
    on_pool: Mapping[int, Blast] = field(default_factory=dict)
    on_network: Mapping[int, Blast] = field(default_factory=dict)
    on_zone: Mapping[int, Blast] = field(default_factory=dict)
    totals: Blast = NO_BLAST
    capacity: tuple[CapacityFact, ...] = ()
    alerts: tuple[AlertFact, ...] = ()
    segments: tuple[SegmentFact, ...] = ()
    jobs: tuple[JobFact, ...] = ()
    # (kind, zone pk, state) → how many, where a kind has more troubled objects than were gathered
    crowds: Mapping[tuple[str, int | None, str], int] = field(default_factory=dict)
    # object → state changes in the last hour
    flaps: Mapping[UUID, int] = field(default_factory=dict)
    flapping_good: tuple[Thing, ...] = ()

    def of(self, kind: str) -> tuple[Thing, ...]:
        """The things of a kind that were gathered."""
        return self.things.get(kind, ())

    def zone_name(self, pk: int | None) -> str:
        """The zone's name; "" when there is none."""
        return next((zone.name for zone in self.of("zones") if zone.pk == pk), "")

    def age(self, thing: Thing) -> timedelta:
        """How long `thing` has been in its state."""
        return self.now - thing.since_at
