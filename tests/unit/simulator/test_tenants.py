"""Tenants see and touch what is theirs, and get no more than their limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulator.caller import Caller, Refused, demo, tenant


@pytest.fixture(scope="module")
def admin() -> Caller:
    return demo(seed=5)


@pytest.fixture(scope="module")
def acme(admin: Caller) -> Caller:
    return tenant(admin, "acme-dev")


@pytest.fixture(scope="module")
def other(admin: Caller) -> Caller:
    names = [a["name"] for a in admin("listAccounts", listall="true")["account"] if a["name"].startswith("globex")]
    return tenant(admin, names[0])


def order(admin: Caller, offering: str = "tiny-1x1", zone: str = "fra-1") -> dict[str, Any]:
    place = next(z for z in admin("listZones")["zone"] if z["name"] == zone)
    size = next(o for o in admin("listServiceOfferings")["serviceoffering"] if o["name"] == offering)
    image = admin("listTemplates", templatefilter="executable", zoneid=place["id"])["template"][0]
    return {"zoneid": place["id"], "serviceofferingid": size["id"], "templateid": image["id"]}


def network_of(caller: Caller) -> dict[str, Any]:
    return next(n for n in caller("listNetworks")["network"] if n["zonename"] == "fra-1")


def test_lists_show_ones_own(admin: Caller, acme: Caller, other: Caller) -> None:
    mine = acme("listVirtualMachines", listall="true")["virtualmachine"]
    theirs = other("listVirtualMachines", listall="true")["virtualmachine"]
    assert {vm["account"] for vm in mine} == {"acme-dev"}
    assert not {vm["id"] for vm in mine} & {vm["id"] for vm in theirs}
    everything = admin("listVirtualMachines", listall="true")
    assert everything["count"] > len(mine) + len(theirs)
    assert "hostid" not in mine[0] and "instancename" not in mine[0]
    assert admin("listVirtualMachines") == {}


@pytest.mark.parametrize(
    ("command", "listing", "field"),
    [
        ("stopVirtualMachine", "listVirtualMachines", "virtualmachine"),
        ("destroyVirtualMachine", "listVirtualMachines", "virtualmachine"),
        ("listVirtualMachines", "listVirtualMachines", "virtualmachine"),
        ("deleteVolume", "listVolumes", "volume"),
        ("deleteNetwork", "listNetworks", "network"),
        ("disassociateIpAddress", "listPublicIpAddresses", "publicipaddress"),
    ],
)
def test_a_foreign_id_is_refused(acme: Caller, other: Caller, command: str, listing: str, field: str) -> None:
    foreign = other(listing, listall="true")[field][0]["id"]
    with pytest.raises(Refused) as refused:
        acme(command, id=foreign)
    assert refused.value.status == 531
    assert refused.value.text == "Caller does not have permission to operate with provided resource."


def test_limits_refuse_at_once_and_nothing_is_left(admin: Caller, acme: Caller) -> None:
    account = acme("listAccounts")["account"][0]
    admin(
        "updateResourceLimit",
        resourcetype="0",
        account="acme-dev",
        domainid=account["domainid"],
        max=account["vmtotal"],
    )
    before = admin.sim.state.table("vm").last_dbid
    network = network_of(acme)
    with pytest.raises(Refused) as refused:
        acme("deployVirtualMachine", name="too-much", networkids=network["id"], **order(admin))
    assert refused.value.status == 535
    assert f"Account Resource Limit = {account['vmtotal']}, " in refused.value.text
    assert admin.sim.state.table("vm").last_dbid == before
    admin("updateResourceLimit", resourcetype="0", account="acme-dev", domainid=account["domainid"], max=-1)
    vm = acme.done("deployVirtualMachine", name="just-right", networkids=network["id"], **order(admin))[
        "virtualmachine"
    ]
    assert vm["state"] == "Running"
    assert acme("listAccounts")["account"][0]["vmtotal"] == account["vmtotal"] + 1


def test_names_with_markup_and_any_script(acme: Caller, admin: Caller) -> None:
    vm = acme("listVirtualMachines")["virtualmachine"][0]
    strange = "<script>alert('ß')</script> 名前 ✓"
    assert acme("updateVirtualMachine", id=vm["id"], displayname=strange)["virtualmachine"]["displayname"] == strange
    with pytest.raises(Refused) as refused:
        acme("deployVirtualMachine", name=strange, **order(admin))
    assert refused.value.status == 431
    assert refused.value.text.startswith("Invalid name.")


def test_anti_affinity_keeps_two_vms_apart(admin: Caller, acme: Caller) -> None:
    group = acme.done("createAffinityGroup", name="apart", type="host anti-affinity")["affinitygroup"]
    network = network_of(acme)["id"]
    ids = [
        acme.done(
            "deployVirtualMachine", name=f"apart-{n}", networkids=network, affinitygroupids=group["id"], **order(admin)
        )["virtualmachine"]["id"]
        for n in range(3)
    ]
    hosts = [admin("listVirtualMachines", id=each)["virtualmachine"][0]["hostid"] for each in ids]
    assert len(set(hosts)) == 3


def test_capacity_follows_what_is_promised(admin: Caller) -> None:
    def memory() -> int:
        rows = admin("listCapacity", type=0, fetchlatest="true")["capacity"]
        return sum(int(row["capacityused"]) for row in rows)

    before = memory()
    vm = admin.done("deployVirtualMachine", name="weighs", **order(admin, "medium-2x4"))["virtualmachine"]
    used = memory() - before
    # The VM's 4 GiB, and the router of the network that was made for it.
    assert used >= 4 * 2**30
    admin.done("destroyVirtualMachine", id=vm["id"], expunge="true")
    assert memory() == before + used - 4 * 2**30


def test_a_host_that_is_drained_moves_everything(admin: Caller) -> None:
    hosts = [
        h
        for h in admin("listHosts", type="Routing", state="Up")["host"]
        if h["name"].startswith("kvm") and h["resourcestate"] == "Enabled"
    ]
    host = max(hosts, key=lambda h: h["memoryallocated"])
    moving = admin("listVirtualMachines", hostid=host["id"], listall="true")["virtualmachine"]
    assert moving
    admin.done("prepareHostForMaintenance", id=host["id"])
    admin.sim.scheduler.advance(60)
    assert admin("listHosts", id=host["id"])["host"][0]["resourcestate"] == "Maintenance"
    for vm in moving:
        now = admin("listVirtualMachines", id=vm["id"])["virtualmachine"][0]
        assert now["state"] == "Running" and now["hostid"] != host["id"]
    admin.done("cancelHostMaintenance", id=host["id"])


def test_a_full_cloud_refuses_in_the_job(admin: Caller) -> None:
    for cluster in admin("listClusters")["cluster"]:
        admin(
            "updateConfiguration",
            name="cluster.memory.allocated.capacity.disablethreshold",
            value="0.01",
            clusterid=cluster["id"],
        )
    with pytest.raises(Refused) as refused:
        admin.done("deployVirtualMachine", name="nowhere", **order(admin))
    assert refused.value.status == 533
    assert refused.value.text.startswith("No destination found for a deployment for VM instance {")
    vm = admin("listVirtualMachines", name="nowhere", listall="true")["virtualmachine"][0]
    assert vm["state"] == "Error"
    assert admin.sim.complaints == []


def test_ten_vms_at_once_in_a_new_network() -> None:
    admin = demo(seed=6)
    zone = next(z for z in admin("listZones")["zone"] if z["name"] == "fra-1")
    offering = next(
        o
        for o in admin("listNetworkOfferings")["networkoffering"]
        if o["name"].endswith("IsolatedNetworkOfferingWithSourceNatService")
    )
    network = admin("createNetwork", name="rush", zoneid=zone["id"], networkofferingid=offering["id"])["network"]["id"]
    wanted = order(admin)
    jobs = [admin("deployVirtualMachine", name=f"rush-{n}", networkids=network, **wanted) for n in range(10)]
    admin.sim.scheduler.advance(60)
    assert {admin("queryAsyncJobResult", jobid=job["jobid"])["jobstatus"] for job in jobs} == {1}
    vms = admin("listVirtualMachines", networkid=network, listall="true")["virtualmachine"]
    assert len({vm["ipaddress"] for vm in vms}) == 10
    assert len({vm["nic"][0]["broadcasturi"] for vm in vms}) == 1
    assert admin("listRouters", networkid=network, listall="true")["count"] == 1
    assert (
        len(
            [
                ip
                for ip in admin("listPublicIpAddresses", associatednetworkid=network)["publicipaddress"]
                if ip["issourcenat"]
            ]
        )
        == 1
    )


def test_a_deployment_ordered_to_fail_gives_everything_back() -> None:
    admin = demo(seed=6)
    zone = next(z for z in admin("listZones")["zone"] if z["name"] == "fra-1")
    offering = next(
        o
        for o in admin("listNetworkOfferings")["networkoffering"]
        if o["name"].endswith("IsolatedNetworkOfferingWithSourceNatService")
    )
    network = admin("createNetwork", name="broken", zoneid=zone["id"], networkofferingid=offering["id"])["network"][
        "id"
    ]
    used = admin("listHosts", type="Routing")["host"]
    for steps in (1, 2, 3):
        admin.sim.faults.order(action="job", command="deployVirtualMachine", text="ordered", after_steps=steps)
        with pytest.raises(Refused, match="ordered"):
            admin.done("deployVirtualMachine", name=f"broken-{steps}", networkids=network, **order(admin))
        assert (
            admin("listVirtualMachines", name=f"broken-{steps}", listall="true")["virtualmachine"][0]["state"]
            == "Error"
        )
        assert admin("listNetworks", id=network)["network"][0]["state"] in ("Allocated", "Implemented")
    after = {h["id"]: h["memoryallocated"] for h in admin("listHosts", type="Routing")["host"]}
    routers = admin("listRouters", networkid=network, listall="true").get("router", [])
    more = sum(after.values()) - sum(h["memoryallocated"] for h in used)
    assert more == 512 * 2**20 * len(routers)


def test_a_tenants_own_templates() -> None:
    admin = demo(seed=6)
    acme = tenant(admin, "acme-dev")
    kind = admin("listOsTypes")["ostype"][0]["id"]
    wanted = {"format": "QCOW2", "hypervisor": "KVM", "ostypeid": kind, "url": "http://images.example.org/own.qcow2"}
    made = acme("registerTemplate", name="own", displaytext="own", zoneid=order(admin)["zoneid"], **wanted)["template"][
        0
    ]
    assert [t["id"] for t in acme("listTemplates", templatefilter="self")["template"]] == [made["id"]]
    vm = acme.done(
        "deployVirtualMachine",
        name="from-own",
        networkids=network_of(acme)["id"],
        **{**order(admin), "templateid": made["id"]},
    )["virtualmachine"]
    assert (vm["state"], vm["templateid"]) == ("Running", made["id"])
    acme.done("stopVirtualMachine", id=vm["id"])
    root = acme("listVolumes", virtualmachineid=vm["id"], type="ROOT")["volume"][0]
    copy = acme.done("createTemplate", name="copy", displaytext="copy", volumeid=root["id"], ostypeid=kind)["template"]
    acme.done("deleteTemplate", id=made["id"])
    assert [t["id"] for t in acme("listTemplates", templatefilter="self")["template"]] == [copy["id"]]
    assert acme("listVirtualMachines", id=vm["id"])["virtualmachine"][0]["templatename"] == "own"
