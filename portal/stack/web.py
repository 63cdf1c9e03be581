"""The web process: uvicorn on a socket that the supervisor opened. `python -m portal.stack.web DESCRIPTOR`."""

from __future__ import annotations

import socket
import sys

import uvicorn

GRACEFUL_S = 4


def main() -> None:
    listener = socket.socket(fileno=int(sys.argv[1]))
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
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
