"""From a stored event to the last of a hundred open pages."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

import websockets

from bench import large_home
from bench.harness import ROOT, Measured, Run, figure, percentile

SOCKETS = 100
EVENTS = 50
_PUBLISH = """
import sys, time
import django; django.setup()
from provisioning.live import publish
sys.stdin.readline()
for number in range({events}):
    publish("cloud.{cloud}", "bench.tick", {{"number": number, "sent_at": time.time()}})
    time.sleep(0.04)
"""


@figure("live_fanout_p95", unit="s", at_most=1)
def live_fanout(run: Run) -> Measured:
    """95th percentile over all events and sockets of the time between publishing and arrival; every event must reach
    every socket, once and in order."""
    with run.folder() as home:
        cloud = large_home.fill(run, home, hosts=4, instances=4)
        with large_home.running(home) as stack:
            session = large_home.signed_in(stack)
            cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
            publisher = subprocess.Popen(
                [sys.executable, "-c", _PUBLISH.format(events=EVENTS, cloud=cloud)], cwd=ROOT, text=True,
                stdin=subprocess.PIPE,
                env=run.environment(home),
            )  # fmt: skip
            try:
                delays, failed = asyncio.run(_listen(stack.url, cookie, f"cloud.{cloud}", publisher))
            finally:
                publisher.kill()
                publisher.wait(5)
    return Measured(percentile(delays, 95) if delays else float("inf"), delays, failed, {"sockets": SOCKETS})


async def _listen(url: str, cookie: str, topic: str, publisher: subprocess.Popen[str]) -> tuple[list[float], int]:
    delays: list[float] = []
    subscribed = asyncio.Semaphore(0)

    async def one() -> int:
        """How many events this socket missed or got out of order."""
        numbers: list[int] = []
        async with websockets.connect(
            url.replace("http", "ws", 1) + "/ws/live/",
            additional_headers={"Cookie": cookie},
            origin=websockets.Origin(url),
            open_timeout=30,
        ) as socket:
            await socket.send(json.dumps({"subscribe": [topic]}))
            deadline = time.monotonic() + 60
            while len(numbers) < EVENTS and time.monotonic() < deadline:
                try:
                    message = json.loads(await asyncio.wait_for(socket.recv(), deadline - time.monotonic()))
                except TimeoutError:
                    break
                if "subscribed" in message:
                    assert topic in message["subscribed"], message
                    subscribed.release()
                for event in message.get("events", []):
                    if event["kind"] == "bench.tick":
                        numbers.append(event["payload"]["number"])
                        delays.append(time.time() - event["payload"]["sent_at"])
        return sum(1 for expected, got in zip(range(EVENTS), [*numbers, *[-1] * EVENTS], strict=False)
                   if expected != got)  # fmt: skip

    async def begin() -> None:
        for _ in range(SOCKETS):
            await asyncio.wait_for(subscribed.acquire(), 60)
        assert publisher.stdin is not None
        publisher.stdin.write("go\n")
        publisher.stdin.flush()

    starting = asyncio.create_task(begin())
    missed = await asyncio.gather(*(one() for _ in range(SOCKETS)))
    await starting
    return delays, sum(missed)
