"""Makes .venv and installs pinned requirements, once: `python3 .ci/bootstrap.py [run|dev]`.

Runs on a bare system Python with nothing installed, so it imports the standard library alone. A stamp with the hash of
the requirements and the interpreter's version lets the next start skip pip.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
FILES = {"run": ["requirements.txt"], "dev": ["requirements.txt", "requirements-dev.txt"]}


def fail(sentence: str) -> None:
    sys.exit(f"zonewright: {sentence}")


def usable_python() -> str:
    """This interpreter, or a newer one beside it. Ends with a sentence when there is none, or when venv is missing."""
    if sys.version_info >= (3, 11):  # noqa: UP036 (this file runs on whatever python3 is)
        found = sys.executable
    else:
        names = ("python3.14", "python3.13", "python3.12", "python3.11")
        found = next(filter(None, map(shutil.which, names)), "")
        if not found:
            fail(f"Python 3.11 or newer is needed; python3 here is {sys.version.split()[0]}.")
    if subprocess.call([found, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL):
        fail("Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv")
    return found


def digest(what: str, python: str) -> str:
    made_with = subprocess.run([python, "-VV"], capture_output=True, text=True, check=False).stdout
    parts = [made_with, *((ROOT / name).read_text() for name in FILES[what])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def stamp(what: str) -> Path:
    return VENV / f".zonewright-{what}"


def is_fresh(what: str) -> bool:
    """Whether `what` (or the larger set that includes it) is installed as the requirements say now."""
    python = VENV / "bin" / "python"
    if not python.exists():
        return False
    stamps = {each: stamp(each) for each in (what, "dev")}
    return any(file.exists() and file.read_text() == digest(each, str(python)) for each, file in stamps.items())


def main() -> None:
    what = sys.argv[1] if len(sys.argv) > 1 else "run"
    if what not in FILES:
        fail(f"{what!r} is neither run nor dev.")
    with open(ROOT / ".ci" / "bootstrap.py") as mutex:
        # Two makes at once: the second waits and finds everything done.
        fcntl.flock(mutex, fcntl.LOCK_EX)
        if is_fresh(what):
            return
        python = VENV / "bin" / "python"
        works = python.exists() and not subprocess.call(
            [str(python), "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if not works:
            print("Making .venv ...", flush=True)
            if subprocess.call([usable_python(), "-m", "venv", "--clear", str(VENV)]):
                fail("the virtual environment could not be made; the lines above say why.")
        print(f"Installing requirements ({what}) ...", flush=True)
        requirements = FILES[what][-1]
        command = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "-r",
            str(ROOT / requirements),
        ]
        env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        if subprocess.call(command, env=env):
            fail("the requirements could not be installed; pip's lines above say why.")
        stamp(what).write_text(digest(what, str(python)))


if __name__ == "__main__":
    main()
