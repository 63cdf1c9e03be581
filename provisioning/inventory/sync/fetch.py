"""Asking CloudStack for one kind: all its lists, page by page, so that memory holds one page and not a cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from provisioning.cloudstack import CommandMissing, Gateway, NotFound, ParameterRefused, PermissionRefused
from provisioning.inventory.mapping.catalogue import merge_zones
from provisioning.inventory.mapping.common import Mapped, Raw, text, whole
from provisioning.inventory.sync.specs import Source, Spec

Row = tuple[Callable[[Raw], Mapped], dict[str, Any]]

# One by one up to here; beyond it the whole list is walked a second time.
_ASK_FOR_EACH = 50


@dataclass
class Fetch:
    """One kind's fetch. `notes` tell which lists could not be asked for; then nothing of the kind may count as gone."""

    gateway: Gateway
    spec: Spec
    has_projects: bool = False
    notes: list[str] = field(default_factory=list)
    pages_seen: int = 0

    def pages(self) -> Iterator[list[Row]]:
        """Pages of (mapping, answer). Raises CloudStackError; a list that this key may not ask for becomes a note."""
        enrich = self._enricher()
        for source in self.spec.sources:
            for page in self._source(source):
                yield [(source.map, enrich(raw)) for raw in page]

    @property
    def is_whole(self) -> bool:
        return not self.notes

    @property
    def is_refused(self) -> bool:
        """Whether no list of this kind could be asked for."""
        return len(self.notes) >= len(self.spec.sources)

    def _source(self, source: Source) -> Iterator[list[dict[str, Any]]]:
        attempts = [source.params, *source.fallbacks]
        for number, params in enumerate(attempts):
            try:
                yield from self._walk(source, {**params})
            except CommandMissing as missing:
                self.notes.append(missing.sentence)
                return
            except (PermissionRefused, ParameterRefused) as refused:
                if number + 1 < len(attempts):
                    continue
                if isinstance(refused, PermissionRefused):
                    self.notes.append(refused.sentence)
                    return
                raise
            if number:
                # With less than was wanted we see a part, and what is not in it may still exist.
                self.notes.append(f"{source.command}: {', '.join(f'{k}={v}' for k, v in params.items())}")
            return

    def _walk(self, source: Source, params: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        rows = self._lists(source, params)
        if self.spec.is_merged_by_zone:
            merged = merge_zones(row for page in rows for row in page)
            if merged:
                yield merged
            return
        if self.spec.is_tree:
            levels: dict[int, list[dict[str, Any]]] = {}
            for page in rows:
                for row in page:
                    levels.setdefault(whole(row, "level") or 0, []).append(row)
            yield from (levels[level] for level in sorted(levels))
            return
        yield from rows

    def _lists(self, source: Source, params: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        wholes: list[dict[str, Any]] = [dict(source.optional)]
        if source.of_projects and self.has_projects:
            wholes.append({**source.optional, "projectid": "-1"})
        row_key = _id_and_zone if self.spec.is_merged_by_zone else _id
        for optional in wholes:
            for page in self.gateway.pages(source.command, source.key, optional=optional, row_key=row_key, **params):
                self.pages_seen += 1
                kept = [row for row in page if source.keep(row)]
                if kept:
                    yield kept

    def _enricher(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        if self.spec.slug != "system-vms":
            return lambda raw: raw
        agents = self._agents()

        def with_agent(raw: dict[str, Any]) -> dict[str, Any]:
            agent = agents.get(text(raw, "name"), {})
            extra = {
                ours: agent[theirs]
                for ours, theirs in (("agentstate", "state"), ("version", "version"))
                if ours not in raw and agent.get(theirs)
            }
            return {**raw, **extra} if extra else raw

        return with_agent

    def _agents(self) -> dict[str, dict[str, Any]]:
        """System VMs as listHosts sees their agents, by name; nothing when this key may not list hosts."""
        found: dict[str, dict[str, Any]] = {}
        for kind in ("ConsoleProxy", "SecondaryStorageVM"):
            try:
                rows = self.gateway.rows("listHosts", "host", optional={"type": kind})
            except PermissionRefused:
                return {}
            found |= {text(row, "name"): row for row in rows if text(row, "type") == kind}
        return found

    def still_there(self, identities: list[str]) -> set[str]:
        """Those of `identities` that CloudStack still has: a row may slide past a walk through a list that changes.

        Only asked when the list had more than one page; one page is one moment. Raises CloudStackError.
        """
        if self.pages_seen <= len(self.spec.sources) or not identities:
            return set()
        if len(identities) > _ASK_FOR_EACH:
            again = Fetch(self.gateway, self.spec, self.has_projects)
            wanted = set(identities)
            return {str(raw["id"]) for page in again.pages() for _map, raw in page if str(raw["id"]) in wanted}
        return {identity for identity in identities if self._exists(identity)}

    def _exists(self, identity: str) -> bool:
        for source in self.spec.sources:
            for extra in ({}, {"projectid": "-1"}) if source.of_projects and self.has_projects else ({},):
                try:
                    answer = self.gateway.call(
                        source.command, optional={**source.optional, **extra}, **source.params, id=identity
                    )
                except (NotFound, ParameterRefused, PermissionRefused):
                    continue
                if any(str(row.get("id")) == identity for row in answer.get(source.key) or []):
                    return True
        return False


def _id(row: dict[str, Any]) -> str:
    return str(row.get("id") or "")


def _id_and_zone(row: dict[str, Any]) -> str:
    identity = row.get("id")
    return f"{identity} {row.get('zoneid') or ''}" if identity else ""
