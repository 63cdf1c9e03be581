"""One simulated cloud: everything that a server, a test or a command handler needs, wired together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioning.simulator import bootstrap as _bootstrap  # noqa: F401 - registers what a fresh server has
from provisioning.simulator import catalog_data, registry
from provisioning.simulator.auth import Session
from provisioning.simulator.calllog import CallLog
from provisioning.simulator.clock import Clock, RealClock, Scheduler
from provisioning.simulator.config import Config
from provisioning.simulator.faults import Faults
from provisioning.simulator.jobs import Jobs, guess_class
from provisioning.simulator.journal import Journal
from provisioning.simulator.persistence import FORMAT, Store, StoreError
from provisioning.simulator.state import Obj, State

if TYPE_CHECKING:
    from provisioning.simulator.context import Ctx


class Simulator:
    """Build with ``Simulator(config, clock)``: loads or generates the cloud and starts its background work."""

    def __init__(self, config: Config | None = None, clock: Clock | None = None) -> None:
        registry.load()
        self.config = config or Config()
        self.clock = clock or RealClock()
        self.faults = Faults()
        self.calls = CallLog()
        self.complaints: list[str] = []
        self.store = Store(self.config.state) if self.config.state is not None else None
        fresh = self._check_store()
        if self.store is not None and not fresh:
            # A scaled clock ran ahead of the wall; the cloud's time must not go back.
            self.clock.forward_to(float(self.store.meta().get("clock", 0.0)))
        self.scheduler = Scheduler(self.clock, after_run=self._flush, on_defect=self.complain)
        self.state = State(self.config.seed, self.store, self.scheduler.now)
        self.jobs = Jobs(self)
        self.journal = Journal(self)
        self.sessions: dict[str, Session] = {}
        self.control_token = self.config.control_token or self.config.key("control token", 40)
        self.api_key = self.config.api_key or self.config.key("admin api key")
        self.secret_key = self.config.secret_key or self.config.key("admin secret key")
        self.started_at = self.scheduler.now()
        self._build(fresh)
        for seconds, hook, aligned in registry.BACKGROUND:
            now = self.scheduler.now()
            self._repeat(seconds, hook, seconds - now % seconds if aligned else seconds)

    # -- life ---------------------------------------------------------------------------------------------------------
    def _check_store(self) -> bool:
        if self.store is None:
            return True
        meta = self.store.meta()
        if not meta:
            return True
        if meta.get("format") != FORMAT:
            raise StoreError(f"{self.store.path} was written by another version of the simulator")
        differing = self.config.go_on_as(meta["shape"])
        if differing:
            names = ", ".join(differing)
            raise StoreError(f"{self.store.path} holds a cloud made with another {names}; start it with the same ones")
        return False

    def _build(self, fresh: bool) -> None:
        # The base is generated from the seed on every start and never stored; its clock is the moment of the first
        # one, so that dates in it stay the same.
        made_at = self.started_at
        if self.store is not None:
            if fresh:
                self.store.set_meta(format=FORMAT, shape=self.config.shape(), made_at=made_at)
            else:
                made_at = float(self.store.meta()["made_at"])
        self.made_at = made_at
        self.state.building_base = True
        with self.scheduler.standing_at(made_at):
            for _, hook in sorted(registry.FRESH, key=lambda entry: entry[0]):
                hook(self)
        self.state.building_base = False
        if not fresh:
            self.state.load()
            self.jobs.cancel_all()
            for restart in registry.RESTART:
                restart(self)
        self._flush()

    def _repeat(self, seconds: float, hook: Callable[[Simulator], None], first: float) -> None:
        def run() -> None:
            # Again first, so that a defect in the hook does not end it.
            self.scheduler.after(seconds, run)
            hook(self)

        self.scheduler.after(first, run)

    def _flush(self) -> None:
        self.state.flush()

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self.state.flush()
        if self.store is not None:
            self.store.close()
            self.store = self.state.store = None

    def complain(self, text: str) -> None:
        """A defect of the simulator itself: kept for tests, told on stderr."""
        self.complaints.append(text)
        sys.stderr.write(text + "\n")

    # -- what every installation has ----------------------------------------------------------------
    def system_user(self) -> Obj:
        return self.state.table("user").by_dbid[1]

    def admin_user(self) -> Obj:
        return self.state.table("user").by_dbid[2]

    def management_server(self) -> Obj:
        return self.state.table("managementserver").by_dbid[1]

    @property
    def max_page_size(self) -> int:
        return int(self.setting("default.page.size") or 500)

    def setting(self, name: str, scope: Obj | None = None) -> str | None:
        """A setting's value: in the scope object (zone, cluster, pool, domain, account, image store), else its
        parents', else global.

        Own values of a scope are objects of kind ``scopedsetting`` (name, scope kind, scope uuid, value); changed
        global ones
        of kind ``setting`` (name, value).
        """
        place = scope
        while place is not None:
            own = self.state.table("scopedsetting").find(name=name, scopeid=place.uuid)
            if own is not None:
                return str(own["value"])
            place = self._wider(place)
        changed = self.state.table("setting").find(name=name)
        if changed is not None:
            return str(changed["value"])
        known = catalog_data.settings().get(name)
        return known.defaultvalue if known is not None else None

    def global_settings(self) -> dict[str, str]:
        """Global settings that differ from their released default, by name."""
        return {obj["name"]: obj["value"] for obj in self.state.all("setting")}

    def _wider(self, place: Obj) -> Obj | None:
        parents = {
            "account": ("domain", "domainid"),
            "pool": ("cluster", "clusterid"),
            "cluster": ("zone", "zoneid"),
            "imagestore": ("zone", "zoneid"),
            "domain": ("domain", "parentid"),
        }
        kind, field = parents.get(place.kind, ("", ""))
        if not kind:
            return None
        wider = self.state.get(kind, place.get(field))
        if wider is None and place.kind == "pool":
            return self.state.get("zone", place.get("zoneid"))
        return wider

    def job_class(self, ctx: Ctx) -> str:
        from provisioning.simulator.job_classes import job_class

        return job_class(ctx.command, ctx.is_admin) or guess_class(ctx.command)
