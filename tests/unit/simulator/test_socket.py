"""The simulator as a process: HTTP as CloudStack's servlet container speaks it, sessions, faults, sudden ends."""

from __future__ import annotations

import http.client
import json
import signal
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from provisioning.simulator import signing
from tests.support.simulator import SimulatorProcess, start_simulator


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatorProcess]:
    process = start_simulator("--empty")
    yield process
    process.stop()


class Speaker:
    """One keep-alive connection to a simulator."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.process = process
        self.connection = http.client.HTTPConnection(process.host, process.port, timeout=20)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body.encode() or None, sent)
        answer = self.connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def signed(self, command: str, **params: str) -> str:
        sent = {"command": command, "response": "json", "apiKey": self.process.api_key, **params}
        sent["signature"] = signing.sign(self.process.secret_key, sent)
        return urlencode(sent)


@pytest.fixture
def speaker(running: SimulatorProcess) -> Speaker:
    return Speaker(running)


FORM = "application/x-www-form-urlencoded"


def test_post_forms_are_read_like_queries(speaker: Speaker) -> None:
    signed = speaker.signed("listOsTypes", page="1", pagesize="2")
    status, headers, body = speaker.ask("POST", "/client/api", signed, Content_Type=FORM)
    assert status == 200
    assert headers["content-type"] == "application/json;charset=utf-8"
    assert len(json.loads(body)["listostypesresponse"]["ostype"]) == 2
    assert speaker.ask("GET", f"/client/api?{signed}")[2] == body


def test_json_bodies_are_ignored(speaker: Speaker) -> None:
    status, _, _ = speaker.ask(
        "POST", "/client/api", json.dumps({"command": "listZones"}), Content_Type="application/json"
    )
    assert status == 401


def test_the_query_wins_over_the_form(speaker: Speaker) -> None:
    status, _, body = speaker.ask(
        "POST", f"/client/api?{speaker.signed('listZones')}", "command=listPods", Content_Type=FORM
    )
    assert status == 200
    assert b"listzonesresponse" in body


def test_other_methods_paths_and_sizes(speaker: Speaker) -> None:
    assert speaker.ask("PUT", "/client/api")[0] == 405
    assert speaker.ask("GET", "/client/nothing")[0] == 404
    assert speaker.ask("GET", "/client/api?" + "x" * 9000)[0] == 414
    status, headers, _ = speaker.ask("POST", "/client/api", "a=" + "x" * (1024 * 1024), Content_Type=FORM)
    assert status == 404
    assert headers["content-type"].startswith("text/html")
    status, headers, body = speaker.ask("HEAD", f"/client/api?{speaker.signed('listZones')}")
    assert (status, body) == (200, b"")


def test_without_json_asked_for_the_answer_is_xml(speaker: Speaker) -> None:
    sent = {"command": "listCapabilities", "apiKey": speaker.process.api_key}
    sent["signature"] = signing.sign(speaker.process.secret_key, sent)
    status, headers, body = speaker.ask("GET", f"/client/api?{urlencode(sent)}")
    assert status == 200
    assert headers["content-type"] == "text/xml;charset=utf-8"
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?><listcapabilitiesresponse cloud-stack-version="4.23')


def test_refusals_carry_their_text_in_a_header(speaker: Speaker) -> None:
    status, headers, body = speaker.ask("GET", f"/client/api?{speaker.signed('listTrafficTypes')}")
    assert status == 431
    assert headers["x-description"] == json.loads(body)["listtraffictypesresponse"]["errortext"]


def cookies(connection: Speaker, path: str, body: str) -> tuple[int, str, bytes]:
    connection.connection.request("POST", path, body, {"Content-Type": FORM})
    answer = connection.connection.getresponse()
    jar: dict[str, str] = {}
    for name, value in answer.getheaders():
        if name.lower() == "set-cookie":
            jar.update({key: morsel.value for key, morsel in SimpleCookie(value).items()})
    return answer.status, "; ".join(f"{key}={value}" for key, value in jar.items()), answer.read()


def test_a_session_lasts_until_it_is_left(speaker: Speaker) -> None:
    login = urlencode({"command": "login", "username": "admin", "password": "password", "response": "json"})
    status, jar, body = cookies(speaker, "/client/api", login)
    assert status == 200
    key = json.loads(body)["loginresponse"]["sessionkey"]
    query = urlencode({"command": "listZones", "response": "json", "sessionkey": key})
    assert speaker.ask("GET", f"/client/api?{query}", Cookie=jar)[0] == 200
    out = urlencode({"command": "logout", "response": "json", "sessionkey": key})
    assert speaker.ask("GET", f"/client/api?{out}", Cookie=jar)[0] == 200
    assert speaker.ask("GET", f"/client/api?{query}", Cookie=jar)[0] == 401


def test_five_wrong_passwords_lock_the_user() -> None:
    process = start_simulator("--empty", "--seed", "9")
    try:
        speaker = Speaker(process)
        wrong = urlencode({"command": "login", "username": "admin", "password": "no", "response": "json"})
        right = urlencode({"command": "login", "username": "admin", "password": "password", "response": "json"})
        assert cookies(speaker, "/client/api", right)[0] == 200
        assert [cookies(speaker, "/client/api", wrong)[0] for _ in range(5)] == [531] * 5
        assert cookies(speaker, "/client/api", right)[0] == 531
    finally:
        process.stop()


def test_a_dropped_connection_is_no_answer(running: SimulatorProcess) -> None:
    speaker = Speaker(running)
    running.control("faults", "POST", action="drop", command="listZones")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        speaker.ask("GET", f"/client/api?{speaker.signed('listZones')}")
    again = Speaker(running)
    assert again.ask("GET", f"/client/api?{again.signed('listZones')}")[0] == 200


def test_half_an_answer_breaks_off(running: SimulatorProcess) -> None:
    speaker = Speaker(running)
    running.control("faults", "POST", action="half", command="listOsTypes")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        speaker.ask("GET", f"/client/api?{speaker.signed('listOsTypes')}")


def test_the_control_endpoint_is_closed_without_its_token(speaker: Speaker) -> None:
    assert speaker.ask("GET", "/_sim/calls")[0] == 403
    assert speaker.ask("GET", "/_sim/calls", X_Sim_Token="wrong")[0] == 403
    status, _, body = speaker.ask("GET", "/_sim/info", X_Sim_Token=speaker.process.control_token)
    assert status == 200
    assert json.loads(body)["complaints"] == []
    assert speaker.ask("POST", "/_sim/faults", "{not json", X_Sim_Token=speaker.process.control_token)[0] == 400


def test_a_killed_process_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    options = ("--empty", "--state", str(tmp_path / "cloud.sqlite"))
    first = start_simulator(*options)
    speaker = Speaker(first)
    for number in range(20):
        query = speaker.signed(
            "createZone", name=f"z{number}", networktype="Advanced", dns1="1.1.1.1", internaldns1="1.1.1.1"
        )
        assert speaker.ask("GET", f"/client/api?{query}")[0] == 200
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(20)
    second = start_simulator(*options)
    try:
        assert second.api_key == first.api_key
        speaker = Speaker(second)
        _, _, body = speaker.ask("GET", f"/client/api?{speaker.signed('listZones')}")
        assert [zone["name"] for zone in json.loads(body)["listzonesresponse"]["zone"]] == [f"z{n}" for n in range(20)]
    finally:
        second.stop()


def test_a_taken_port_is_told_in_one_sentence(running: SimulatorProcess) -> None:
    import subprocess
    import sys

    ended = subprocess.run([sys.executable, "-m", "provisioning.simulator", "--empty", "--port", str(running.port)],
                           capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert str(running.port) in ended.stderr
