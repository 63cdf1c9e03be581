"""Asynchronous jobs as clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.simulator.errors import invalid
from provisioning.simulator.registry import command

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.params import Params
    from provisioning.simulator.responses import Result


@command("queryAsyncJobResult")
def query_job(ctx: Ctx, p: Params) -> Result:
    """One job, by its id or by the resource it works on."""
    job = p.obj("jobid")
    if job is None and p.has("resourcetype") and p.has("resourceid"):
        found = [
            each
            for each in ctx.state.all("job")
            if each.get("instanceid") == p.str("resourceid")
            and str(each.get("instancetype")).lower() == p.text("resourcetype").lower()
        ]
        if not found:
            raise invalid(f"No job found for resource of type {p.str('resourcetype')} with id {p.str('resourceid')}")
        job = found[-1]
    if job is None:
        raise invalid("Expected parameter job id or parameters resource type and resource id")
    return ctx.sim.jobs.view(job)


@command("listAsyncJobs")
def list_jobs(ctx: Ctx, p: Params) -> Result:
    """Only jobs that still run: a finished one vanishes from this list at once."""
    running = [job for job in ctx.state.table("job").where(status=0) if ctx.may_see(job)]
    return ctx.listing("asyncjobs", [ctx.sim.jobs.view(job) for job in running])
