"""How long the second start of `make run` takes until /readyz answers 200."""

from __future__ import annotations

import time

from bench.harness import Measured, Run, figure
from tests.support.stack import start_stack

STARTS = 3


@figure("second_start", unit="s", at_most=15)
def second_start(run: Run) -> Measured:
    """The slowest of three starts on a home that has been started before, demo cloud included."""
    samples = []
    with run.folder() as home:
        start_stack(home).wait_ready().stop()
        for _ in range(STARTS):
            began = time.monotonic()
            running = start_stack(home)
            try:
                running.wait_ready()
                samples.append(time.monotonic() - began)
            finally:
                running.stop()
    return Measured(max(samples), samples)
