"""Jobs with the events that CloudStack records around them.

An asynchronous command leaves Created (for those that make something), Scheduled, Started and Completed, each
linked to the
first by ``parentid``; a failed one ends with level ERROR.  A synchronous command leaves one Completed event.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, cast

from provisioning.simulator.errors import ApiError
from provisioning.simulator.jobs import JobSteps

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.state import Obj

Resource = tuple[str, str, str]


def run(
    ctx: Ctx,
    steps: JobSteps,
    *,
    event: str,
    doing: str | None,
    scheduled: str | None = None,
    created: str | None = None,
    resource: Resource | None = None,
    instance: tuple[str, str | None] | None = None,
    entity: str | None = None,
    account: Obj | None = None,
    doing_event: str | None = None,
    share: float = 1.0,
) -> dict[str, Any]:
    """Start a job and record its events.

    ``account`` owns Created and Scheduled (the object's owner); Started and Completed are the caller's.  ``doing``
    is the text of Started and Completed without its beginning ("stopping Vm. Instance ID: …"), None when the command
    records neither; ``scheduled`` and ``created`` are the texts of those events, None to leave them out.
    """
    first: Obj | None = None
    if created is not None:
        first = ctx.event(
            event, f"Successfully created entity for {created}", state="Created", resource=resource, account=account
        )
    if scheduled is not None:
        said = ctx.event(event, scheduled, state="Scheduled", resource=resource, account=account, parent=first)
        first = first or said
    inner = doing_event or event

    def told(job: Obj) -> Generator[float, None, dict[str, Any] | None]:
        if doing is None:
            return (yield from steps(job))
        ctx.event(inner, doing[:1].upper() + doing[1:], state="Started", parent=first, resource=resource)
        try:
            result = yield from steps(job)
        except (ApiError, GeneratorExit):
            ctx.event(inner, f"Error while {doing}", level="ERROR", parent=first, resource=resource)
            raise
        ctx.event(inner, f"Successfully completed {doing}", parent=first, resource=resource)
        return result

    return ctx.job(told, instance=cast("tuple[str, str] | None", instance), entity=entity, share=share)


def with_job(fields: dict[str, Any], job: Obj) -> dict[str, Any]:
    """An object inside a job's result carries the job that made it, still shown as running."""
    return {**fields, "jobid": job.uuid, "jobstatus": 0}
