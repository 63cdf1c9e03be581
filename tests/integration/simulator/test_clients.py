"""Clients that know nothing of us live a tenant's life in the simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from libcloud.compute.drivers.cloudstack import CloudStackNode, CloudStackNodeDriver
from libcloud.compute.types import NodeState

from tests.integration.simulator.conftest import Process


class CsCommandLine:
    """The ``cs`` command line, unmodified, in a process of its own for every call."""

    def __init__(self, simulator: Process, key: str | None = None, secret: str | None = None) -> None:
        self.env = {
            **os.environ,
            "CLOUDSTACK_ENDPOINT": simulator.url,
            "CLOUDSTACK_KEY": key or simulator.info["api_key"],
            "CLOUDSTACK_SECRET": secret or simulator.info["secret_key"],
            "CLOUDSTACK_TIMEOUT": "20",
            "CLOUDSTACK_POLL_INTERVAL": "0.1",
        }
        self.program = Path(sys.executable).with_name("cs")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), *arguments], env=self.env, capture_output=True, text=True, timeout=60, check=False
        )

    def __call__(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout or "{}")


@pytest.fixture(scope="module")
def tenant(demo: Process) -> dict[str, str]:
    """A new tenant with keys, made over the command line."""
    admin = CsCommandLine(demo)
    domain = admin("createDomain", "name=clients")["domain"]
    account = admin(
        "createAccount",
        "username=vera",
        "firstname=Vera",
        "lastname=Client",
        "email=vera@example.org",
        "password=S3cret-enough",
        "accounttype=0",
        f"domainid={domain['id']}",
        "account=clients-dev",
    )["account"]
    found = admin("registerUserKeys", f"id={account['user'][0]['id']}")["userkeys"]
    zone = next(z for z in admin("listZones")["zone"] if z["name"] == "fra-1")
    return {"key": found["apikey"], "secret": found["secretkey"], "zone": zone["id"]}


def test_cs_command_line_lives_a_tenants_life(demo: Process, tenant: dict[str, str]) -> None:
    cs = CsCommandLine(demo, tenant["key"], tenant["secret"])
    assert cs("listVirtualMachines") == {}
    offering = next(o for o in cs("listServiceOfferings")["serviceoffering"] if o["name"] == "tiny-1x1")
    template = next(t for t in cs("listTemplates", "templatefilter=executable", f"zoneid={tenant['zone']}")["template"])
    network_offering = next(
        o
        for o in cs("listNetworkOfferings", "state=Enabled", "guestiptype=Isolated", "forvpc=false")["networkoffering"]
        if o["name"] == "DefaultIsolatedNetworkOfferingWithSourceNatService"
    )
    network = cs(
        "createNetwork",
        "name=life",
        "displaytext=life",
        f"networkofferingid={network_offering['id']}",
        f"zoneid={tenant['zone']}",
    )
    network_id = network["network"]["id"]
    vm = cs(
        "deployVirtualMachine",
        "name=life-1",
        f"serviceofferingid={offering['id']}",
        f"templateid={template['id']}",
        f"zoneid={tenant['zone']}",
        f"networkids={network_id}",
    )["virtualmachine"]
    assert vm["state"] == "Running"
    assert vm["nic"][0]["broadcasturi"].startswith("vxlan://")
    assert cs("listNetworks", f"id={network_id}")["network"][0]["state"] == "Implemented"
    assert cs("stopVirtualMachine", f"id={vm['id']}")["virtualmachine"]["state"] == "Stopped"
    assert cs("startVirtualMachine", f"id={vm['id']}")["virtualmachine"]["state"] == "Running"
    disk = next(o for o in cs("listDiskOfferings")["diskoffering"] if o["name"] == "Small")
    volume = cs("createVolume", "name=more", f"diskofferingid={disk['id']}", f"zoneid={tenant['zone']}")["volume"]
    attached = cs("attachVolume", f"id={volume['id']}", f"virtualmachineid={vm['id']}")["volume"]
    assert attached["state"] == "Ready" and attached["virtualmachineid"] == vm["id"]
    address = cs("associateIpAddress", f"networkid={network_id}")["ipaddress"]
    rule = cs(
        "createPortForwardingRule",
        f"ipaddressid={address['id']}",
        "privateport=22",
        "publicport=2222",
        "protocol=TCP",
        f"virtualmachineid={vm['id']}",
    )["portforwardingrule"]
    assert rule["state"] == "Active"
    refused = cs.run(
        "createFirewallRule", f"ipaddressid={address['id']}", "protocol=TCP", "startport=2222", "endport=2222"
    )
    assert refused.returncode != 0 and "conflicts with rule" in refused.stderr + refused.stdout
    # Rules outlive a destroyed VM until it is expunged, and libcloud trips over those of VMs it can't see.
    assert cs("deletePortForwardingRule", f"id={rule['id']}")
    assert cs("destroyVirtualMachine", f"id={vm['id']}")["virtualmachine"]["state"] == "Destroyed"
    assert cs("listVirtualMachines") == {}


def test_cs_tells_refusals_apart(demo: Process, tenant: dict[str, str]) -> None:
    cs = CsCommandLine(demo, tenant["key"], tenant["secret"])
    admins = CsCommandLine(demo)
    denied = cs.run("listHosts")
    assert denied.returncode != 0 and "432" in denied.stdout + denied.stderr
    foreign = admins("listVirtualMachines", "listall=true")["virtualmachine"][0]
    stop = cs.run("stopVirtualMachine", f"id={foreign['id']}")
    assert stop.returncode != 0 and "does not have permission" in stop.stdout + stop.stderr
    forged = CsCommandLine(demo, tenant["key"], "not-the-secret").run("listZones")
    assert forged.returncode != 0 and "401" in forged.stdout + forged.stderr


def test_libcloud_lives_a_tenants_life(demo: Process, tenant: dict[str, str]) -> None:
    driver = CloudStackNodeDriver(
        key=tenant["key"],
        secret=tenant["secret"],
        secure=False,
        host=demo.info["host"],
        port=demo.info["port"],
        path="/client/api",
    )
    location = next(place for place in driver.list_locations() if place.name == "fra-1")
    size = next(size for size in driver.list_sizes() if size.name == "tiny-1x1")
    image = driver.list_images(location=location)[0]
    network_offering = next(
        o for o in driver.ex_list_network_offerings() if o.name == "DefaultIsolatedNetworkOfferingWithSourceNatService"
    )
    network = driver.ex_create_network("libcloud", "libcloud", network_offering, location)
    node = driver.create_node(
        name="libcloud-1", size=size, image=image, location=location, networks=[network], ex_start_vm=True
    )
    assert isinstance(node, CloudStackNode)
    assert node.state == NodeState.RUNNING
    assert [n.name for n in driver.list_nodes()] == ["libcloud-1"]
    driver.ex_stop(node)
    assert driver.list_nodes()[0].state == NodeState.STOPPED
    driver.ex_start(node)
    assert driver.reboot_node(node)
    volume = driver.create_volume(size=5, name="libcloud-data", location=location)
    assert driver.attach_volume(node, volume)
    assert driver.detach_volume(volume)
    assert driver.destroy_volume(volume)
    pair = driver.create_key_pair("libcloud-key")
    assert pair.private_key.startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert [p.name for p in driver.list_key_pairs()] == ["libcloud-key"]
    address = driver.ex_allocate_public_ip(location=location, network_id=network.id)
    assert address.address.count(".") == 3
    rule = driver.ex_create_port_forwarding_rule(node, address, 22, 2200, "TCP")
    assert [r.id for r in driver.ex_list_port_forwarding_rules()] == [rule.id]
    assert driver.ex_delete_port_forwarding_rule(node, rule)
    assert driver.destroy_node(node)
    assert driver.list_nodes() == []
