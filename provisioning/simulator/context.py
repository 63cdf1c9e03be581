"""What a handler gets: who calls, and the doors to everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from provisioning.simulator.errors import ApiError, invalid
from provisioning.simulator.responses import Listing, View

if TYPE_CHECKING:
    from provisioning.simulator.jobs import JobEvent, JobSteps
    from provisioning.simulator.params import Params
    from provisioning.simulator.registry import Registered
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj, State


T = TypeVar("T")


@dataclass
class Said:
    """What the event of a synchronous command will name."""

    detail: str = ""
    resource: tuple[str, str, str] | None = None
    parent: Obj | None = None


class Ctx:
    """One call.  ``user``/``account``/``domain``/``role`` are the caller's objects."""

    def __init__(self, sim: Simulator, user: Obj, registered: Registered, params: Params) -> None:
        self.sim = sim
        self.state: State = sim.state
        self.user = user
        self.account: Obj = sim.state.table("account").need(user["accountid"])
        self.domain: Obj = sim.state.table("domain").need(self.account["domainid"])
        self.role: Obj = sim.state.table("role").need(self.account["roleid"])
        self.registered = registered
        self.params = params
        self.command = registered.name
        self._kept: dict[str, Any] = {}
        # The start event of the job this call makes; steps hang their own events on it.
        self.start_event: Obj | None = None

    def once(self, name: str, make: Callable[[], T]) -> T:
        """A value that many rows of one answer need, made for the first of them."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: T = self._kept[name]
        return kept

    def forget(self) -> None:
        """Make such values anew: time has passed or something was changed."""
        self._kept.clear()

    @property
    def now(self) -> float:
        return self.sim.scheduler.now()

    @property
    def is_admin(self) -> bool:
        """A root admin."""
        return bool(self.role["type"] == "Admin")

    @property
    def role_kind(self) -> str:
        """``Admin``, ``ResourceAdmin``, ``DomainAdmin`` or ``User``: what decides which fields are shown."""
        return str(self.role["type"])

    def may_see(self, obj: Obj) -> bool:
        """Whether the caller's account, domain or role lets it see what ``obj["accountid"]`` owns."""
        if self.is_admin:
            return True
        owner = self.state.get("account", obj.get("accountid"))
        if owner is None:
            return False
        if self.role_kind == "DomainAdmin":
            return self.within(owner["domainid"], self.domain)
        return owner.uuid == self.account.uuid

    def within(self, domain_id: str, top: Obj) -> bool:
        """Whether a domain is ``top`` or below it."""
        domain = self.state.get("domain", domain_id)
        return domain is not None and str(domain["_path"]).startswith(top["_path"])

    # -- answers -----------------------------------------------------------------------------------------------------
    def listing(
        self, name: str, rows: Iterable[Any], view: View | None = None, *, cacheable: bool = True, unpaged: bool = False
    ) -> Listing:
        """A list answer with the paging the call asks for; ``rows`` are objects (with ``view``) or dicts."""
        found: Sequence[Any] = rows if isinstance(rows, Sequence) else list(rows)
        total = len(found)
        if not unpaged:
            found = self.page(found)
        return Listing(name, found, total, self, view, cacheable)

    def page(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The asked page; without paging at most ``default.page.size`` rows."""
        limit = self.sim.max_page_size
        size = self.params.int("pagesize")
        page = self.params.int("page")
        if size is None:
            return rows[:limit]
        if size == -1:
            if page is not None:
                raise invalid("Can't specify page parameter when pagesize is -1 (Unlimited)")
            return rows
        if size > limit:
            raise invalid(f"Page size can't exceed max allowed page size value: {limit}")
        if size < 1 or page is None:
            raise invalid("Page size should be a positive number")
        start = (max(page, 1) - 1) * size
        return rows[start : start + size]

    # -- work that takes time ------------------------------------------------------------------------------------------
    def job(
        self,
        steps: JobSteps,
        *,
        instance: tuple[str, str | None] | None = None,
        entity: str | None = None,
        event: JobEvent | None = None,
        share: float = 1.0,
    ) -> dict[str, Any]:
        """Start a job and answer ``{"jobid": …}`` (with ``id`` when ``entity`` is given: commands that create
        something).

        ``instance``: what the job shows as jobinstancetype and jobinstanceid; ``event``: the events around it
        (``JobEvent``).
        ``share``: how many usual job times one ``yield 1.0`` of this job takes.
        """
        job = self.sim.jobs.submit(self, steps, instance, event, share)
        answer: dict[str, Any] = {"jobid": job.uuid}
        return {"id": entity, **answer} if entity is not None else answer

    def event(
        self,
        type_: str,
        description: str,
        *,
        level: str = "INFO",
        state: str = "Completed",
        parent: Obj | None = None,
        resource: tuple[str, str, str] | None = None,
        account: Obj | None = None,
    ) -> Obj:
        """Record an event; ``resource`` is (type, uuid, name)."""
        return self.sim.journal.event(
            type_,
            description,
            user=self.user,
            account=account or self.account,
            level=level,
            state=state,
            parent=parent,
            resource=resource,
        )

    @contextmanager
    def recorded(self, type_: str, doing: str, detail: str = "") -> Iterator[Said]:
        """Record one Completed event around a synchronous command: INFO, or ERROR when it is refused.

        Set ``.resource`` (type, uuid, name) or change ``.detail`` inside; the event names what is there at the end.
        """
        said = Said(detail)
        try:
            yield said
        except ApiError:
            self.event(
                type_, f"Error while {doing}{said.detail}", level="ERROR", parent=said.parent, resource=said.resource
            )
            raise
        self.event(type_, f"Successfully completed {doing}{said.detail}", parent=said.parent, resource=said.resource)

    def alert(
        self, name: str, text: str, *, zone: Obj | None = None, pod: Obj | None = None, cluster: Obj | None = None
    ) -> Obj:
        return self.sim.journal.alert(name, text, zone=zone, pod=pod, cluster=cluster)
