"""Fills a new cloud; registered beside the commands so that it is found with them."""

from __future__ import annotations

from provisioning.simulator.registry import on_fresh
from provisioning.simulator.seed.build import build
from provisioning.simulator.sim import Simulator


@on_fresh(100)
def populate(sim: Simulator) -> None:
    """The demonstration cloud, or as many zones, hosts and VMs as asked for."""
    build(sim)
