"""How figures are declared, measured, judged and kept.

A figure is a function in any module of this folder:

    @figure("page_latency", unit="× /healthz", at_most=60)
    def page_latency(run: Run) -> Measured:
        return Measured(value=…, samples=[…], failed=0)

It measures real processes and says how many requests failed: with one failure the figure is short, whatever its value.
Speeds that depend on the machine are given as a ratio to something measured beside them.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results.json"
# Raise it when what is measured changes: values of different versions must not be compared.
WORKLOAD_VERSION = "1"


@dataclass
class Measured:
    """`value` in the figure's unit; `samples` are the raw measurements behind it; `failed` counts what went wrong."""

    value: float
    samples: Sequence[float]
    failed: int = 0
    more: dict[str, Any] = field(default_factory=dict)


class Run:
    """What a figure may use while it measures."""

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A short-pathed folder that is gone afterwards."""
        made = Path(tempfile.mkdtemp(prefix="zw-bench-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def program(self, code: str, home: Path) -> str:
        """The last line that `code` prints, run with Django on `home` in a process of its own. Raises RuntimeError
        with the end of its complaint."""
        answer = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"], cwd=ROOT, text=True, check=False,
            capture_output=True, env=self.environment(home),
        )  # fmt: skip
        if answer.returncode:
            raise RuntimeError("\n".join(answer.stderr.strip().splitlines()[-6:]))
        return answer.stdout.strip().splitlines()[-1]

    def environment(self, home: Path) -> dict[str, str]:
        """The environment of a process that works on `home` as the stack does."""
        return {
            **os.environ,
            "ZONEWRIGHT_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "portal.settings.dev",
            "ZONEWRIGHT_LOG_LEVEL": "ERROR",
        }

    def timed(self, what: Callable[[], object], times: int) -> list[float]:
        """Seconds of each of `times` calls."""
        seconds = []
        for _ in range(times):
            began = time.perf_counter()
            what()
            seconds.append(time.perf_counter() - began)
        return seconds


@dataclass(frozen=True)
class Figure:
    name: str
    unit: str
    measure: Callable[[Run], Measured]
    at_most: float | None = None
    at_least: float | None = None

    @property
    def goal(self) -> str:
        sign, limit = ("≤", self.at_most) if self.at_most is not None else ("≥", self.at_least)
        return f"{sign} {limit:g} {self.unit}"

    def is_met(self, measured: Measured) -> bool:
        if measured.failed:
            return False
        if self.at_most is not None:
            return measured.value <= self.at_most
        return self.at_least is not None and measured.value >= self.at_least


FIGURES: dict[str, Figure] = {}


def figure(
    name: str, *, unit: str, at_most: float | None = None, at_least: float | None = None
) -> Callable[[Callable[[Run], Measured]], Callable[[Run], Measured]]:
    """Declare a figure with exactly one goal."""
    if (at_most is None) == (at_least is None):
        raise ValueError(f"{name}: give either at_most or at_least.")

    def wrap(measure: Callable[[Run], Measured]) -> Callable[[Run], Measured]:
        if name in FIGURES:
            raise ValueError(f"{name}: two figures of one name.")
        FIGURES[name] = Figure(name, unit, measure, at_most, at_least)
        return measure

    return wrap


def discover() -> None:
    """Import every module of this folder."""
    import bench

    for module in pkgutil.iter_modules(bench.__path__):
        if module.name not in {"__main__", "harness"}:
            importlib.import_module(f"bench.{module.name}")


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def percentile(samples: Sequence[float], percent: float) -> float:
    """The sample below which `percent` of all are; nearest rank."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def line(figure: Figure, measured: Measured) -> str:
    verdict = "ok" if figure.is_met(measured) else "short"
    failed = f" ({measured.failed} failed)" if measured.failed else ""
    return f"{figure.name}: {measured.value:.4g} {figure.unit}, goal {figure.goal}, {verdict}{failed}"


def main(only: str | None = None) -> int:
    """Measure and print; 0 when every figure was measured, met or not. `only`: a figure, or the file of several."""
    discover()
    chosen = [
        each
        for name, each in sorted(FIGURES.items())
        if only in (None, "", name, each.measure.__module__.rpartition(".")[2])
    ]
    if not chosen:
        print(f"There is no figure {only!r}; there are: {', '.join(sorted(FIGURES))}.", file=sys.stderr)
        return 2
    unmeasured = 0
    for each in chosen:
        began = time.monotonic()
        try:
            measured = each.measure(Run())
        except Exception as error:
            traceback.print_exc()
            print(f"{each.name}: not measured ({type(error).__name__}: {error})", flush=True)
            unmeasured += 1
            continue
        print(line(each, measured), flush=True)
        keep(each, measured, time.monotonic() - began)
    return 1 if unmeasured else 0


def keep(figure: Figure, measured: Measured, took_s: float) -> None:
    """Write the result into bench/results.json beside those of other figures of the same workload version."""
    try:
        kept = json.loads(RESULTS.read_text())
    except (OSError, ValueError):
        kept = {}
    if kept.get("workload_version") != WORKLOAD_VERSION:
        kept = {"workload_version": WORKLOAD_VERSION, "figures": {}}
    kept["machine"] = {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
    }
    kept["figures"][figure.name] = {
        "value": measured.value,
        "unit": figure.unit,
        "goal": figure.goal,
        "ok": figure.is_met(measured),
        "failed": measured.failed,
        "samples": list(measured.samples),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_s": round(took_s, 1),
        **({"more": measured.more} if measured.more else {}),
    }
    draft = RESULTS.with_suffix(".draft")
    draft.write_text(json.dumps(kept, indent=1))
    draft.replace(RESULTS)
