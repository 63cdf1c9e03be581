"""Zones and what they are made of: beyond what the recordings show."""

from __future__ import annotations

import pytest

from tests.unit.simulator.helpers import Cloud


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_system_vms_start_by_themselves_and_are_told(cloud: Cloud) -> None:
    cloud.zone()
    assert cloud("listSystemVms") == {}
    cloud.sim.scheduler.advance(120)
    found = {vm["systemvmtype"]: vm for vm in cloud("listSystemVms")["systemvm"]}
    assert {vm["state"] for vm in found.values()} == {"Running"}
    assert found["secondarystoragevm"]["agentstate"] == "Up"
    assert cloud("listHosts", type="SecondaryStorageVM")["count"] == 1
    texts = [alert["description"] for alert in cloud("listAlerts")["alert"]]
    assert any("Console proxy up in zone [z1]" in text for text in texts)


def test_without_a_host_no_system_vm_is_tried(cloud: Cloud) -> None:
    ids = cloud.zone(hosts=1)
    host = cloud("listHosts")["host"][0]["id"]
    cloud("deleteHost", id=host, forced="true")
    cloud.sim.scheduler.advance(300)
    assert cloud("listSystemVms", zoneid=ids["zone"]) == {}


def test_a_kvm_host_is_refused_the_second_time_a_simulated_one_is_not(cloud: Cloud) -> None:
    ids = cloud.zone()
    kvm = cloud("addCluster", zoneid=ids["zone"], podid=ids["pod"], clustername="kvm", clustertype="CloudManaged",
                hypervisor="KVM")["cluster"][0]["id"]  # fmt: skip
    same = {"zoneid": ids["zone"], "podid": ids["pod"], "username": "root", "password": "x"}
    cloud("addHost", clusterid=kvm, hypervisor="KVM", url="http://10.1.0.200", **same)
    status, _, text = cloud.refused("addHost", clusterid=kvm, hypervisor="KVM", url="http://10.1.0.200", **same)
    assert status == 530
    assert "GUID is already in the database" in text
    twice = {"clusterid": ids["cluster"], "hypervisor": "Simulator", "url": "http://sim/same", **same}
    first, second = (cloud("addHost", **twice)["host"][0]["id"] for _ in range(2))
    assert first != second


def test_an_unmanaged_cluster_loses_its_hosts_and_gets_them_back_late(cloud: Cloud) -> None:
    ids = cloud.zone()
    cloud("updateCluster", id=ids["cluster"], managedstate="Unmanaged")
    assert {host["state"] for host in cloud("listHosts", type="Routing")["host"]} == {"Disconnected"}
    cloud("updateCluster", id=ids["cluster"], managedstate="Managed")
    cloud.sim.scheduler.advance(30)
    assert {host["state"] for host in cloud("listHosts", type="Routing")["host"]} == {"Disconnected"}
    cloud.sim.scheduler.advance(70)
    assert {host["state"] for host in cloud("listHosts", type="Routing")["host"]} == {"Up"}


def test_a_cluster_keeps_its_own_overprovisioning(cloud: Cloud) -> None:
    """Changing the global factor does nothing to a cluster that exists; setting it for the cluster does."""
    ids = cloud.zone(hosts=1)

    def total() -> int:
        rows = cloud("listCapacity", zoneid=ids["zone"])["capacity"]
        return next(int(row["capacitytotal"]) for row in rows if row["type"] == 1)

    assert total() == 32000
    cloud("updateConfiguration", name="cpu.overprovisioning.factor", value="4.0")
    assert total() == 32000
    cloud("updateConfiguration", name="cpu.overprovisioning.factor", value="2.0", clusterid=ids["cluster"])
    assert total() == 64000
    own = cloud("listConfigurations", clusterid=ids["cluster"], name="cpu.overprovisioning.factor")["configuration"]
    assert own[0]["value"] == "2.0"
    cloud("resetConfiguration", name="cpu.overprovisioning.factor", clusterid=ids["cluster"])
    assert total() == 128000


def test_settings_are_inherited_from_wider_scopes(cloud: Cloud) -> None:
    ids = cloud.zone()
    name = "pool.storage.capacity.disablethreshold"
    cloud("updateConfiguration", name=name, value="0.7", zoneid=ids["zone"])
    of_pool = cloud("listConfigurations", storageid=ids["pool"], name=name)["configuration"][0]
    assert of_pool["value"] == "0.7"
    assert cloud("listConfigurations", name=name)["configuration"][0]["value"] == "0.85"
    status, cs, text = cloud.refused("updateConfiguration", name="workers", value="3", zoneid=ids["zone"])
    assert (status, cs) == (431, 4350)
    assert "workers" in text


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"startip": "10.1.0.10", "endip": "10.1.0.20"}, "conflicts with the subnet of the Pod: p1"),
        ({"startip": "10.9.0.10", "endip": "10.9.0.20"}, "start address of the IP range is not in the CIDR"),
        ({"startip": "10.1.0.220", "endip": "10.1.0.210"}, "lower value"),
        ({"startip": "nonsense", "endip": "10.1.0.210"}, "valid start IP address"),
    ],
)
def test_pod_ranges_are_checked(cloud: Cloud, params: dict[str, str], text: str) -> None:
    ids = cloud.zone()
    status, cs, said = cloud.refused("createPod", name="p2", zoneid=ids["zone"], gateway="10.1.0.1",
                                     netmask="255.255.255.0", **params)  # fmt: skip
    assert (status, cs) == (431, 4350)
    assert text in said


def test_a_public_range_on_a_guest_vlan_is_refused(cloud: Cloud) -> None:
    ids = cloud.zone()
    _, _, said = cloud.refused("createVlanIpRange", zoneid=ids["zone"], vlan="120", gateway="203.0.113.1",
                               netmask="255.255.255.0", startip="203.0.113.10", endip="203.0.113.20",
                               forvirtualnetwork="true")  # fmt: skip
    assert "VLAN tag 120 is already being used" in said


def test_things_in_use_are_not_deleted(cloud: Cloud) -> None:
    ids = cloud.zone()
    assert "there are pods" in cloud.refused("deleteZone", id=ids["zone"])[2]
    assert "still has hosts" in cloud.refused("deleteCluster", id=ids["cluster"])[2]
    assert "not in Maintenance" in cloud.refused("deleteStoragePool", id=ids["pool"])[2]
    job = cloud("deletePhysicalNetwork", id=ids["physicalnetwork"])
    assert "not empty" in cloud.wait(job)["errortext"]


def test_a_provider_must_be_configured_before_it_is_enabled(cloud: Cloud) -> None:
    ids = cloud.zone()
    provider = cloud("listNetworkServiceProviders", name="VirtualRouter", physicalnetworkid=ids["physicalnetwork"])
    nsp = provider["networkserviceprovider"][0]["id"]
    failed = cloud.wait(cloud("updateNetworkServiceProvider", id=nsp, state="Enabled"))
    assert "please configure the provider first" in failed["errortext"]
    element = cloud("listVirtualRouterElements", nspid=nsp)["virtualrouterelement"][0]["id"]
    cloud.wait(cloud("configureVirtualRouterElement", id=element, enabled="true"))
    enabled = cloud.wait(cloud("updateNetworkServiceProvider", id=nsp, state="Enabled"))
    assert enabled["networkserviceprovider"]["state"] == "Enabled"


def test_paging_rules(cloud: Cloud) -> None:
    assert cloud("listOsTypes", page=2, pagesize=100)["count"] == cloud("listOsTypes")["count"]
    assert len(cloud("listOsTypes", page=2, pagesize=100)["ostype"]) == 100
    assert cloud("listOsTypes", page=99, pagesize=100).keys() == {"count"}
    everything = cloud("listConfigurations", pagesize=-1)
    assert len(everything["configuration"]) == everything["count"] > 500
    assert cloud.refused("listOsTypes", page=1)[0] == 431
    assert cloud.refused("listOsTypes", pagesize=10)[0] == 431
    assert "max allowed page size value: 500" in cloud.refused("listOsTypes", page=1, pagesize=501)[2]


def test_ids_may_be_database_ids_and_unknown_ones_are_told(cloud: Cloud) -> None:
    ids = cloud.zone()
    assert cloud("listPods", zoneid="1")["pod"][0]["id"] == ids["pod"]
    status, _, text = cloud.refused("listPods", zoneid="00000000-0000-4000-8000-000000000000")
    assert status == 431
    assert "Invalid parameter zoneid" in text


@pytest.mark.parametrize("name", ["<b>&\"'", "Zürich-東京-🚀", "a" * 255, "x' OR 1=1 --"])
def test_names_of_any_kind_come_back_as_they_were_given(cloud: Cloud, name: str) -> None:
    cloud("createZone", name=name, networktype="Advanced", dns1="192.0.2.53", internaldns1="192.0.2.53")
    assert cloud("listZones")["zone"][0]["name"] == name
    answer = cloud.dispatcher.call("GET", _xml(cloud))
    from xml.etree import ElementTree

    assert ElementTree.fromstring(answer.body).findtext("zone/name") == name


def _xml(cloud: Cloud) -> dict[str, str]:
    from provisioning.simulator import signing

    sent = {"command": "listZones", "response": "xml", "apiKey": cloud.sim.api_key}
    return {**sent, "signature": signing.sign(cloud.sim.secret_key, sent)}


def test_control_characters_are_refused(cloud: Cloud) -> None:
    status, _, text = cloud.refused(
        "createZone", name="tab\there", networktype="Advanced", dns1="1.1.1.1", internaldns1="1.1.1.1"
    )
    assert status == 431
    assert "non-printable" in text


def test_a_renamed_zone_shows_in_what_names_it(cloud: Cloud) -> None:
    """Answers prepared earlier must not outlive what they show."""
    ids = cloud.zone()
    assert cloud("listPods")["pod"][0]["zonename"] == "z1"
    cloud("updateZone", id=ids["zone"], name="renamed")
    assert cloud("listPods")["pod"][0]["zonename"] == "renamed"
    assert cloud("listClusters")["cluster"][0]["zonename"] == "renamed"


def test_roles_are_made_of_rules(cloud: Cloud) -> None:
    role = cloud("createRole", name="reader", type="User", description="reads")["role"]["id"]
    cloud("createRolePermission", roleid=role, rule="listZones", permission="allow")
    cloud("createRolePermission", roleid=role, rule="*", permission="deny")
    rules = cloud("listRolePermissions", roleid=role)["rolepermission"]
    assert [(rule["rule"], rule["permission"]) for rule in rules] == [("listZones", "allow"), ("*", "deny")]
    cloud("deleteRolePermission", id=rules[1]["id"])
    assert cloud("listRolePermissions", roleid=role)["count"] == 1
    admin = cloud("listRoles", name="Root Admin")["role"][0]["id"]
    assert cloud.refused("deleteRole", id=admin)[0] == 531


def test_a_dedicated_host_is_listed_and_given_back(cloud: Cloud) -> None:
    ids = cloud.zone()
    host = cloud("listHosts")["host"][0]["id"]
    domain = cloud("listDomains")["domain"][0]["id"]
    made = cloud.wait(cloud("dedicateHost", hostid=host, domainid=domain))["dedicatedhost"][0]
    assert cloud("listDedicatedHosts")["dedicatedhost"] == [made]
    assert cloud.refused("dedicateHost", hostid=host, domainid=domain)[0] == 530
    assert cloud.wait(cloud("releaseDedicatedHost", hostid=host)) == {"success": True}
    assert cloud("listDedicatedHosts") == {}
    assert cloud("listDedicatedZones", zoneid=ids["zone"]) == {}


def test_a_list_of_what_the_cloud_has_not_is_empty(cloud: Cloud) -> None:
    assert cloud("listBackups") == {}
    assert cloud.refused("createKubernetesCluster", name="k", zoneid=cloud.zone()["zone"])[0] in (431, 530)


def test_storage_network_ranges(cloud: Cloud) -> None:
    ids = cloud.zone()
    wanted = {"podid": ids["pod"], "gateway": "10.3.0.1", "netmask": "255.255.255.0", "startip": "10.3.0.10"}
    made = cloud.wait(cloud("createStorageNetworkIpRange", endip="10.3.0.20", **wanted))["storagenetworkiprange"]
    assert cloud("listStorageNetworkIpRange", zoneid=ids["zone"])["storagenetworkiprange"] == [made]
    assert "overlaps" in cloud.refused("createStorageNetworkIpRange", **wanted)[2]
    assert cloud.wait(cloud("updateStorageNetworkIpRange", id=made["id"], endip="10.3.0.30"))
    cloud.wait(cloud("deleteStorageNetworkIpRange", id=made["id"]))
    assert cloud("listStorageNetworkIpRange") == {}
