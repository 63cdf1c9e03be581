"""Comparison of a recorded answer with the simulator's: names and types of fields, counts, errors, states.

Values are not compared where they belong to one cloud (ids, addresses, dates, figures that move); they are where they
say what
the cloud did: statuses, error codes and texts, job results, states.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Fields whose values must be equal.
VALUES = frozenset(
    {
        "errorcode", "cserrorcode", "jobstatus", "jobresultcode", "jobprocstatus", "state", "resourcestate",
        "allocationstate",
        "managedstate", "success", "isready", "enabled", "networktype", "traffictype", "type", "hypervisor",
        "cmd", "jobinstancetype",
        "count", "readonly", "scope", "zonename", "podname", "clustername", "isolationmethods",
        "broadcastdomainrange", "account",
        "domain", "domainpath", "category", "level",
    }
)  # fmt: skip
PLACES = ("zonename", "podname", "clustername", "type", "systemvmtype", "templatetype", "scope", "state")
# What tells items of a list apart, where their ids are not known yet.
NAMES = ("name", "zonename", "podname", "key", "resourcetype", "vlan")
# Database ids inside texts: another cloud counts from elsewhere.
DBIDS = [
    (re.compile(r'("id"\s*:\s*"?)\d+'), r"\1#"),
    (re.compile(r'("(?:networkId|domainId|accountId|zoneId)"\s*:\s*"?)\d+'), r"\1#"),
    (re.compile(r"((?:Domain Id =|in domain|\(id=|Cluster:|on zone \[|ID \[|id=)\s*)\d+"), r"\1#"),
    (re.compile(r"\b([irsv])-(\d+-)?\d+-VM"), r"\1-#-VM"),
    (re.compile(r"\b(ROOT|DATA)-\d+"), r"\1-#"),
]


def without_dbids(text: str) -> str:
    for pattern, replacement in DBIDS:
        text = pattern.sub(replacement, text)
    return text


def type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "decimal"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "list"
    return "nothing" if value is None else "object"


def shape(value: Any) -> Any:
    """The names and types in a value, whatever it says."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type_name(value)


@dataclass
class Comparison:
    """Collects differences of one exchange and learns which of our ids stands for which recorded one."""

    ids: dict[str, str]
    # Rewrites a recorded text into what this run's requests make of it (names and ranges that were changed).
    rewrite: Callable[[str], str]
    exact_counts: bool = True
    values: frozenset[str] = VALUES
    differences: list[str] = field(default_factory=list)

    def say(self, path: str, text: str) -> None:
        self.differences.append(f"{path or 'body'}: {text}")

    def expected_text(self, recorded: str) -> str:
        """The recorded text with ids replaced by those of this run."""
        return self.rewrite(UUID.sub(lambda found: self.ids.get(found[0], found[0]), recorded))

    def learn(self, recorded: Any, actual: Any) -> None:
        """Walk both in parallel and note id pairs, so that later requests and texts can be translated."""
        if isinstance(recorded, dict) and isinstance(actual, dict):
            for name, value in recorded.items():
                if name in actual:
                    self.learn_field(name, value, actual[name])
        elif isinstance(recorded, list) and isinstance(actual, list):
            for one, other in self.aligned(recorded, actual):
                self.learn(one, other)

    def learn_field(self, name: str, recorded: Any, actual: Any) -> None:
        if isinstance(recorded, str) and isinstance(actual, str):
            if UUID.fullmatch(recorded) or name in ("apikey", "secretkey", "sessionkey"):
                self.ids.setdefault(recorded, actual)
            else:
                theirs, ours = UUID.findall(recorded), UUID.findall(actual)
                if len(theirs) == len(ours):
                    for one, other in zip(theirs, ours, strict=True):
                        self.ids.setdefault(one, other)
        else:
            self.learn(recorded, actual)

    def aligned(self, recorded: list[Any], actual: list[Any]) -> list[tuple[Any, Any]]:
        """Pairs of items: by known id, then by a name, then by place."""
        if not recorded or not isinstance(recorded[0], dict):
            return list(zip(recorded, actual, strict=False))
        left = [item for item in actual if isinstance(item, dict)]
        pairs: list[tuple[Any, Any]] = []
        waiting = []
        for item in recorded:
            known = self.ids.get(str(item.get("id")))
            # A template is listed once a zone, so one id may stand there several times.
            same = [other for other in left if known is not None and other.get("id") == known]
            match = max(same, key=lambda other: self.likeness(item, other)) if same else None
            if match is None:
                waiting.append(item)
            else:
                left.remove(match)
                pairs.append((item, match))
        # Where something was done twice, equal names are told apart by their order; what has no name takes what is
        # left.
        for item in sorted(waiting, key=lambda each: "name" not in each):
            keys = {name: self.rewrite(str(item[name])) for name in NAMES if name in item}
            match = next((o for o in left if keys and all(str(o.get(n)) == v for n, v in keys.items())), None)
            if match is None and left:
                match = max(left, key=lambda other: self.likeness(item, other))
            if match is not None:
                left.remove(match)
                pairs.append((item, match))
        return pairs

    def likeness(self, item: dict[str, Any], other: dict[str, Any]) -> tuple[int, bool]:
        """How much two items without a common name have in common: where they are and what they are, then which
        fields.
        """
        equal = sum(1 for name in PLACES if name in item and self.rewrite(str(item[name])) == str(other.get(name)))
        return equal, set(item) == set(other)

    def compare(self, recorded: Any, actual: Any, path: str = "") -> None:
        """Note every difference between a recorded value and ours."""
        if type_name(recorded) != type_name(actual):
            self.say(
                path,
                f"recorded {type_name(recorded)} {str(recorded)[:60]!r}, got {type_name(actual)} {str(actual)[:60]!r}",
            )
            return
        if isinstance(recorded, dict):
            self._objects(recorded, actual, path)
        elif isinstance(recorded, list):
            self._lists(recorded, actual, path)
        else:
            self._leaf(recorded, actual, path)

    def _objects(self, recorded: dict[str, Any], actual: dict[str, Any], path: str) -> None:
        missing, extra = sorted(set(recorded) - set(actual)), sorted(set(actual) - set(recorded))
        if missing:
            self.say(path, f"lacks {', '.join(missing)}")
        if extra:
            self.say(path, f"has too much: {', '.join(extra)}")
        for name in recorded:
            if name in actual:
                self.compare(recorded[name], actual[name], f"{path}.{name}" if path else name)

    def _lists(self, recorded: list[Any], actual: list[Any], path: str) -> None:
        if self.exact_counts and len(recorded) != len(actual):
            self.say(path, f"recorded {len(recorded)} items, got {len(actual)}")
        if not self.exact_counts and recorded and isinstance(recorded[0], dict) and "name" not in recorded[0]:
            self._shapes(recorded, actual, path)
            return
        for place, (one, other) in enumerate(self.aligned(recorded, actual)):
            self.compare(one, other, f"{path}[{place}]")

    def _shapes(self, recorded: list[Any], actual: list[Any], path: str) -> None:
        """Items that nothing tells apart: for each recorded one there must be one with the same fields of the same
        types.
        """
        shapes = [shape(item) for item in actual]
        for place, item in enumerate(recorded):
            if shape(item) not in shapes:
                self.say(f"{path}[{place}]", f"none of {len(actual)} items has this form: {shape(item)}")

    def _leaf(self, recorded: Any, actual: Any, path: str) -> None:
        name = path.rpartition(".")[2]
        if name in ("errortext", "displaytext") or name.startswith("errortext"):
            expected = self.expected_text(str(recorded))
            if expected != actual and without_dbids(expected) != without_dbids(str(actual)):
                self.say(path, f"recorded {expected!r}, got {actual!r}")
        elif name == "count" and not self.exact_counts:
            if actual < 1:
                self.say(path, "nothing counted")
        elif name in self.values:
            expected = self.expected_text(recorded) if isinstance(recorded, str) else recorded
            if expected != actual and without_dbids(str(expected)) != without_dbids(str(actual)):
                self.say(path, f"recorded {expected!r}, got {actual!r}")
