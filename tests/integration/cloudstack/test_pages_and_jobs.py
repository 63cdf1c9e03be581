"""Calls that are repeated, lists that come in pages, jobs that are polled: against a real socket."""

from __future__ import annotations

import json

import pytest

from provisioning.cloudstack import errors
from tests.integration.cloudstack import tiny as t
from tests.integration.cloudstack.test_gateway import gateway, zones
from tests.integration.cloudstack.tiny import TinyCloudStack

# -- repeating reads, never writes -----------------------------------------------------------------------------------


def test_reads_are_repeated_within_their_budget(tiny: TinyCloudStack) -> None:
    zones(tiny)
    waits: list[float] = []
    tiny.troubles["listZones"] = [t.busy(503), t.busy(429, Retry_After="2"), t.dropped]
    door = gateway(tiny, retry_budget_s=60, sleep=waits.append)
    assert door.call("listZones")["count"] == 1
    assert tiny.asked("listZones") == 4
    assert waits[1] >= 2 and all(wait > 0 for wait in waits)
    tiny.troubles["listZones"] = [t.busy(503)] * 100
    waits.clear()
    with pytest.raises(errors.Busy):
        door.call("listZones")
    assert 0 < sum(waits) <= 60


@pytest.mark.parametrize("trouble", [t.busy(503), t.dropped, t.late(1.0)])
def test_writes_are_sent_once(tiny: TinyCloudStack, trouble: t.Trouble) -> None:
    tiny.troubles["createZone"] = [trouble]
    with pytest.raises(errors.CloudStackError) as caught:
        gateway(tiny, timeout_s=0.3, retry_budget_s=60).call("createZone", name="z")
    assert tiny.asked("createZone") == 1
    assert caught.value.is_outcome_unknown is not isinstance(caught.value, errors.Busy)
    assert tiny.calls[-1][0] == "POST"


def test_what_only_sounds_like_a_read_is_sent_once(tiny: TinyCloudStack) -> None:
    door = gateway(tiny, retry_budget_s=60)
    door.catalogue()
    for command in ("getUploadParamsForVolume", "getDiagnosticsData"):
        tiny.troubles[command] = [t.busy(503)]
        with pytest.raises(errors.Busy):
            door.call(command)
        assert tiny.asked(command) == 1


# -- catalogue -------------------------------------------------------------------------------------------------------


def test_the_catalogue_decides(tiny: TinyCloudStack) -> None:
    del tiny.catalogue["listIsos"]
    tiny.catalogue["listHosts"]["params"] = [{"name": "id", "required": False, "type": "uuid"}]
    door = gateway(tiny)
    commands = door.catalogue()
    assert commands["deployVirtualMachine"].is_async and not commands["deployVirtualMachine"].is_read
    assert commands["registerUserKeys"].is_async
    with pytest.raises(errors.CommandMissing, match="has no listIsos"):
        door.call("listIsos")
    assert tiny.asked("listIsos") == 0
    door.call("listHosts", optional={"type": "Routing"})
    assert "type" not in tiny.calls[-1][2]
    with pytest.raises(errors.ParameterRefused, match="no parameter type"):
        door.call("listHosts", type="Routing")
    assert tiny.asked("listApis") == 1


# -- paging ----------------------------------------------------------------------------------------------------------


def test_pages_end_with_the_count(tiny: TinyCloudStack) -> None:
    rows = zones(tiny, 1000)
    assert gateway(tiny).rows("listZones", "zone") == rows
    assert tiny.asked("listZones") == 2


def test_a_smaller_page_is_learnt_from_the_refusal(tiny: TinyCloudStack) -> None:
    rows = zones(tiny, 45)

    def too_large(handler: t.Handler, params: dict[str, str]) -> bool:
        if int(params["pagesize"]) > 20:
            handler.error("listzonesresponse", 431, "Page size can't exceed max allowed page size value: 20", 4350)
            return True
        return False

    tiny.troubles["listZones"] = [too_large] * 10
    door = gateway(tiny)
    assert door.rows("listZones", "zone") == rows
    assert door.rows("listZones", "zone") == rows
    assert tiny.asked("listZones") == 4 + 3


def test_a_row_that_slides_between_pages_is_found(tiny: TinyCloudStack) -> None:
    rows = zones(tiny, 1001)

    def shrink(_handler: t.Handler, params: dict[str, str]) -> bool:
        if params["page"] == "2":
            del rows[0]  # row 501 slides to the first page
        return False

    tiny.troubles["listZones"] = [t.late(0), shrink]
    found = gateway(tiny).rows("listZones", "zone")
    assert {row["id"] for row in found} >= {row["id"] for row in rows}
    assert len(found) == len({row["id"] for row in found})


def test_a_list_shorter_than_its_count_is_partial(tiny: TinyCloudStack) -> None:
    half = t.body(json.dumps({"listzonesresponse": {"count": 4, "zone": [{"id": "a"}, {"id": "b"}]}}).encode())
    tiny.troubles["listZones"] = [half] * 9
    with pytest.raises(errors.PartialList, match="2 of 4 rows"):
        gateway(tiny).rows("listZones", "zone")


# -- jobs ------------------------------------------------------------------------------------------------------------


def test_submit_and_poll(tiny: TinyCloudStack) -> None:
    tiny.troubles["deployVirtualMachine"] = [
        t.body(b'{"deployvirtualmachineresponse":{"id":"vm-1","jobid":"job-1"}}'),
    ]
    door = gateway(tiny)
    submitted = door.submit("deployVirtualMachine", zoneid="z", serviceofferingid="s", templateid="t")
    assert (submitted.job_id, submitted.object_id, submitted.is_async) == ("job-1", "vm-1", True)
    tiny.jobs["job-1"] = {"jobid": "job-1", "jobstatus": 0}
    assert not door.poll("job-1").is_done
    tiny.jobs["job-1"] = {"jobid": "job-1", "jobstatus": 2, "jobresultcode": 530,
                          "jobresult": {"errorcode": 530, "errortext": "No suitable host found."}}  # fmt: skip
    result = door.poll("job-1")
    assert result.is_done and result.error_text == "No suitable host found."
    assert isinstance(door.job_error(result), errors.NoCapacity)
    tiny.jobs["job-1"] = {"jobid": "job-1"}
    with pytest.raises(errors.NotCloudStack):
        door.poll("job-1")
