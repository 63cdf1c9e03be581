"""The command line of the simulator, shared by ``python -m provisioning.simulator`` and ``manage.py simulator``."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from provisioning.simulator import life
from provisioning.simulator.clock import Clock, ManualClock, RealClock
from provisioning.simulator.config import Config
from provisioning.simulator.persistence import StoreError
from provisioning.simulator.server import App
from provisioning.simulator.sim import Simulator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every option with its unit."""
    default = Config()
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes any free one and prints it")
    parser.add_argument("--state", type=Path, help="file that keeps the cloud over restarts (default: memory only)")
    parser.add_argument("--seed", type=int, default=default.seed, help="the same seed and sizes build the same cloud")
    parser.add_argument("--empty", action="store_true", help="build nothing: a fresh management server without a zone")
    for name in ("zones", "pods", "clusters", "hosts", "vms"):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name), help=f"how many {name} in all")
    # Arguments stand in the process list for every user of the machine; the environment is the owner's alone.
    for option, what in (
        ("api-key", "root admin's API key"),
        ("secret-key", "root admin's secret key"),
        ("control-token", "token of the control endpoint /_sim/"),
    ):
        variable = f"SIMULATOR_{option.upper().replace('-', '_')}"
        parser.add_argument(
            f"--{option}", default=os.environ.get(variable) or None, help=f"{what} (default: {variable}, else the seed)"
        )
    parser.add_argument("--latency-ms", type=float, default=0.0, help="hold every answer back so many milliseconds")
    parser.add_argument(
        "--job-seconds",
        type=float,
        default=default.job_seconds,
        help="how long a job usually takes, in simulated seconds",
    )
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in one real second")
    parser.add_argument(
        "--life", type=float, default=0.0, metavar="N", help="let N things happen in a simulated minute by themselves"
    )
    parser.add_argument(
        "--manual-clock", type=float, metavar="EPOCH", help="stand still at this time; move by POST /_sim/clock"
    )


def config_of(options: argparse.Namespace) -> Config:
    return Config(
        seed=options.seed,
        zones=options.zones,
        pods=options.pods,
        clusters=options.clusters,
        hosts=options.hosts,
        vms=options.vms,
        empty=options.empty,
        state=options.state,
        api_key=options.api_key,
        secret_key=options.secret_key,
        latency_ms=options.latency_ms,
        job_seconds=options.job_seconds,
        control_token=options.control_token,
    )


def clock_of(options: argparse.Namespace) -> Clock:
    return ManualClock(options.manual_clock) if options.manual_clock is not None else RealClock(options.speed)


def say(announcement: dict[str, object]) -> None:
    """One line of JSON on stdout, so that whoever started the process knows where and with which keys."""
    sys.stdout.write(json.dumps(announcement) + "\n")
    sys.stdout.flush()


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; 2 when the port or the state file can't be used."""
    try:
        listener = socket.create_server((options.host, options.port))
    except OSError as error:
        sys.stderr.write(f"can't listen on {options.host}:{options.port}: {error.strerror or error}" + "\n")
        return 2
    try:
        sim = Simulator(config_of(options), clock_of(options))
    except StoreError as error:
        sys.stderr.write(str(error) + "\n")
        return 2
    if options.life > 0:
        life.begin(sim, options.life)
    host, port = listener.getsockname()[:2]
    announcement = {
        "url": f"http://{host}:{port}/client/api",
        "host": host,
        "port": port,
        # Who put a secret into our environment knows it, and keeps what we say in a log.
        **{
            name: value
            for name, value in (
                ("api_key", sim.api_key),
                ("secret_key", sim.secret_key),
                ("control_token", sim.control_token),
            )
            if not os.environ.get(f"SIMULATOR_{name.upper()}")
        },
    }
    app = App(sim, on_ready=lambda: say(announcement))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", timeout_keep_alive=30)
    )
    try:
        asyncio.run(server.serve(sockets=[listener]))
    except KeyboardInterrupt:
        pass
    finally:
        sim.close()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulator", description="A simulated CloudStack management server.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))
