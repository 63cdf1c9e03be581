"""What goes when an account, a project or a network goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.simulator.fabric import free_public_address
from provisioning.simulator.routers import shut_down
from provisioning.simulator.vm_life import expunge

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator
    from provisioning.simulator.state import Obj


def remove_network(sim: Simulator, network: Obj) -> None:
    """A network with its router, addresses, rules and what is left of its NICs."""
    state = sim.state
    for rule in state.table("rule").where(networkid=network.uuid):
        state.remove(rule)
    for ip in state.table("ip").where(associatednetworkid=network.uuid):
        free_public_address(sim, ip)
    for nic in state.table("nic").where(networkid=network.uuid):
        state.remove(nic)
    shut_down(sim, network)
    network.set(state="Destroy", vlan=None, broadcasturi=None)
    state.remove(network)


def remove_account(sim: Simulator, account: Obj) -> None:
    """An account with everything it owns."""
    state = sim.state
    for vm in list(state.table("vm").where(accountid=account.uuid)):
        expunge(sim, vm)
    for snapshot in list(state.table("snapshot").where(accountid=account.uuid)):
        state.remove(snapshot)
    for volume in list(state.table("volume").where(accountid=account.uuid)):
        state.remove(volume)
    for network in list(state.table("network").where(accountid=account.uuid)):
        remove_network(sim, network)
    for ip in list(state.table("ip").where(accountid=account.uuid)):
        free_public_address(sim, ip)
    for kind in ("sshkeypair", "affinitygroup", "securitygroup", "userdata", "instancegroup", "tag", "template", "iso"):
        for obj in list(state.table(kind).where(accountid=account.uuid)):
            state.remove(obj)
    for user in list(state.table("user").where(accountid=account.uuid)):
        for pair in state.table("keypair").where(userid=user.uuid):
            state.remove(pair)
        state.remove(user)
    state.remove(account)
