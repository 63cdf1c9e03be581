"""Async jobs: submit → store the job id → poll. Nothing here waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class JobStatus(IntEnum):
    """`jobstatus` of queryAsyncJobResult (CloudStack: JobInfo.Status)."""

    RUNNING = 0
    SUCCEEDED = 1
    FAILED = 2
    CANCELLED = 3


@dataclass(frozen=True)
class Submitted:
    """What a command answered. `job_id` is "" when it was done at once; `object_id` is "" when none was named.

    An async create names its object before it exists for good: it may vanish again when the job fails.
    """

    job_id: str
    object_id: str
    answer: dict[str, Any] = field(repr=False)

    @property
    def is_async(self) -> bool:
        return bool(self.job_id)


@dataclass(frozen=True)
class JobResult:
    """One look at a job. `result` is the object that the job made or changed; `error_text` is CloudStack's own."""

    job_id: str
    status: JobStatus
    result: dict[str, Any] = field(repr=False)
    result_code: int = 0
    error_text: str = ""
    command: str = ""
    instance_type: str = ""
    instance_id: str = ""
    answer: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_done(self) -> bool:
        return self.status is not JobStatus.RUNNING


def read_job(job_id: str, answer: dict[str, Any]) -> JobResult:
    """The JobResult in the inner answer of queryAsyncJobResult. Raises ValueError when it is not one."""
    raw_status = answer.get("jobstatus")
    if not isinstance(raw_status, int) or raw_status not in set(JobStatus):
        raise ValueError(f"jobstatus {raw_status!r} is not a job's status")
    raw_result = answer.get("jobresult")
    result = raw_result if isinstance(raw_result, dict) else {}
    error_text = ""
    if raw_status in (JobStatus.FAILED, JobStatus.CANCELLED):
        error_text = str(result.get("errortext") or (raw_result if isinstance(raw_result, str) else ""))
    code = answer.get("jobresultcode")
    if not code and isinstance(result.get("errorcode"), int):
        code = result["errorcode"]
    return JobResult(
        job_id=str(answer.get("jobid") or job_id),
        status=JobStatus(raw_status),
        result=result,
        result_code=code if isinstance(code, int) else 0,
        error_text=error_text,
        command=str(answer.get("cmd") or "").rsplit(".", 1)[-1],
        instance_type=str(answer.get("jobinstancetype") or ""),
        instance_id=str(answer.get("jobinstanceid") or ""),
        answer=answer,
    )
