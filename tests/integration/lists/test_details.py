"""Pages of objects, history, raw answers, jobs, segments and search."""

from __future__ import annotations

import json
import uuid
import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from provisioning.inventory import models as m
from tests import factories

pytestmark = pytest.mark.django_db


REFUSED = '{"errorcode":530,"errortext":"No destination found","password":"hunter2"}'


def detail(obj, slug, **params):
    from urllib.parse import urlencode

    url = reverse("inventory:detail", args=[obj.cloud.uuid, slug, obj.uuid])
    return f"{url}?{urlencode(params)}" if params else url


def test_a_host_names_both_of_its_states_and_what_it_stands_on(client_of, operator, small_cloud):
    host = small_cloud.hosts[0]
    m.Host.objects.filter(pk=host.pk).update(state="Down")
    page = client_of(operator).get(detail(host, "hosts")).content.decode()
    assert "zw-state--bad zw-pill" in page and "Down</span>" in page
    assert "zw-state--good zw-pill" in page and "Enabled</span>" in page
    for obj, slug in ((small_cloud.zone, "zones"), (small_cloud.pod, "pods"), (small_cloud.cluster, "clusters")):
        assert f'href="{detail(obj, slug)}"' in page


def test_related_lists_are_counted_and_hold_the_right_rows(client_of, operator, small_cloud):
    client, host = client_of(operator), small_cloud.hosts[0]
    page = client.get(detail(host, "hosts", tab="instances"))
    counts = {tab.key: tab.count.value for tab in page.context["tabs"] if tab.count}
    assert counts == {"instances": 1, "system-vms": 2, "routers": 1, "storage-pools": 1}
    assert [row.name for row in page.context["table"].page.rows] == ["acme-dev-vm-1"]
    part = client.get(
        detail(host, "hosts", tab="instances", q="nothing"), headers={"HX-Request": "true", "HX-Target": "zw-list"}
    )
    assert "No instances match" in part.content.decode()


def test_a_network_s_instances_are_those_with_a_nic_in_it(client_of, operator, small_cloud):
    network = small_cloud.networks["acme-dev"]
    twin = factories.make(m.GuestNetwork, small_cloud.cloud, network.name, zone=small_cloud.zone)
    inside = small_cloud.instances[0]
    m.Instance.objects.filter(pk=inside.pk).update(
        network_names=network.name, network_cloudstack_ids=f"{network.cloudstack_id},{uuid.uuid4()}"
    )
    client = client_of(operator)
    page = client.get(detail(network, "networks", tab="instances"))
    assert [row.name for row in page.context["table"].page.rows] == [inside.name]
    page = client.get(detail(twin, "networks", tab="instances"))
    assert page.context["table"].page.rows == [], "a name in common is no NIC"
    page = client.get(detail(inside, "instances", tab="networks"))
    assert [row.uuid for row in page.context["table"].page.rows] == [network.uuid]


def test_detail_pages_ask_a_constant_number_of_queries(client_of, operator, small_cloud):
    client, host = client_of(operator), small_cloud.hosts[0]

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(detail(host, "hosts", tab="instances", per=200)).status_code == 200
        return len(queries)

    client.get(detail(host, "hosts"))
    few = count()
    m.Instance.objects.bulk_create(
        factories.build(m.Instance, small_cloud.cloud, f"vm-{number}", host=host, zone=small_cloud.zone)
        for number in range(1000)
    )
    assert count() == few <= 26


def test_members_get_a_tenant_shaped_page(client_of, tenant_user, outsider, small_cloud):
    mine = small_cloud.instances[0]
    m.RawAnswer.objects.create(cloud=small_cloud.cloud, kind="instances", cloudstack_id=mine.cloudstack_id,
                               body=zlib.compress(b'{"hostname": "SimulatedAgent.0"}'))  # fmt: skip
    m.ChangeEvent.objects.create(cloud=small_cloud.cloud, kind="instances", object_uuid=mine.uuid,
                                 tenant_uuid=mine.tenant_uuid, change="changed", before={"host": "kvm-1"},
                                 after={"host": "kvm-2"})  # fmt: skip
    client = client_of(tenant_user)
    for tab in ("overview", "history", "jobs", "events", "volumes", "raw"):
        page = client.get(detail(mine, "instances", tab=tab)).content.decode()
        assert "SimulatedAgent" not in page and "kvm-" not in page and "i-2-" not in page, tab
        assert "tab=raw" not in page and f"/{'hosts'}/" not in page
    assert (
        client.get(reverse("inventory:raw", args=[small_cloud.cloud.uuid, "instances", mine.uuid])).status_code == 404
    )
    assert client_of(outsider).get(detail(mine, "instances")).status_code == 404
    assert client.get(detail(small_cloud.hosts[0], "hosts")).status_code == 404


def test_history_merges_changes_and_events_and_loses_nothing_between_pages(client_of, operator, small_cloud):
    host, cloud, at = small_cloud.hosts[0], small_cloud.cloud, factories.NOW
    for number in range(70):
        moment = at + timedelta(seconds=number // 7)  # many share one instant
        m.ChangeEvent.objects.create(cloud=cloud, kind="hosts", object_uuid=host.uuid, change="changed", at=moment,
                                     before={"version": f"a{number}"}, after={"version": f"b{number}"})  # fmt: skip
        m.CloudEvent.objects.create(cloud=cloud, cloudstack_id=str(number), event_type="HOST.X", created_at=moment,
                                    description=f"event {number}",
                                    resource_cloudstack_id=host.cloudstack_id)  # fmt: skip
    client, seen, url = client_of(operator), [], detail(host, "hosts", tab="history")
    for _page in range(9):
        history = client.get(url).context["history"]
        seen += [(entry.at, str(entry.words)) for entry in history.entries]
        if not history.older:
            break
        url = detail(host, "hosts", tab="history", after=history.older)
    assert len(seen) == len(set(seen)) == 140
    assert [moment for moment, _words in seen] == sorted((moment for moment, _words in seen), reverse=True)
    only = client.get(detail(host, "hosts", tab="history", source="events")).context["history"]
    assert all("event" in entry.words for entry in only.entries)
    bad = client.get(detail(host, "hosts", tab="history", after="rubbish"))
    assert bad.status_code == 200 and "not known" in bad.content.decode()


def test_raw_is_escaped_and_without_secrets(client_of, auditor, small_cloud):
    host = small_cloud.hosts[0]
    body = {
        "name": host.name,
        "password": "hunter2",
        "nested": [{"secretkey": "s3cret"}],
        "x": "</pre><script>1</script>",
    }
    m.RawAnswer.objects.create(cloud=small_cloud.cloud, kind="hosts", cloudstack_id=host.cloudstack_id,
                               body=zlib.compress(json.dumps(body).encode()))  # fmt: skip
    client = client_of(auditor)
    page = client.get(detail(host, "hosts", tab="raw")).content.decode()
    assert "hunter2" not in page and "s3cret" not in page and "<script>1" not in page
    answer = client.get(reverse("inventory:raw", args=[small_cloud.cloud.uuid, "hosts", host.uuid]))
    assert answer.json()["name"] == host.name and b"hunter2" not in answer.content
    m.RawAnswer.objects.update(body=b"not zlib")
    assert "No raw answer is kept" in client.get(detail(host, "hosts", tab="raw")).content.decode()


def test_jobs_put_the_running_first_and_own_their_history(client_of, operator, small_cloud):
    instance, at = small_cloud.instances[0], factories.NOW
    for number, status in enumerate((1, 2, 0, None, 1, 0)):
        m.AsyncJob.objects.create(
            cloud=small_cloud.cloud, cloudstack_id=f"{number:08x}-0000-0000-0000-000000000000", status=status,
            command="org.apache.cloudstack.api.command.user.vm.StartVMCmd", created_at=at - timedelta(minutes=number),
            result_text=REFUSED if status == 2 else "",
            result_code=530 if status == 2 else 0, instance_type="VirtualMachine",
            instance_cloudstack_id=instance.cloudstack_id,
        )  # fmt: skip
    client = client_of(operator)
    page = client.get(reverse("inventory:jobs", args=[small_cloud.cloud.uuid]))
    assert [row.status for row in page.context["table"].page.rows] == [0, 0, 1, 2, None, 1]
    text = page.content.decode()
    assert "530: No destination found" in text and "Ended unseen" in text and instance.name in text
    failed = m.AsyncJob.objects.get(status=2)
    one = client.get(reverse("inventory:job", args=[small_cloud.cloud.uuid, failed.uuid])).content.decode()
    assert "StartVMCmd" in one and failed.log_id in one and "hunter2" not in one
    jobs = reverse("inventory:jobs", args=[small_cloud.cloud.uuid])
    assert [row.status for row in client.get(f"{jobs}?status=unseen").context["table"].page.rows] == [None]
    assert [row.status for row in client.get(f"{jobs}?status=2").context["table"].page.rows] == [2]


# --- segments -------------------------------------------------------------------------------------------------------


def test_segments_used_twice_outside_and_public_are_found(client_of, operator, small_cloud):
    cloud, zone, physical = small_cloud.cloud, small_cloud.zone, small_cloud.physical_network
    place = {"zone": zone, "physical_network": physical, "network_type": "Isolated", "segment_type": "vlan"}
    factories.make(m.GuestNetwork, cloud, "twin", **place, segment_id=176)
    factories.make(m.GuestNetwork, cloud, "far", **place, segment_id=900)
    factories.make(m.GuestNetwork, cloud, "shared", **(place | {"network_type": "Shared"}), segment_id=901)
    factories.make(m.GuestNetwork, cloud, "on-public", **place, segment_id=150)
    factories.make(m.GuestNetwork, cloud, "gone", **place, segment_id=177, gone_at=factories.NOW)
    factories.make(m.PublicRange, cloud, "r", zone=zone, vlan="vlan://150")
    elsewhere = factories.make(m.Zone, cloud, "other")
    factories.make(m.GuestNetwork, cloud, "same-id-elsewhere", **(place | {"zone": elsewhere}), segment_id=177)
    page = client_of(operator).get(reverse("inventory:segments", args=[cloud.uuid]))
    verdicts = {row.name: row.verdict for row in page.context["table"].page.rows}
    assert verdicts == {
        "acme-dev-net": "twice", "twin": "twice", "globex-net": "ok", "far": "outside", "shared": "by_hand",
        "on-public": "public", "same-id-elsewhere": "ok",
    }  # fmt: skip
    text = page.content.decode()
    assert "1 segment id is used twice" in text
    others = {row.name: row.others for row in page.context["table"].page.rows}
    assert others["twin"] == ["acme-dev-net"] and others["far"] == []


def test_a_range_that_runs_out_is_the_title(client_of, operator, small_cloud):
    small_cloud.physical_network.segment_ranges = "176-178"
    small_cloud.physical_network.save()
    factories.make(m.GuestNetwork, small_cloud.cloud, "third", zone=small_cloud.zone, segment_type="vlan",
                   physical_network=small_cloud.physical_network, segment_id=178, network_type="Isolated")  # fmt: skip
    page = client_of(operator).get(reverse("inventory:segments", args=[small_cloud.cloud.uuid])).content.decode()
    assert "Sandbox-pnet runs out of segments first: 0 free" in page and "Too little history" in page


def test_runway_counts_what_came_and_went(small_cloud):
    from portal.web.inventory.segments import maps_of

    cloud, now = small_cloud.cloud, factories.NOW
    m.Sync.objects.create(cloud=cloud, state="done", created_at=now - timedelta(days=40))
    for number in range(12):
        factories.make(m.GuestNetwork, cloud, f"n{number}", zone=small_cloud.zone, segment_type="vlan",
                       segment_id=100 + number, physical_network=small_cloud.physical_network,
                       first_seen_at=now - timedelta(days=3),
                       gone_at=now - timedelta(days=1) if number < 6 else None)  # fmt: skip
    m.GuestNetwork.objects.filter(name__endswith="-net").update(first_seen_at=now - timedelta(days=39))
    (one,) = maps_of(cloud, now)
    assert one.used == 8 and one.growth_per_day == pytest.approx(0.2)
    assert one.runway_days == int((101 - 8) / 0.2)


# --- search ---------------------------------------------------------------------------------------------------------


def search(client, cloud, text):
    answer = client.get(reverse("inventory:search", args=[cloud.uuid]), {"q": text})
    assert answer.status_code == 200
    return [(group["kind"], item["name"]) for group in answer.json()["groups"] for item in group["items"]]


def test_search_finds_ids_first_then_names(client_of, operator, small_cloud):
    client, cloud, vm = client_of(operator), small_cloud.cloud, small_cloud.instances[1]
    assert search(client, cloud, vm.cloudstack_id) == [("instances", vm.name)]
    assert search(client, cloud, str(vm.uuid)) == [("instances", vm.name)]
    assert search(client, cloud, vm.cloudstack_id.upper()) == [("instances", vm.name)]
    assert ("instances", vm.name) in search(client, cloud, vm.cloudstack_id[:12])
    assert search(client, cloud, "SIMULATEDAGENT.1") == [("hosts", "SimulatedAgent.1")]
    assert search(client, cloud, "i-2-11-")[0] == ("instances", vm.name)
    assert search(client, cloud, "10.1.1.11")[0] == ("instances", vm.name)
    factories.add_instance(small_cloud, "globex", "zz-acme-dev-vm-2")
    found = [name for kind, name in search(client, cloud, "acme-dev-vm-2") if kind == "instances"]
    assert found == ["acme-dev-vm-2", "zz-acme-dev-vm-2"]
    for text in ("", " ", "\x00", "%", "_", "'; drop table", "\U0001f600", "x" * 3000):
        assert isinstance(search(client, cloud, text), list)
    assert search(client, cloud, "%%%") == []


def test_search_shows_only_what_one_may_see(client_of, tenant_user, small_cloud):
    client, cloud = client_of(tenant_user), small_cloud.cloud
    assert {name for _kind, name in search(client, cloud, "vm-")} == {"acme-dev-vm-1", "acme-dev-vm-2", "acme-dev-vm-3"}
    assert search(client, cloud, "SimulatedAgent") == []
    assert search(client, cloud, small_cloud.hosts[0].cloudstack_id) == []
    assert search(client, cloud, small_cloud.instances[3].cloudstack_id) == []
    assert search(client, cloud, "i-2-10") == []
    answer = client.get(reverse("inventory:search", args=[cloud.uuid]), {"q": "acme-dev-vm"}).content.decode()
    assert "SimulatedAgent" not in answer


def test_jobs_are_found_by_their_log_id(client_of, operator, small_cloud):
    m.AsyncJob.objects.create(
        cloud=small_cloud.cloud, cloudstack_id="5b23e5dd-2f23-4444-8888-000000000000", command="a.StopVMCmd"
    )
    assert search(client_of(operator), small_cloud.cloud, "5b23e5dd") == [("jobs", "StopVMCmd")]
