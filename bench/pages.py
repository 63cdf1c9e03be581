"""How much a page costs at 1,000 hosts and 100,000 instances, against /healthz of the same process."""

from __future__ import annotations

import requests

from bench import large_home
from bench.harness import Measured, Run, figure, median

TIMES = 15
PAGES = {
    "overview": "",
    "hosts": "hosts/",
    "instances": "instances/",
    "instances, searched": "instances/?q=vm-09",
    "instances, sorted": "instances/?sort=-name",
    "hierarchy": "hierarchy/",
    "health": "health/",
    "capacity": "capacity/",
}


@figure("page_cost", unit="× /healthz", at_most=100)
def page_cost(run: Run) -> Measured:
    """The dearest of eight pages: median time over /healthz' median time, one request at a time, signed in."""
    costs: dict[str, float] = {}
    samples: list[float] = []
    failed = 0
    with run.folder() as home:
        cloud = large_home.fill(run, home)
        # People are made when a home is started for the first time; the rows are there before.
        with large_home.running(home) as stack:
            session = large_home.signed_in(stack)
            probe = f"{stack.url}/healthz"
            base = median(run.timed(lambda: session.get(probe, timeout=20), 60)[10:])
            for name, path in PAGES.items():
                url = f"{stack.url}/clouds/{cloud}/{path}"

                def ask(url: str = url) -> None:
                    nonlocal failed
                    answer = session.get(url, timeout=60)
                    failed += answer.status_code != requests.codes.ok or "/sign-in" in answer.url

                ask()
                seconds = run.timed(ask, TIMES)
                samples += seconds
                costs[name] = round(median(seconds) / base, 1)
    return Measured(max(costs.values()), samples, failed, {"pages": costs, "healthz_s": base})
