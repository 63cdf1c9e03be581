"""Events and alerts: what the cloud tells about itself afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.simulator import catalog_data
from provisioning.simulator.clock import iso

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


class Journal:
    """Writes events and alerts into the state."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def event(
        self,
        type_: str,
        description: str,
        *,
        user: Obj | None = None,
        account: Obj | None = None,
        level: str = "INFO",
        state: str = "Completed",
        parent: Obj | None = None,
        resource: tuple[str, str, str] | None = None,
        start: Obj | None = None,
    ) -> Obj:
        """Record an event.  Without a user it is the system's.  ``resource`` is (type, uuid, name)."""
        store = self.sim.state
        user = user or self.sim.system_user()
        account = account or store.table("account").need(user["accountid"])
        return store.add(
            "event",
            type=type_,
            level=level,
            state=state,
            description=description,
            userid=user.uuid,
            username=user["username"],
            accountid=account.uuid,
            domainid=account["domainid"],
            parentid=parent.uuid if parent else None,
            resourcetype=resource[0] if resource else None,
            resourceid=resource[1] if resource else None,
            resourcename=(resource[2] or None) if resource else None,
            archived=False,
        )

    def alert(
        self, name: str, text: str, *, zone: Obj | None = None, pod: Obj | None = None, cluster: Obj | None = None
    ) -> Obj:
        """Record an alert; ``name`` is the type's name (numbers are ambiguous)."""
        number = next((row["id"] for row in catalog_data.rows("alert_types") if row["name"] == name), None)
        if number is None:
            raise KeyError(f"no alert type is called {name}")
        return self.sim.state.add(
            "alert",
            type=number,
            name=name,
            description=text,
            zoneid=zone.uuid if zone else None,
            podid=pod.uuid if pod else None,
            clusterid=cluster.uuid if cluster else None,
            archived=False,
        )

    def alert_view(self, alert: Obj) -> dict[str, Any]:
        return {
            "id": alert.uuid,
            "type": alert["type"],
            "name": alert["name"],
            "description": alert["description"],
            "sent": iso(alert["created"]),
        }
