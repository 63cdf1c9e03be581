"""What a sync of 1,000 hosts and 100,000 instances costs: the first, the second, and the memory of the worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from bench.harness import ROOT, Measured, Run, figure

HOSTS, INSTANCES = 1000, 100_000

# One process, as a worker would be: two syncs, one after the other.
_PROGRAM = """
import json, resource, time
from provisioning.inventory.models import Cloud, Sync
from provisioning.inventory.sync import queue, run
queue.send = lambda pk: None
cloud = Cloud.objects.create(name="bench", api_url={url!r}, api_key={api_key!r}, secret_key={secret_key!r})
found = []
for _ in range(2):
    started = time.monotonic()
    sync = queue.ask(cloud)
    run.run(sync)
    sync.refresh_from_db()
    found.append({{"seconds": time.monotonic() - started, "state": sync.state, "error": sync.error,
                  "seen": sync.objects_seen, "written": sync.rows_written,
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}})
print(json.dumps(found))
"""


@contextmanager
def _simulator(run: Run, home: Path) -> Iterator[dict[str, str]]:
    """A simulator of that size that stands still, so that the second sync has nothing to find."""
    process = subprocess.Popen(
        [sys.executable, "-m", "provisioning.simulator", "--port", "0", "--hosts", str(HOSTS), "--vms", str(INSTANCES),
         "--manual-clock", "1790000000"],
        cwd=ROOT, env=run.environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)


@cache
def _syncs() -> tuple[dict[str, Any], dict[str, Any]]:
    """Both syncs, measured once for all figures of this file."""
    run = Run()
    with run.folder() as home, _simulator(run, home) as simulator:
        manage = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(manage, cwd=ROOT, env=run.environment(home), check=True, capture_output=True)
        first, second = json.loads(run.program(_PROGRAM.format(**simulator), home))
    return first, second


def _failed() -> int:
    return sum(sync["state"] != "done" or sync["seen"] < INSTANCES for sync in _syncs())


@figure("first_sync_seconds", unit="s", at_most=120)
def first_sync_seconds(_run: Run) -> Measured:
    """The first sync into an empty SQLite database: every row and its raw answer is written."""
    first, _second = _syncs()
    return Measured(first["seconds"], [first["seconds"]], _failed(), first)


@figure("second_sync_ratio", unit="× first sync", at_most=0.5)
def second_sync_ratio(_run: Run) -> Measured:
    """A sync that finds nothing new, against the first one of the same size."""
    first, second = _syncs()
    return Measured(second["seconds"] / first["seconds"], [first["seconds"], second["seconds"]], _failed(), second)


@figure("second_sync_rows", unit="rows", at_most=0)
def second_sync_rows(_run: Run) -> Measured:
    """Inventory rows that a sync writes when nothing has changed."""
    _first, second = _syncs()
    return Measured(second["written"], [second["written"]], _failed())


@figure("sync_peak_mib", unit="MiB", at_most=400)
def sync_peak_mib(_run: Run) -> Measured:
    """Peak memory of the process that ran both syncs."""
    first, second = _syncs()
    return Measured(max(first["peak_mib"], second["peak_mib"]), [first["peak_mib"], second["peak_mib"]], _failed())
