"""Recorded answers through the reader: what is good comes out, what is refused has the right error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from provisioning.cloudstack import catalogue, errors
from provisioning.cloudstack.answers import error_for, read_answer
from provisioning.cloudstack.commands import CALLED_BY_THE_PRODUCT
from provisioning.cloudstack.jobs import read_job

DATA = Path(__file__).parent / "data"
RECORDED = [json.loads(line) for line in (DATA / "recorded.jsonl").read_text().splitlines()]
JSON = [e for e in RECORDED if isinstance(e["body"], dict)]

# Every code in the recording, and the text that makes it another error.
WANTED: dict[int, type[errors.CloudStackError]] = {
    401: errors.AuthenticationFailed,
    430: errors.ParameterRefused,
    431: errors.ParameterRefused,
    432: errors.PermissionRefused,
    530: errors.ServerFault,
    531: errors.PermissionRefused,
    533: errors.NoCapacity,
    535: errors.LimitReached,
    537: errors.Conflict,
}
NOT_FOUND = (
    "00000000-0000-4000-8000-000000000000", "5199", "doesn't exist", "could not find", "Unable to find", "not found",
    "Cannot find",
)  # fmt: skip


def read(exchange: dict[str, Any]) -> dict[str, Any]:
    return read_answer(
        exchange["command"], exchange["status"], exchange["content_type"], orjson.dumps(exchange["body"]), place="here"
    )


@pytest.mark.parametrize("exchange", [e for e in JSON if e["status"] == 200], ids=lambda e: e["command"])
def test_good_answers_come_out(exchange: dict[str, Any]) -> None:
    assert read(exchange) == next(iter(exchange["body"].values()))


@pytest.mark.parametrize(
    "exchange", [e for e in JSON if e["status"] != 200], ids=lambda e: f"{e['command']}-{e['status']}"
)
def test_refusals_have_their_error(exchange: dict[str, Any]) -> None:
    wrapper, inner = next(iter(exchange["body"].items()))
    wanted: type[errors.CloudStackError] = WANTED[exchange["status"]]
    if exchange["status"] == 401 and wrapper == "errorresponse":
        wanted = errors.CommandMissing
    if exchange["status"] == 431 and any(words in inner["errortext"] for words in NOT_FOUND):
        wanted = errors.NotFound
    with pytest.raises(errors.CloudStackError) as caught:
        read(exchange)
    assert type(caught.value) is wanted, inner["errortext"]
    assert caught.value.what_cloudstack_said == inner["errortext"]
    assert (caught.value.http_status, caught.value.errorcode) == (exchange["status"], inner["errorcode"])
    assert caught.value.cserrorcode == inner.get("cserrorcode")
    assert caught.value.sentence.endswith(".") and ".." not in caught.value.sentence


FAILED = [
    next(iter(e["body"].values())) for e in JSON
    if e["command"] == "queryAsyncJobResult" and next(iter(e["body"].values())).get("jobstatus") == 2
]  # fmt: skip


@pytest.mark.parametrize("answer", FAILED, ids=lambda answer: answer["jobid"][:8])
def test_failed_jobs_keep_cloudstacks_words(answer: dict[str, Any]) -> None:
    result = read_job(answer["jobid"], answer)
    error = error_for("job", None, result.result_code, None, result.error_text, place="here")
    assert result.is_done and result.error_text == answer["jobresult"]["errortext"]
    assert result.result_code == answer["jobresultcode"]
    if "No destination" in result.error_text or "No suitable host" in result.error_text:
        assert type(error) is errors.NoCapacity
    elif result.result_code == 530:
        assert type(error) is errors.ServerFault


def test_the_catalogue_is_read_whole() -> None:
    answer = json.loads((DATA / "apis.json").read_text())
    commands = catalogue.read_catalogue(answer)
    assert len(commands) == answer["count"]
    assert commands["deployVirtualMachine"].is_async
    assert commands["listTemplates"].parameters["templatefilter"].is_required
    assert commands["listHosts"].takes("PageSize") and commands["listHosts"].takes("response")
    assert not commands["listHosts"].takes("colour")
    again = catalogue.command_from("listHosts", False, "", commands["listHosts"].as_record())
    assert again.parameters == commands["listHosts"].parameters
    with pytest.raises(ValueError, match="no commands"):
        catalogue.read_catalogue({})


@pytest.mark.parametrize(
    ("name", "reads"),
    [("listHosts", True), ("getUserKeys", True), ("queryAsyncJobResult", True), ("findHostsForMigration", True),
     ("getUploadParamsForVolume", False), ("deployVirtualMachine", False), ("listen", False), ("getter", False)],
)  # fmt: skip
def test_reads_by_name(name: str, reads: bool) -> None:
    assert catalogue.is_read_name(name) is reads


def test_the_list_of_our_commands_is_what_the_sync_asks() -> None:
    from provisioning.inventory.sync.records.run import STEPS
    from provisioning.inventory.sync.specs import SPECS

    asked = {source.command for spec in SPECS.values() for source in spec.sources} | {step[1] for step in STEPS}
    assert asked <= CALLED_BY_THE_PRODUCT
