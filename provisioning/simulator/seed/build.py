"""A whole generated cloud, in the order in which one is built."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from provisioning.simulator.seed import infrastructure, tenants, trouble
from provisioning.simulator.seed.layout import ZonePlan, layout
from provisioning.simulator.seed.machines import Filler
from provisioning.simulator.seed.names import OFFERINGS

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj

VMS_AN_ACCOUNT = 48


def build(sim: Simulator) -> None:
    """Zones, tenants and VMs by the sizes in ``sim.config``; nothing for an empty cloud."""
    config = sim.config
    if config.empty:
        return
    plans = layout(config.seed, config.zones, config.pods, config.clusters, config.hosts, config.vms)
    # Hundreds of thousands of long-lived objects: collecting them again and again would take longer than making them.
    enabled = gc.isenabled()
    gc.disable()
    try:
        _build(sim, plans)
    finally:
        if enabled:
            gc.enable()
            if sum(plan.vms for plan in plans) > 5000:
                gc.freeze()


def _build(sim: Simulator, plans: list[ZonePlan]) -> None:
    offers = tenants.offerings(sim)
    images = tenants.templates(sim)
    weight = sum(row[4] for row in OFFERINGS)
    mean_memory = sum(row[3] * row[4] for row in OFFERINGS) / weight / 1024
    mean_mhz = sum(row[1] * row[2] * row[4] for row in OFFERINGS) / weight
    zones: list[Obj] = []
    for index, plan in enumerate(plans):
        density = plan.vms / max(1, plan.hosts)
        zones.append(
            infrastructure.build_zone(sim, plan, index, infrastructure.host_shape(density, mean_memory, mean_mhz))
        )
    past = trouble.Past(sim)
    for index, zone in enumerate(zones):
        infrastructure.system_vms(sim, zone, index)
    trouble.hosts_in_trouble(sim, past)
    total = sum(plan.vms for plan in plans)
    accounts = tenants.accounts(sim, max(4, total // VMS_AN_ACCOUNT))
    start = 0
    for zone, plan in zip(zones, plans, strict=True):
        if not plan.vms:
            continue
        # Every zone has tenants of its own; small clouds share theirs.
        part = max(2, round(len(accounts) * plan.vms / max(1, total)))
        mine = (
            accounts[start : start + part] if len(accounts) > 12 else accounts[: 6 if plan.hypervisor == "KVM" else 2]
        )
        start = (start + part) % max(1, len(accounts))
        Filler(sim, zone, plan, offers, images).fill(mine or accounts[:2])
    for account in accounts:
        tenants.limits_for(sim, account)
    trouble.things_in_trouble(sim, past)
    trouble.history(sim, past)
    past.write()
