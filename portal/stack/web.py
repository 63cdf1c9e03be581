"""The web process: uvicorn on a socket that somebody else opened, or on an address of its own.

`python -m portal.stack.web 3` takes descriptor 3 (the supervisor's, or systemd's socket activation);
`python -m portal.stack.web 0.0.0.0:8000` and `python -m portal.stack.web unix:/run/web.sock` open one.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

GRACEFUL_S = 4


def listener(where: str) -> socket.socket:
    """The socket that `where` names. Raises OSError when it cannot be opened."""
    if where.isdigit():
        return socket.socket(fileno=int(where))
    if where.startswith("unix:"):
        path = Path(where.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        opened = socket.socket(socket.AF_UNIX)
        opened.bind(str(path))
        opened.listen(1024)
        return opened
    host, _, port = where.rpartition(":")
    host = host.strip("[]")
    return socket.create_server(
        (host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
    )


def main() -> None:
    config = uvicorn.Config(
        "portal.asgi:application",
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        proxy_headers=False,  # portal.middleware decides who may say where a request comes from
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACEFUL_S,
    )
    uvicorn.Server(config).run(sockets=[listener(sys.argv[1])])


if __name__ == "__main__":
    main()
