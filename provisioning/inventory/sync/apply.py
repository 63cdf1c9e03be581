"""Writing a plan: small transactions, each under the lease, none with a network call inside."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from provisioning.inventory.models import ChangeEvent, Cloud
from provisioning.inventory.sync import columns as sql
from provisioning.inventory.sync.changes import Snapshot, Story, snapshot
from provisioning.inventory.sync.digest import packed
from provisioning.inventory.sync.lease import Lease
from provisioning.inventory.sync.links import Links
from provisioning.inventory.sync.plan import Figures, Known, PagePlan, Write
from provisioning.inventory.sync.specs import POINTED_AT, Spec

BATCH_ROWS = 250

T = TypeVar("T")


@dataclass
class Counts:
    """What was done to one kind."""

    seen: int = 0
    created: int = 0
    changed: int = 0
    returned: int = 0
    gone: int = 0
    figures: int = 0

    @property
    def rows_written(self) -> int:
        return self.created + self.changed + self.returned + self.gone

    def as_record(self) -> dict[str, int]:
        return {"seen": self.seen, "created": self.created, "changed": self.changed, "returned": self.returned,
                "gone": self.gone}  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """A batch in the database's own values; `old` and `back` are primary keys, `new` are CloudStack ids."""

    rows: list[tuple[Any, ...]]
    raws: list[tuple[Any, ...]]
    old: list[int]
    back: list[int]
    new: list[str]


class Pace:
    """As many rows a transaction as take about 60 ms: others may have to wait for 250 ms at most."""

    WANTED_S = 0.06
    FEWEST, MOST = 25, 500

    def __init__(self) -> None:
        self.rows = 100
        self._last_rows = 0

    def batches(self, items: Sequence[T]) -> Iterator[Sequence[T]]:
        start = 0
        while start < len(items):
            some = items[start : start + self.rows]
            start += len(some)
            self._last_rows = len(some)
            yield some

    @contextmanager
    def transaction(self) -> Iterator[None]:
        started = time.monotonic()
        with transaction.atomic():
            yield
        took_s = max(0.001, time.monotonic() - started)
        fitting = int(self._last_rows * self.WANTED_S / took_s)
        # Slowly up, at once down.
        self.rows = min(self.MOST, max(self.FEWEST, min(fitting, self.rows * 2)))


def load_known(cloud: Cloud, spec: Spec) -> dict[str, Known]:
    """What the mirror holds of one kind, by CloudStack id: about 400 bytes an object."""
    rows = spec.model.objects.filter(cloud=cloud).order_by()
    fields = ("cloudstack_id", "pk", "digest", "metrics_digest", "gone_at")
    return {
        identity: Known(pk, bytes(digest), bytes(metrics_digest), gone_at is not None)
        for identity, pk, digest, metrics_digest, gone_at in rows.values_list(*fields).iterator(chunk_size=5000)
    }


@dataclass
class Applier:
    """Writes one kind of one cloud. `is_first` (the kind was empty) makes no events: everything would be news."""

    cloud: Cloud
    spec: Spec
    lease: Lease
    story: Story
    links: Links
    is_first: bool
    counts: Counts
    pace: Pace = field(default_factory=lambda: Pace())

    def page(self, plan: PagePlan) -> None:
        """Apply the plan of one page. Raises LeaseLost."""
        for writes in self.pace.batches(plan.writes):
            prepared = self._prepared(writes)
            with self.pace.transaction():
                self.lease.renew()
                self._write(prepared)
        for figures in self.pace.batches(plan.figures):
            with self.pace.transaction():
                self.lease.renew()
                self._write_figures(figures)

    def vanished(self, identities: Sequence[str], known: dict[str, Known]) -> None:
        """Make tombstones. Raises LeaseLost."""
        for some in self.pace.batches(identities):
            pks = [known[identity].pk for identity in some]
            with self.pace.transaction():
                self.lease.renew()
                rows = snapshot(self.spec, pks)
                now = timezone.now()
                self.spec.model.objects.filter(pk__in=pks).update(gone_at=now, changed_at=now)
                self.story.gone(self.spec, rows)
                self.counts.gone += len(pks)

    def _prepared(self, writes: Sequence[Write]) -> Prepared:
        """Everything that takes time and needs no lock, done before the transaction."""
        now = timezone.now()
        table, raw = sql.columns_of(self.spec.model), sql.raw_columns()
        return Prepared(
            rows=[table.values(self._row(write, now)) for write in writes],
            raws=[raw.values(self._raw(write, now)) for write in writes],
            old=[write.pk for write in writes if write.pk is not None and not write.is_return],
            back=[write.pk for write in writes if write.pk is not None and write.is_return],
            new=[write.cloudstack_id for write in writes if write.pk is None],
        )

    def _write(self, prepared: Prepared) -> None:
        old, back, new = prepared.old, prepared.back, prepared.new
        before = snapshot(self.spec, old) if old else {}
        sql.upsert(sql.columns_of(self.spec.model), prepared.rows)
        sql.upsert(sql.raw_columns(), prepared.raws, sql.raw_tail())
        if before:
            self.story.changed(self.spec, before, snapshot(self.spec, old))
        if back:
            self.story.appeared(self.spec, snapshot(self.spec, back), ChangeEvent.Change.RETURNED)
        if new and (not self.is_first or self.spec.slug in POINTED_AT):
            pks = self.links.learn(self.spec.slug, new)
            if not self.is_first:
                self.story.appeared(self.spec, self._made(pks.values()), ChangeEvent.Change.CREATED)
        self.counts.created += len(new)
        self.counts.returned += len(back)
        self.counts.changed += len(old)

    def _made(self, pks: Any) -> Snapshot:
        return snapshot(self.spec, list(pks))

    def _row(self, write: Write, now: datetime) -> dict[str, Any]:
        mapped = write.mapped
        row = {
            **mapped.fields,
            **mapped.metrics,
            "uuid": sql.new_uuid(),
            "cloud_id": self.cloud.pk,
            "cloudstack_id": write.cloudstack_id,
            "tenant_uuid": write.tenant,
            "digest": write.digest,
            "metrics_digest": write.metrics_digest,
            "first_seen_at": now,
            "changed_at": now,
            # What stood there when we first looked has been so for nobody knows how long.
            "state_since_at": None if self.is_first else mapped.fields.get("cloudstack_created_at") or now,
            "gone_at": None,
        }
        for column, pk in write.links.items():
            row[f"{column}_id"] = pk
        return row

    def _raw(self, write: Write, now: datetime) -> dict[str, Any]:
        return {
            "cloud_id": self.cloud.pk,
            "kind": self.spec.slug,
            "cloudstack_id": write.cloudstack_id,
            "body": packed(write.raw),
            "fetched_at": now,
        }

    def _write_figures(self, figures: Sequence[Figures]) -> None:
        table = sql.columns_of(self.spec.model)
        names = list(figures[0].metrics)
        convert = [table.by_attname[name] for name in names]
        rows = [
            (*(to(figure.metrics[name]) for to, name in zip(convert, names, strict=True)), figure.metrics_digest,
             figure.pk)
            for figure in figures
        ]  # fmt: skip
        sql.update_figures(table, [*names, "metrics_digest"], rows)
        self.counts.figures += len(figures)


def batches(items: Sequence[T], size: int = BATCH_ROWS) -> Iterator[Sequence[T]]:
    iterator = iter(items)
    while some := list(itertools.islice(iterator, size)):
        yield some
