"""The stack under kill: a child comes back, nothing outlives the supervisor, a start is refused in one sentence."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
import requests

from portal.settings.runtime import valkey_socket
from tests.support.processes import ROOT, wait_for
from tests.support.stack import RunningStack, marked, start_stack

pytestmark = [pytest.mark.crash]
CHILDREN = ("valkey", "web", "worker", "beat", "sealer")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    # Short, so that the socket stays inside it.
    folder = Path(tempfile.mkdtemp(prefix="zw-crash-"))
    yield folder
    for process in marked(folder):
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def stack(home: Path) -> Iterator[RunningStack]:
    """A stack without the demo cloud: what is tested is the supervision."""
    running = start_stack(home, "--no-demo").wait_ready()
    yield running
    running.stop()


@pytest.mark.parametrize("name", CHILDREN)
def test_killed_child_comes_back(stack: RunningStack, name: str) -> None:
    before = stack.children()
    psutil.Process(before[name]).kill()
    now = wait_for(
        lambda: (after := stack.children()).get(name) not in {None, before[name]} and after,
        20,
        f"{name} has a new process",
    )
    wait_for(stack.is_ready, 30, f"/readyz after {name} was killed")
    # Nobody else was disturbed.
    assert {each: pid for each, pid in now.items() if each != name} == {
        each: pid for each, pid in before.items() if each != name
    }
    assert not psutil.pid_exists(before[name])


def test_killed_pool_process_comes_back(stack: RunningStack) -> None:
    worker = psutil.Process(stack.children()["worker"])
    pool = wait_for(lambda: worker.children(recursive=True), 20, "the worker's pool")
    pool[0].kill()
    wait_for(
        lambda: len(worker.children(recursive=True)) >= len(pool) and pool[0].pid not in
        {child.pid for child in worker.children(recursive=True)},
        30,
        "the pool is whole again",
    )  # fmt: skip
    assert stack.is_ready()


def test_killed_worker_leaves_no_pool_process(stack: RunningStack) -> None:
    worker = psutil.Process(stack.children()["worker"])
    pool = wait_for(lambda: worker.children(recursive=True), 20, "the worker's pool")
    worker.kill()
    _gone, alive = psutil.wait_procs(pool, timeout=5)
    assert not alive
    wait_for(stack.is_ready, 30, "/readyz after the worker was killed")


def test_valkey_keeps_its_queue_over_a_kill(stack: RunningStack) -> None:
    """A message that nobody has taken is still there when Valkey was killed a second after it arrived."""
    client = redis.Redis(unix_socket_path=str(valkey_socket(stack.home.resolve())))
    client.rpush("zonewright:test:queue", "kept")
    time.sleep(1.3)  # appendfsync everysec: what is older than a second is on the disk
    psutil.Process(stack.children()["valkey"]).kill()

    def kept() -> bool:
        try:
            return client.lrange("zonewright:test:queue", 0, -1) == [b"kept"]
        except redis.RedisError:
            return False

    wait_for(kept, 20, "the queue after a killed Valkey")
    client.delete("zonewright:test:queue")
    wait_for(stack.is_ready, 30, "/readyz after Valkey was killed")


def test_connections_wait_while_the_web_process_restarts(stack: RunningStack) -> None:
    """The supervisor holds the listening socket: a request made while nobody serves is answered, not refused."""
    psutil.Process(stack.children()["web"]).kill()
    assert requests.get(f"{stack.url}/healthz", timeout=30).status_code == 200
    wait_for(stack.is_ready, 30, "/readyz")


def test_second_instance_is_refused_in_one_sentence(stack: RunningStack) -> None:
    said = refused(stack.home, "--port", "0")
    assert "already runs" in said
    assert stack.url in said
    assert stack.is_ready()


def test_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(tmp_path, "--port", str(port))
    assert f"Port {port}" in said
    assert "PORT=" in said
    assert not (tmp_path / "zonewright.sqlite3").exists()
    assert not (tmp_path / "logs").exists()


def test_half_a_cloud_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, "--port", "0", CLOUD_URL="http://127.0.0.1:1/client/api")
    assert "CLOUD_API_KEY" in said
    assert "CLOUD_SECRET_KEY" in said


def refused(home: Path, *options: str, **env: str) -> str:
    """What a start says that is refused; it must be one line, and the exit code not 0."""
    answer = subprocess.run(
        [sys.executable, "manage.py", "stack", *options], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={**os.environ, "ZONEWRIGHT_HOME": str(home), "DJANGO_SETTINGS_MODULE": "portal.settings.dev", **env},
        check=False,
    )  # fmt: skip
    assert answer.returncode != 0
    assert answer.stdout == ""
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1, answer.stderr
    return lines[0]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_everything(home: Path, stack: RunningStack, tmp_path: Path, sign: int) -> None:
    other = start_stack(tmp_path, "--no-demo").wait_ready()
    wait_for(lambda: len(other.processes()) > len(CHILDREN), 30, "all children run")
    began = time.monotonic()
    assert other.stop(sign) == 0
    assert time.monotonic() - began < 12
    assert other.processes() == []
    assert "nothing is left running" in other.said()
    # The neighbour on another home was not touched.
    assert stack.is_ready()


def test_killed_supervisor_leaves_nothing_and_loses_nothing(tmp_path: Path) -> None:
    first = start_stack(tmp_path, "--no-demo").wait_ready()
    with sqlite3.connect(tmp_path / "zonewright.sqlite3") as database:
        people = database.execute("SELECT username, password FROM accounts_user").fetchall()
    assert people
    everybody = first.processes()
    os.kill(first.facts["pid"], signal.SIGKILL)
    _gone, alive = psutil.wait_procs(everybody, timeout=8)
    assert not alive, [process.cmdline() for process in alive]
    began = time.monotonic()
    second = start_stack(tmp_path, "--no-demo").wait_ready()
    assert time.monotonic() - began < 30  # ready within 15 s alone on two cores; tests run beside others
    with sqlite3.connect(tmp_path / "zonewright.sqlite3") as database:
        assert database.execute("SELECT username, password FROM accounts_user").fetchall() == people
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert second.stop() == 0
    assert second.processes() == []


def test_make_run_in_the_background_of_a_script_ends_by_sigint(tmp_path: Path) -> None:
    """A non-interactive shell starts `make run &` with SIGINT ignored; the supervisor listens to it all the same."""
    environment = {**os.environ, "ZONEWRIGHT_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings.dev"}
    shell = subprocess.Popen(
        ["sh", "-c", f"{sys.executable} manage.py stack --port 0 --no-demo >{tmp_path}/stack.out 2>&1 & wait"],
        cwd=ROOT, env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        running = RunningStack(tmp_path, shell, tmp_path / "stack.out")  # type: ignore[arg-type]
        running.wait_ready()
        os.kill(running.facts["pid"], signal.SIGINT)
        wait_for(lambda: not running.processes(), 15, "everything ended")
    finally:
        for process in marked(tmp_path):
            process.kill()
        shell.kill()
        shell.wait(5)


def test_make_that_is_interrupted_alone_takes_the_stack_with_it(tmp_path: Path) -> None:
    """`kill -INT` on make reaches make only: it waits for its child for ever unless the child notices."""
    makefile = tmp_path / "Makefile"
    makefile.write_text(
        f"run:\n\t@ZONEWRIGHT_END_WITH_PARENT=1 exec {sys.executable} manage.py stack --port 0 --no-demo\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    with (home / "stack.out").open("wb") as output:
        make = subprocess.Popen(
            ["make", "-f", str(makefile), "run"], cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, "ZONEWRIGHT_HOME": str(home), "DJANGO_SETTINGS_MODULE": "portal.settings.dev"},
            # A suite started in the background of a script has SIGINT ignored, and make would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
    try:
        running = RunningStack(home, make, home / "stack.out")  # type: ignore[arg-type]
        running.wait_ready()
        make.send_signal(signal.SIGINT)
        make.wait(15)
        assert running.processes() == []
    finally:
        for process in marked(home):
            process.kill()
        if make.poll() is None:
            make.kill()
