"""What the kernel is asked for so that no process of the stack outlives the stack."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(sign: int = signal.SIGKILL) -> None:
    """Have the kernel send `sign` to this process when its parent ends (Linux, prctl(2)); elsewhere nothing happens."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
    if os.getppid() != parent:
        # The parent ended while we asked: nobody will be told any more.
        os.kill(os.getpid(), sign)


# Run in a fresh interpreter between fork and the real program, so that nothing of ours has to run in a forked copy of
# a threaded process. Arguments: parent's pid, signal, program and its arguments.
EXEC_TIED = """
import ctypes, os, signal, sys
parent, sign = int(sys.argv[1]), int(sys.argv[2])
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(each, signal.SIG_DFL)
ctypes.CDLL(None).prctl(1, sign, 0, 0, 0)
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[3], sys.argv[3:])
"""


def tied(argv: list[str], sign: int = signal.SIGKILL) -> list[str]:
    """`argv` (an absolute program first) as a command that ends by `sign` when this process does."""
    return [sys.executable, "-I", "-S", "-c", EXEC_TIED, str(os.getpid()), str(int(sign)), *argv]
