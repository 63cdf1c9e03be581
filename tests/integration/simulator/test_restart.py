"""What a simulated cloud keeps when its process ends, politely or not."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from provisioning.simulator import signing
from tests.integration.simulator.conftest import Process

Start = Callable[..., Process]


def call(process: Process, command: str, **params: Any) -> dict[str, Any]:
    """One signed call as root admin; the answer inside its envelope."""
    import json

    sent = {
        "command": command,
        "response": "json",
        "apiKey": process.info["api_key"],
        **{k: str(v) for k, v in params.items()},
    }
    sent["signature"] = signing.sign(process.info["secret_key"], sent)
    try:
        with urllib.request.urlopen(f"{process.url}?{urlencode(sent)}", timeout=20) as answer:
            body = json.load(answer)
    except urllib.error.HTTPError as error:
        body = json.load(error)
    return next(iter(body.values()))  # type: ignore[no-any-return]


def finished(process: Process, job: str) -> dict[str, Any]:
    for _ in range(400):
        answer = call(process, "queryAsyncJobResult", jobid=job)
        if answer["jobstatus"] != 0:
            return answer
        time.sleep(0.02)
    raise AssertionError("the job does not end")


def deploy(process: Process, name: str) -> dict[str, Any]:
    zone = next(z for z in call(process, "listZones")["zone"] if z["name"] == "fra-1")
    offering = next(o for o in call(process, "listServiceOfferings")["serviceoffering"] if o["name"] == "tiny-1x1")
    template = next(
        t for t in call(process, "listTemplates", templatefilter="executable", zoneid=zone["id"])["template"]
    )
    return call(
        process,
        "deployVirtualMachine",
        name=name,
        zoneid=zone["id"],
        serviceofferingid=offering["id"],
        templateid=template["id"],
    )


def everything(process: Process) -> dict[str, Any]:
    """Lists whose answers must survive, without what time alone changes."""
    out: dict[str, Any] = {}
    for command in ("listVirtualMachines", "listVolumes", "listNetworks", "listRouters", "listPublicIpAddresses"):
        rows = next((v for v in call(process, command, listall="true").values() if isinstance(v, list)), [])
        for row in rows:
            row.pop("hostcontrolstate", None)
        out[command] = {row["id"]: row for row in rows}
    return out


def test_a_restart_changes_nothing(simulator: Start, tmp_path: Path) -> None:
    state = str(tmp_path / "cloud.sqlite")
    first = simulator("--state", state, "--job-seconds", "0.05")
    made = deploy(first, "kept-1")
    assert finished(first, made["jobid"])["jobstatus"] == 1
    before = everything(first)
    first.stop()
    second = simulator("--state", state, "--job-seconds", "0.05")
    after = everything(second)
    assert after == before
    assert before["listVirtualMachines"][made["id"]]["state"] == "Running"
    # Numbers go on where they were.
    again = deploy(second, "kept-2")
    assert finished(second, again["jobid"])["jobstatus"] == 1
    assert again["id"] not in before["listVirtualMachines"]


@pytest.mark.crash
def test_kill_in_mid_life_leaves_no_half_done_vm(simulator: Start, tmp_path: Path) -> None:
    state = str(tmp_path / "cloud.sqlite")
    # Jobs take long enough to be caught in the middle.
    first = simulator("--state", state, "--job-seconds", "20")
    made = [deploy(first, f"caught-{number}") for number in range(3)]
    running = next(
        v for v in call(first, "listVirtualMachines", listall="true")["virtualmachine"] if v["state"] == "Running"
    )
    stop = call(first, "stopVirtualMachine", id=running["id"])
    first.kill()
    second = simulator("--state", state, "--job-seconds", "0.05")
    for job in [m["jobid"] for m in made] + [stop["jobid"]]:
        answer = call(second, "queryAsyncJobResult", jobid=job)
        assert answer["jobstatus"] == 2
        assert answer["jobresult"]["errortext"] == "job cancelled because of management server restart or shutdown"
    vms = {v["id"]: v for v in call(second, "listVirtualMachines", listall="true")["virtualmachine"]}
    assert {vms[m["id"]]["state"] for m in made} <= {"Error", "Stopped"}
    assert vms[running["id"]]["state"] in {"Running", "Stopped"}
    assert not {v["state"] for v in vms.values()} & {"Starting", "Stopping", "Migrating"}
    for network in call(second, "listNetworks", listall="true")["network"]:
        assert network["state"] != "Implementing"
    assert second.control("GET", "info")["complaints"] == []


def test_secrets_from_the_environment_are_not_said(simulator: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_SECRET_KEY", "known-to-the-caller")
    said = simulator("--empty").info
    assert "secret_key" not in said
    assert "api_key" in said
