"""Asynchronous jobs: they take simulated time and their effects come in steps.

``steps`` is a generator function of the job object.  ``yield 1.0`` waits one job's time (``--job-seconds``), ``yield
Seconds(30)`` thirty
simulated seconds; ``return {...}`` is the job's result.  ``ApiError`` fails the job with its code and text.  State is
flushed after
each step, so a killed process leaves what the steps so far did; the job itself is then ended as CloudStack ends the
jobs
of a server that went away.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioning.simulator.clock import iso
from provisioning.simulator.errors import ApiError
from provisioning.simulator.responses import clean

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


class Seconds(float):
    """A wait in simulated seconds, whatever a job's usual time is."""


Step = float
JobSteps = Callable[["Obj"], Generator[float, None, dict[str, Any] | None]]

PENDING, SUCCEEDED, FAILED = 0, 1, 2
# A job waits this part of a usual job's time for an executor, so it is never done when it is announced.
PICKUP = 0.2
SERIAL = frozenset({"VirtualMachine"})
CANCELLED_TEXT = "job cancelled because of management server restart or shutdown"


def guess_class(command: str) -> str:
    """A job's Java class where no recording names it; clients take it as a label."""
    return f"org.apache.cloudstack.api.command.{command[0].upper()}{command[1:]}Cmd"


@dataclass
class JobEvent:
    """The events around a job, in CloudStack's way of speaking.

    ``doing`` + ``detail`` make "Creating volume. Volume ID: x", "Successfully completed creating volume. Volume ID:
    x" and "Error
    while creating volume. Volume ID: x", recorded under the caller's account.  ``scheduled`` is recorded under
    ``owner``, the account that owns the
    thing acted on (None: the system account's, which a plain listEvents does not show).  ``created``: the text of the
    event that a
    create command records at once, before its job ("Successfully created entity for …"); the others then hang on it.
    """

    type: str
    doing: str
    detail: str = ""
    scheduled: str = ""
    owner: Obj | None = None
    created: str | None = None
    resource: tuple[str, str, str] | None = None
    # What the Created event names, where that is less than the others do.
    created_resource: tuple[str, str, str] | None = None


class Jobs:
    """Submits jobs, runs their steps, tells their state."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        # Jobs that wait for each other, by the object they work on; the first one runs.
        self._queues: dict[str, list[Obj]] = {}

    def submit(
        self, ctx: Ctx, steps: JobSteps, instance: tuple[str, str | None] | None, event: JobEvent | None, share: float
    ) -> Obj:
        sim = self.sim
        job = sim.state.add(
            "job",
            command=ctx.command,
            cmd=ctx.registered.job_class or sim.job_class(ctx),
            status=PENDING,
            resultcode=0,
            accountid=ctx.account.uuid,
            userid=ctx.user.uuid,
            domainid=ctx.domain.uuid,
            instancetype=instance[0] if instance else None,
            instanceid=instance[1] if instance else None,
        )
        parent = self._announce(ctx, event)
        ctx.start_event = parent
        order = sim.faults.job_fault(ctx.command, ctx.params.raw)
        running = steps(job)
        told = False

        def leave() -> None:
            if job in queue:
                queue.remove(job)
            if not queue and instance is not None:
                self._queues.pop(str(instance[1]), None)

        def tell(state: str, level: str, prefix: str) -> None:
            if event is None:
                return
            text = f"{prefix}{event.doing}{event.detail}"
            ctx.event(
                event.type,
                text[:1].upper() + text[1:],
                state=state,
                level=level,
                parent=parent,
                resource=event.resource,
            )

        queue = self._queues.setdefault(str(instance[1]), []) if instance is not None and instance[0] in SERIAL else []
        queue.append(job)

        def advance() -> None:
            nonlocal told
            if job["status"] != PENDING:
                running.close()
                leave()
                return
            if queue[0] is not job:
                # Work on one VM is done in order, however the calls came.
                sim.scheduler.after(PICKUP * sim.config.job_seconds, advance)
                return
            if not told:
                told = True
                tell("Started", "INFO", "")
            try:
                if order is not None and order.after_steps <= job.get("_steps", 0):
                    running.close()
                    raise ApiError(order.code, None, order.text)
                ctx.forget()
                wait = next(running)
            except StopIteration as done:
                self.finish(job, SUCCEEDED, 0, done.value if done.value is not None else {"success": True})
                leave()
                tell("Completed", "INFO", "Successfully completed ")
            except ApiError as error:
                self.finish(job, FAILED, error.status, {"errorcode": error.status, "errortext": error.text})
                leave()
                tell("Completed", "ERROR", "Error while ")
            except Exception:
                sim.complain(traceback.format_exc())
                self.finish(job, FAILED, 530, {"errorcode": 530, "errortext": "Unexpected exception in the simulator"})
                leave()
                tell("Completed", "ERROR", "Error while ")
            else:
                job.f["_steps"] = job.get("_steps", 0) + 1
                seconds = float(wait) if isinstance(wait, Seconds) else float(wait) * sim.config.job_seconds * share
                sim.scheduler.after(seconds * sim.faults.slowness(ctx.command), advance)

        sim.scheduler.after(PICKUP * sim.config.job_seconds, advance)
        return job

    @staticmethod
    def _announce(ctx: Ctx, event: JobEvent | None) -> Obj | None:
        if event is None:
            return None
        parent = None
        if event.created is not None:
            parent = ctx.event(
                event.type, event.created, state="Created", resource=event.created_resource or event.resource
            )
        if event.scheduled or parent is None:
            system = ctx.state.table("account").by_dbid[1]
            said = ctx.event(
                event.type,
                event.scheduled or event.doing,
                state="Scheduled",
                parent=parent,
                resource=event.resource,
                account=event.owner or system,
            )
            parent = parent or said
        return parent

    def finish(self, job: Obj, status: int, code: int, result: dict[str, Any]) -> None:
        job.set(status=status, resultcode=code, result=result, completed=self.sim.scheduler.now())

    def view(self, job: Obj) -> dict[str, Any]:
        """What ``queryAsyncJobResult`` and ``listAsyncJobs`` show."""
        state = self.sim.state
        account = state.table("account").need(job["accountid"])
        domain = state.table("domain").need(job["domainid"])
        server = self.sim.management_server()
        pending = job["status"] == PENDING
        return clean(
            {
                "accountid": account.uuid,
                "account": account["name"],
                "domainid": domain.uuid,
                "domainpath": domain["path"],
                "userid": job["userid"],
                "cmd": job["cmd"],
                "jobprocstatus": 0,
                "jobresultcode": job["resultcode"],
                "jobresulttype": None if pending else "object",
                "jobresult": None if pending else job.get("result"),
                "jobinstancetype": job.get("instancetype"),
                "jobinstanceid": job.get("instanceid"),
                "managementserverid": server.uuid if pending else None,
                "managementservername": server["name"] if pending else None,
                "created": iso(job["created"]),
                "completed": iso(job.get("completed")),
                "jobid": job.uuid,
                "jobstatus": job["status"],
            }
        )

    def cancel_all(self) -> int:
        """End every job that a process before this one left running; how many."""
        left = self.sim.state.table("job").where(status=PENDING)
        for job in left:
            self.finish(job, FAILED, 530, {"errorcode": 530, "errortext": CANCELLED_TEXT})
        return len(left)

    def expire(self, older_than: float) -> None:
        """Forget jobs that ended before (``job.expire.minutes``)."""
        for job in list(self.sim.state.all("job")):
            if job["status"] != PENDING and job.get("completed", 0) < older_than:
                self.sim.state.forget(job)
