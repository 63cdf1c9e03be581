"""``configureSimulator``: what the pretended hypervisors refuse, by zone, pod, cluster or host."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


def failing(
    sim: Simulator, agent_command: str, *, zone_id: str | None = None, host: Obj | None = None, use: bool = True
) -> bool:
    """Whether the agent command is ordered to fail there; an order with a count is used up by it."""
    for mock in sim.state.all("simulatormock"):
        if mock["name"] != agent_command or mock.get("result") != "fail":
            continue
        if host is not None:
            place = {
                "zoneid": host.get("zoneid"),
                "podid": host.get("podid"),
                "clusterid": host.get("clusterid"),
                "hostid": host.uuid,
            }
        else:
            place = {"zoneid": zone_id}
        if any(
            mock.get(field) and mock.get(field) != place.get(field)
            for field in ("zoneid", "podid", "clusterid", "hostid")
        ):
            continue
        left = mock.get("count")
        if left is not None:
            if left <= 0:
                continue
            if use:
                mock.set(count=left - 1)
        return True
    return False
