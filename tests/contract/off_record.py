"""What the recorded cloud did between the exchanges that were written down, as far as its later answers show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.simulator.state import Obj
    from tests.contract.replay import Replay


def happens(replay: Replay, name: str, number: int) -> None:
    """What the recorded cloud did between exchanges that nobody wrote down; its later answers show it."""
    sim = replay.sim
    if (name, number) == ("00-config", 1):
        # The developer's set-up registered the root admin's keys twice.
        admin = sim.admin_user()
        for _ in range(2):
            sim.journal.event(
                "REGISTER.USER.KEY", f"Registering API keypair for user [{admin.uuid}].", state="Scheduled",
                account=sim.state.table("account").by_dbid[2], resource=("User", admin.uuid, "admin"),
            )  # fmt: skip
    elif (name, number) == ("01-zone", 1):
        # The server was restarted, so that the changed settings count.
        sim.journal.alert("ALERT.MANAGEMENT", "Management server node 127.0.0.1 is up")
        # Its two first system VMs raced for one address, and the secondary storage VM lost.
        zone_name = replay.rewrite("Sandbox-simulator")
        sim.faults.order(action="sysvm", command="secondarystoragevm", params={"zone": zone_name}, times=1)
    elif (name, number) == ("03-tenant", 19):
        # Placement is by chance; the recorded chance chose the last host for the first VM.
        for host in hypervisors(replay)[:-1]:
            host.set(resourcestate="Disabled")
    elif (name, number) == ("03-tenant", 24):
        for host in hypervisors(replay):
            host.set(resourcestate="Enabled")
    elif (name, number) == ("07-zones", 0):
        suite_traffic(replay)
    elif (name, number) in (("08-failures", 30), ("08-failures", 82)):
        # The test VMs of the zone were expunged before the next round.
        zone = sim.state.table("zone").find(name=replay.rewrite("Vxlan-zone"))
        assert zone is not None
        for vm in list(sim.state.table("vm").where(zoneid=zone.uuid)):
            if vm.removed_at is None and vm["state"] != "Expunging":
                replay.as_admin("destroyVirtualMachine", id=vm.uuid, expunge="true")
        replay.until(sim.scheduler.now() + 10)


def hypervisors(replay: Replay) -> list[Obj]:
    """The first zone's hosts in the order in which they were added."""
    zone = replay.sim.state.table("zone").find(name=replay.rewrite("Sandbox-simulator"))
    assert zone is not None
    return [host for host in replay.sim.state.table("host").where(zoneid=zone.uuid) if host["type"] == "Routing"]


def suite_traffic(replay: Replay) -> None:
    """A test suite used the first zone between the recordings; of its traffic only two routers' health alerts can be
    seen later.
    """
    sim = replay.sim
    zone = sim.state.table("zone").find(name=replay.rewrite("Sandbox-simulator"))
    offering = sim.state.table("networkoffering").find(name="DefaultIsolatedNetworkOfferingWithSourceNatService")
    small = sim.state.table("serviceoffering").find(name="Small Instance")
    template = sim.state.table("template").find(templatetype="BUILTIN")
    assert zone is not None and offering is not None and small is not None and template is not None
    replay.until(replay.epoch("2026-11-23T01:09:00"))
    vms, networks = [], []
    for number in range(2):
        name = f"suite-{number}"
        made = replay.as_admin(
            "createNetwork", name=name, displaytext=name, zoneid=zone.uuid, networkofferingid=offering.uuid
        )
        networks.append(made["createnetworkresponse"]["network"]["id"])
        answer = replay.as_admin(
            "deployVirtualMachine", name=name, zoneid=zone.uuid, serviceofferingid=small.uuid, templateid=template.uuid,
            networkids=networks[-1],
        )  # fmt: skip
        vms.append(answer["deployvirtualmachineresponse"]["id"])
    replay.until(replay.epoch("2026-11-23T01:11:00"))
    for vm in vms:
        replay.as_admin("destroyVirtualMachine", id=vm, expunge="true")
    replay.until(replay.epoch("2026-11-23T01:11:30"))
    for network in networks:
        replay.as_admin("deleteNetwork", id=network, forced="true")
    replay.until(replay.epoch("2026-11-23T01:12:00"))
