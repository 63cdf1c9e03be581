"""A CloudStack in a hundred lines: real sockets, real signatures, lists from memory, and trouble to order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from provisioning.cloudstack import signing

APIS = Path(__file__).parents[2] / "unit/cloudstack/data/apis.json"
KEY, SECRET = "tiny-key", "tiny-secret~with*odd+signs"

Row = dict[str, Any]
Trouble = Callable[["Handler", dict[str, str]], bool]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TinyServer

    def log_message(self, *_args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer(self.path.partition("?")[2])

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers.get("content-length", 0))).decode())

    def answer(self, wire: str) -> None:
        cloud = self.server.cloud
        params = signing.parse_wire(wire)
        command = params.get("command", "")
        with cloud.lock:
            cloud.calls.append((self.command, command, params))
            waiting = cloud.troubles.get(command) or cloud.troubles.get("*") or []
            trouble = waiting.pop(0) if waiting else None
        if trouble and trouble(self, params):
            return
        if not signing.verify(params, cloud.secret, now=datetime.now(UTC)):
            self.error("listzonesresponse" if command in cloud.catalogue else "errorresponse", 401, "unable to verify "
                       "user credentials and/or request signature")  # fmt: skip
            return
        if command not in cloud.catalogue:
            self.error(
                "errorresponse", 432, f"The API [{command}] does not exist or is not available for the account x."
            )
            return
        self.json({f"{command.lower()}response": cloud.result(command, params)})

    def error(self, wrapper: str, status: int, text: str, cserrorcode: int = 9999) -> None:
        self.json(
            {wrapper: {"uuidList": [], "errorcode": status, "cserrorcode": cserrorcode, "errortext": text}}, status
        )

    def json(self, body: Any, status: int = 200) -> None:
        self.send(status, json.dumps(body).encode(), "application/json;charset=utf-8")

    def send(self, status: int, body: bytes, content_type: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self) -> None:
        self.close_connection = True
        self.connection.close()


class TinyServer(ThreadingHTTPServer):
    daemon_threads = True
    cloud: TinyCloudStack

    def handle_error(self, *_args: Any) -> None:
        pass


class TinyCloudStack:
    """`lists` maps a command to (key, rows); `troubles` maps a command (or "*") to what happens to its next calls."""

    def __init__(self, secret: str = SECRET) -> None:
        self.secret = secret
        self.lists: dict[str, tuple[str, list[Row]]] = {}
        self.catalogue = {api["name"]: api for api in json.loads(APIS.read_text())["api"]}
        self.troubles: dict[str, list[Trouble]] = {}
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.jobs: dict[str, Row] = {}
        self.largest_page = 500
        self.lock = threading.Lock()
        self.server = TinyServer(("127.0.0.1", 0), Handler)
        self.server.cloud = self
        self.url = f"http://127.0.0.1:{self.server.server_port}/client/api"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> TinyCloudStack:
        self.thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def asked(self, command: str) -> int:
        return sum(1 for _method, name, _params in self.calls if name == command)

    def result(self, command: str, params: dict[str, str]) -> Row:
        if command == "listApis":
            return {"count": len(self.catalogue), "api": list(self.catalogue.values())}
        if command == "listCapabilities":
            return {"capability": {"cloudstackversion": "4.23.0.0", "dynamicrolesenabled": True}}
        if command == "queryAsyncJobResult":
            return self.jobs[params["jobid"]]
        key, rows = self.lists.get(command, ("none", []))
        rows = [row for row in rows if self._wanted(command, row, params)]
        if not rows:
            return {}
        size = int(params.get("pagesize", 500))
        start = (max(1, int(params.get("page", 1))) - 1) * size
        some = rows[start : start + size]
        return {"count": len(rows), key: some} if some else {}

    @staticmethod
    def _wanted(command: str, row: Row, params: dict[str, str]) -> bool:
        if "id" in params and row.get("id") != params["id"]:
            return False
        if command == "listHosts" and "type" in params and row.get("type", "Routing") != params["type"]:
            return False
        if bool(row.get("projectid")) != (params.get("projectid") == "-1") and command in (
            "listVirtualMachines", "listVolumes", "listNetworks",
        ):  # fmt: skip
            return False
        return str(row.get("issystem", False)).lower() == params.get("issystem", "false") or "offering" not in command


# -- troubles --------------------------------------------------------------------------------------------------------


def html(status: int = 200) -> Trouble:
    def trouble(handler: Handler, _params: dict[str, str]) -> bool:
        handler.send(status, b"<!DOCTYPE html><h1>It works</h1>", "text/html")
        return True

    return trouble


def busy(status: int = 503, **headers: str) -> Trouble:
    def trouble(handler: Handler, _params: dict[str, str]) -> bool:
        handler.send(status, b"", "text/plain", **headers)
        return True

    return trouble


def dropped(handler: Handler, _params: dict[str, str]) -> bool:
    handler.drop()
    return True


def truncated(handler: Handler, params: dict[str, str]) -> bool:
    """Half a document, with an honest length: the server itself broke off."""
    body = json.dumps({f"{params['command'].lower()}response": handler.server.cloud.result(params["command"], params)})
    handler.send(200, body.encode()[: len(body) // 2], "application/json")
    return True


def cut(handler: Handler, _params: dict[str, str]) -> bool:
    """A length that the body never reaches: the connection was cut."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"listzonesresponse":{"count":1,')
    handler.drop()
    return True


def late(seconds: float) -> Trouble:
    def trouble(_handler: Handler, _params: dict[str, str]) -> bool:
        time.sleep(seconds)
        return False

    return trouble


def says(status: int, text: str, cserrorcode: int = 9999) -> Trouble:
    def trouble(handler: Handler, params: dict[str, str]) -> bool:
        wrapper = "errorresponse" if status == 432 else f"{params['command'].lower()}response"
        handler.error(wrapper, status, text, cserrorcode)
        return True

    return trouble


def body(content: bytes, content_type: str = "application/json", status: int = 200) -> Trouble:
    def trouble(handler: Handler, _params: dict[str, str]) -> bool:
        handler.send(status, content, content_type)
        return True

    return trouble
