"""Signed requests exactly as a client sent them to a real server, with its verdict, through the simulator's own
socket.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import uvicorn

from provisioning.simulator import signing
from provisioning.simulator.clock import ManualClock
from provisioning.simulator.config import Config
from provisioning.simulator.server import App
from provisioning.simulator.sim import Simulator
from tests.contract.replay import epoch, signature_vectors

VECTORS = signature_vectors()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = Config(empty=True, api_key=VECTORS["api_key"], secret_key=VECTORS["secret_key"])
    sim = Simulator(config, ManualClock(epoch("2026-11-23T00:30:00")))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(App(sim), log_level="error", lifespan="on"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(20)


def test_every_vector_gets_the_recorded_verdict(port: int) -> None:
    """All of them, sent byte by byte as recorded."""
    from urllib.parse import quote

    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    wrong = []
    for vector in VECTORS["vectors"]:
        connection.request("GET", f"/client/api?{vector['wire']}&signature={quote(vector['signature'], safe='')}")
        answer = connection.getresponse()
        answer.read()
        if answer.status != vector["status"]:
            wrong.append(f"{vector['case']}: recorded {vector['status']}, got {answer.status}")
    connection.close()
    assert len(VECTORS["vectors"]) == 179
    assert not wrong, "\n".join(wrong)


def test_a_broken_signature_of_every_accepted_vector_is_refused(port: int) -> None:
    """The verdict hangs on the signature, not on the request."""
    from urllib.parse import quote

    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    for vector in VECTORS["vectors"][::5]:
        signature = signing.sign("another secret", dict(vector["params"]))
        connection.request("GET", f"/client/api?{vector['wire']}&signature={quote(signature, safe='')}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 401, vector["case"]
    connection.close()
