"""What a simulator is started with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Config:
    """Options of one simulated cloud.

    ``job_seconds``: simulated seconds a job usually takes.  ``latency_ms``: real milliseconds each answer is held back.
    ``state``: file that keeps the cloud (None: memory only).  ``empty``: no zone is built, as on a fresh management
    server.
    Counts are totals over the whole cloud; 0 leaves a count to the others, and all 0 build the small demonstration
    cloud.
    """

    seed: int = 1
    zones: int = 0
    pods: int = 0
    clusters: int = 0
    hosts: int = 0
    vms: int = 0
    empty: bool = False
    state: Path | None = None
    api_key: str | None = None
    secret_key: str | None = None
    admin_password: str = "password"  # noqa: S105 - what an installation starts with
    latency_ms: float = 0.0
    job_seconds: float = 1.0
    control_token: str | None = None
    # Global settings that differ from what is released, by name (a developer's build, a site's own start).
    settings: dict[str, str] = field(default_factory=dict)

    def shape(self) -> dict[str, Any]:
        """The options that decide what is generated: a state file belongs to one shape."""
        return {
            "seed": self.seed,
            "empty": self.empty,
            "zones": self.zones,
            "pods": self.pods,
            "clusters": self.clusters,
            "hosts": self.hosts,
            "vms": self.vms,
        }

    def go_on_as(self, made_with: dict[str, Any]) -> list[str]:
        """Take over the options that a kept cloud was made with (a former `shape()`) where none was asked for, that
        is, where ours is the default: another version's defaults must not make a kept cloud unreadable.

        Returns the names, sorted, of the options that were asked for and differ.
        """
        untouched = Config().shape()
        differing = []
        for name, ours in self.shape().items():
            if ours == made_with.get(name, untouched[name]):
                continue
            if ours == untouched[name]:
                setattr(self, name, made_with[name])
            else:
                differing.append(name)
        return sorted(differing)

    def key(self, what: str, length: int = 86) -> str:
        """A key of CloudStack's form that depends on the seed alone."""
        import base64

        raw = b"".join(hashlib.blake2b(f"{self.seed}:{what}:{part}".encode()).digest() for part in range(2))
        return base64.urlsafe_b64encode(raw).decode()[:length]
