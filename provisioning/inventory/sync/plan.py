"""The pure diff: what is known of a kind against what came, and what to write because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from provisioning.inventory.mapping.common import Mapped, Raw
from provisioning.inventory.sync.digest import digest_of, metrics_digest_of, with_missing_links


class Known(NamedTuple):
    """What the database holds of one object."""

    pk: int
    digest: bytes
    metrics_digest: bytes
    is_gone: bool


class Write(NamedTuple):
    """One row to write. `pk` is None for an object never seen; `links` are {column: pk or None}."""

    cloudstack_id: str
    pk: int | None
    is_return: bool
    mapped: Mapped
    links: dict[str, int | None]
    tenant: UUID | None
    digest: bytes
    metrics_digest: bytes
    raw: dict[str, Any]


class Figures(NamedTuple):
    """Volatile columns of one row that is otherwise unchanged."""

    cloudstack_id: str
    pk: int
    metrics: dict[str, object]
    metrics_digest: bytes


@dataclass
class PagePlan:
    writes: list[Write] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    unchanged: int = 0

    @property
    def created(self) -> int:
        return sum(1 for write in self.writes if write.pk is None)

    @property
    def returned(self) -> int:
        return sum(1 for write in self.writes if write.is_return)


@dataclass(frozen=True)
class Rules:
    """What a kind's diff depends on besides the rows. `resolve(column, cloudstack_id)` gives a pk or None."""

    salt: bytes
    volatile: frozenset[str]
    tenant_of: Callable[[Raw], UUID | None]
    resolve: Callable[[str, str], int | None]
    metrics: Callable[[Raw], dict[str, object]] | None = None


def plan_page(
    rules: Rules,
    known: Mapping[str, Known],
    rows: Iterable[tuple[Callable[[Raw], Mapped], dict[str, Any]]],
    seen: set[str],
) -> PagePlan:
    """What to write for one page of (mapping, answer); adds the ids to `seen`, and leaves out those already in it."""
    plan = PagePlan()
    for mapping, raw in rows:
        identity = str(raw["id"])
        if identity in seen:
            continue
        seen.add(identity)
        tenant = rules.tenant_of(raw)
        digest = digest_of(rules.salt, raw, rules.volatile, tenant)
        before = known.get(identity)
        metrics = rules.metrics(raw) if rules.metrics else None
        metrics_digest = metrics_digest_of(metrics) if metrics is not None else b""
        if before is None or before.is_gone or before.digest != digest:
            mapped = mapping(raw)
            links = {column: rules.resolve(column, wanted) for column, wanted in mapped.refs.items()}
            missing = [column for column, wanted in mapped.refs.items() if wanted and links[column] is None]
            if missing:
                digest = with_missing_links(digest, missing)
            if before is None or before.is_gone or before.digest != digest:
                own = metrics_digest_of(mapped.metrics) if mapped.metrics else b""
                pk, is_return = (before.pk, before.is_gone) if before else (None, False)
                plan.writes.append(Write(identity, pk, is_return, mapped, links, tenant, digest, own, raw))
                continue
        plan.unchanged += 1
        if metrics is not None and before.metrics_digest != metrics_digest:
            plan.figures.append(Figures(identity, before.pk, metrics, metrics_digest))
    return plan


def vanished(known: Mapping[str, Known], seen: set[str]) -> list[str]:
    """Ids that are present in the database and did not come."""
    return [identity for identity, row in known.items() if not row.is_gone and identity not in seen]
