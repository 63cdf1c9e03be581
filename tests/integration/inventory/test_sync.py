"""A sync against a real socket: what the mirror holds afterwards, what it calls a change, and what it never does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from provisioning.accounts.models import Tenant
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.operations.tenants import backfill_tenant
from provisioning.inventory.sync import queue, run, signals_free
from provisioning.inventory.sync.digest import REDACTED, unpacked
from provisioning.live.models import LiveEvent
from tests.integration.cloudstack import tiny as t
from tests.integration.cloudstack.tiny import TinyCloudStack
from tests.integration.inventory import world
from tests.integration.inventory.conftest import sync
from tests.integration.inventory.world import ACME, identity, rows

DONE, PARTIAL, FAILED = m.Sync.State.DONE, m.Sync.State.PARTIAL, m.Sync.State.FAILED


@pytest.fixture
def tenant(remote: m.Cloud) -> Tenant:
    return Tenant.objects.create(
        cloud_uuid=remote.uuid, name="acme-dev", domain_cloudstack_id=ACME, account_name="acme-dev"
    )


def test_the_first_sync_mirrors_everything(remote: m.Cloud, tenant: Tenant) -> None:
    done = sync(remote)
    assert (done.state, done.error) == (DONE, "")
    assert {slug: kind.model.objects.filter(cloud=remote).count() for slug, kind in KINDS.items()} == {
        "management-servers": 1, "zones": 1, "pods": 1, "clusters": 1, "hosts": 4, "storage-pools": 1,
        "image-stores": 1, "system-vms": 1, "routers": 1, "physical-networks": 1, "networks": 1, "public-ranges": 1,
        "offerings": 2, "templates": 1, "domains": 2, "accounts": 1, "projects": 0, "instances": 6, "volumes": 6,
    }  # fmt: skip
    assert done.rows_written == done.objects_seen == 33
    assert remote.state == m.Cloud.State.OK and remote.version == "4.23.0.0"
    assert remote.role_name == "Root Admin" and remote.command_count == remote.commands.count() > 30
    assert remote.last_complete_sync_at and remote.last_answer_at

    vm = m.Instance.objects.get(cloudstack_id=identity("vm", 1))
    assert vm.host.name == "kvm-1" and vm.host.cluster.pod.zone.name == "Zürich <b>1</b>"
    assert vm.account.name == "acme-dev" and vm.account.domain.parent.name == "ROOT"
    assert vm.tenant_uuid == tenant.uuid and vm.offering.name == "Small" and vm.template.name == "CentOS"
    assert vm.cpu_used_percent == 10.0 and vm.network_names == "dev-net" and vm.ip_address == "10.1.0.1"
    assert m.Volume.objects.get(cloudstack_id=identity("volume", 1)).instance == vm
    network = m.GuestNetwork.objects.get()
    assert (network.segment_type, network.segment_id) == ("vlan", 176)
    assert m.SystemVm.objects.get().agent_state == "Up"
    template = m.Template.objects.get()
    assert [zone["is_ready"] for zone in template.zones] == [True, False]
    assert not template.is_ready and template.state == "30% Downloaded"
    account = m.Account.objects.get()
    assert account.tenant_uuid == tenant.uuid
    assert account.limits["vm"] == {"limit": 20, "used": 6, "available": 14}
    assert account.limits["cpu"]["limit"] is None
    # Everything would be news the first time.
    assert not m.ChangeEvent.objects.exists()
    assert vm.state_since_at is None


def test_the_raw_answer_is_kept_without_secrets(remote: m.Cloud) -> None:
    sync(remote)
    raw = m.RawAnswer.objects.get(cloud=remote, kind="instances", cloudstack_id=identity("vm", 1))
    answer = unpacked(raw.body)
    assert answer["name"] == "web-1" and answer["password"] == REDACTED
    account = unpacked(m.RawAnswer.objects.get(kind="accounts").body)
    assert account["user"][0] == {"id": "u-1", "apikey": REDACTED, "secretkey": REDACTED}


def test_nothing_new_writes_nothing(remote: m.Cloud) -> None:
    sync(remote)
    before = {slug: list(kind.model.objects.order_by("pk").values()) for slug, kind in KINDS.items()}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        again = sync(remote)
    assert (again.state, again.rows_written, again.objects_seen) == (DONE, 0, 33)
    assert {slug: list(kind.model.objects.order_by("pk").values()) for slug, kind in KINDS.items()} == before
    tables = {kind.model._meta.db_table for kind in KINDS.values()} | {m.RawAnswer._meta.db_table}
    writes = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not [sql for sql in writes if any(f'"{table}"' in sql for table in tables)]


def test_a_change_is_an_event_with_before_and_after(remote: m.Cloud, tiny: TinyCloudStack, tenant: Tenant) -> None:
    sync(remote)
    rows(tiny, "listHosts")[0]["state"] = "Down"
    vm = rows(tiny, "listVirtualMachines")[1]
    vm |= {"hostid": identity("host", 2), "state": "Migrating", "cpuused": "99%"}
    rows(tiny, "listVolumes")[0]["size"] = 2**32
    changed = sync(remote)
    assert changed.rows_written == 3
    events = {(e.kind, e.tenant_uuid is None): e for e in m.ChangeEvent.objects.all()}
    assert len(events) == m.ChangeEvent.objects.count() == 4
    down = events["hosts", True]
    assert (down.before, down.after, down.change) == ({"state": "Up"}, {"state": "Down"}, "changed")
    assert down.object_uuid == m.Host.objects.get(cloudstack_id=identity("host", 0)).uuid
    # A tenant learns that its instance moves, not between which hosts.
    assert events["instances", False].after == {"state": "Migrating"}
    assert events["instances", False].tenant_uuid == tenant.uuid
    assert (events["instances", True].before, events["instances", True].after) == ({"host": "kvm-1"}, {"host": "kvm-2"})
    assert events["volumes", False].after == {"size_bytes": 2**32}
    host = m.Host.objects.get(cloudstack_id=identity("host", 0))
    assert host.state_since_at == host.changed_at
    live = LiveEvent.objects.filter(topic=f"tenant.{tenant.uuid}")
    assert {event.kind for event in live} == {"instances.changed", "volumes.changed"}
    assert not [event for event in live if "host" in event.payload["after"]]
    assert LiveEvent.objects.filter(topic=f"cloud.{remote.uuid}", kind="hosts.changed").count() == 1


def test_figures_are_written_apart_and_are_no_change(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    for row in rows(tiny, "listHosts")[:4]:
        row |= {"cpuused": "77%", "lastpinged": "1970-01-21T07:09:99+0000", "networkkbsread": 5}
    rows(tiny, "listVirtualMachines")[0]["cpuused"] = "55%"
    again = sync(remote)
    assert (again.rows_written, again.metrics_written) == (0, 5)
    assert m.Host.objects.filter(cpu_used_percent=77).count() == 4
    assert not m.ChangeEvent.objects.exists()
    assert sync(remote).metrics_written == 0


def test_what_vanished_becomes_a_tombstone_and_may_return(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    gone = rows(tiny, "listVirtualMachines").pop(0)
    sync(remote)
    vm = m.Instance.objects.get(cloudstack_id=gone["id"])
    assert vm.gone_at and vm.state == "Running"
    assert m.Instance.objects.present().count() == 5
    event = m.ChangeEvent.objects.get()
    assert (event.change, event.before["name"], event.after) == ("gone", "web-0", {})
    assert sync(remote).rows_written == 0
    rows(tiny, "listVirtualMachines").append(gone)
    sync(remote)
    returned = m.Instance.objects.get(cloudstack_id=gone["id"])
    assert returned.gone_at is None and (returned.pk, returned.uuid) == (vm.pk, vm.uuid)
    assert m.ChangeEvent.objects.first().change == "returned"


def test_new_objects_are_events_from_the_second_sync_on(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    rows(tiny, "listVirtualMachines").append(world.instance(50, hostid=""))
    sync(remote)
    event = m.ChangeEvent.objects.get()
    assert (event.change, event.after["name"]) == ("created", "web-50")
    assert m.Instance.objects.get(name="web-50").state_since_at is not None


@pytest.mark.parametrize(
    "trouble",
    [t.html(), t.html(404), t.busy(503), t.busy(429), t.dropped, t.cut, t.truncated, t.late(1.5),
     t.says(530, "boom"), t.says(431, "no"), t.body(b'{"listvirtualmachinesresponse":{"virtualmachine":"x"}}'),
     t.body(b'{"listvirtualmachinesresponse":{"count":6,"virtualmachine":[{"id":"one"}]}}')],
)  # fmt: skip
def test_a_kind_that_fails_makes_no_tombstone(remote: m.Cloud, tiny: TinyCloudStack, trouble: t.Trouble) -> None:
    sync(remote)
    finished = remote.last_complete_sync_at
    rows(tiny, "listVirtualMachines").clear()
    rows(tiny, "listHosts").pop(3)
    tiny.troubles["listVirtualMachines"] = [trouble] * 5
    partial = sync(remote)
    assert partial.state == PARTIAL and partial.error
    assert partial.counts["instances"]["error"] == partial.error == remote.last_error
    assert m.Instance.objects.present().count() >= 6
    # The others are in step all the same.
    assert m.Host.objects.present().count() == 3
    assert remote.last_complete_sync_at == finished
    tiny.troubles.clear()
    assert sync(remote).state == DONE
    assert m.Instance.objects.present().count() == 0
    assert remote.last_error == ""


def test_a_broken_page_in_the_middle_keeps_what_was_read(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    world.small(tiny, instances=1200)
    tiny.troubles["listVirtualMachines"] = [t.late(0), t.dropped]
    partial = sync(remote)
    assert partial.state == PARTIAL
    assert m.Instance.objects.count() == 500
    assert sync(remote).state == DONE
    assert m.Instance.objects.count() == 1200 == m.Volume.objects.exclude(instance=None).count()
    assert sync(remote).rows_written == 0


def test_a_row_that_a_moving_list_hides_is_not_gone(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    world.small(tiny, instances=600)
    sync(remote)
    machines = rows(tiny, "listVirtualMachines")
    hidden = machines[550]

    def hide(_handler: Any, params: dict[str, str]) -> bool:
        """Page 2 lacks a row that exists, and the count agrees: what a list looks like that changed behind our back."""
        if params.get("page") == "2":
            machines.remove(hidden)
        elif "id" in params and hidden not in machines:
            machines.append(hidden)
        return False

    tiny.troubles["listVirtualMachines"] = [hide] * 4
    done = sync(remote)
    assert done.state == DONE
    assert m.Instance.objects.get(cloudstack_id=hidden["id"]).gone_at is None


def test_a_role_without_commands_skips_those_kinds(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    for command in ("listHosts", "listSystemVms", "listManagementServers"):
        del tiny.catalogue[command]
    remote.catalogue_at = None
    remote.save()
    done = sync(remote)
    assert done.state == DONE
    assert "has no listHosts" in done.counts["hosts"]["skipped"]
    assert m.Host.objects.present().count() == 4
    assert "skipped" not in done.counts["zones"]


def test_a_command_taken_away_meanwhile_is_a_note_too(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    del tiny.catalogue["listRouters"]
    done = sync(remote)
    assert done.state == DONE and "may not call listRouters" in done.counts["routers"]["skipped"]
    assert m.VirtualRouter.objects.present().count() == 1


def test_a_role_that_may_not_ask_for_all_templates(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    rows(tiny, "listTemplates").append({"id": "t-2", "name": "own", "zoneid": "z-1", "isready": True})

    def only_executable(handler: Any, params: dict[str, str]) -> bool:
        if params["templatefilter"] == "all":
            handler.error("listtemplatesresponse", 431, "Filter all can be specified by root admins only", 4350)
            return True
        del rows(tiny, "listTemplates")[:2]
        return False

    tiny.troubles["listTemplates"] = [only_executable] * 2
    done = sync(remote)
    assert done.state == DONE and "executable" in done.counts["templates"]["skipped"]
    assert m.Template.objects.present().count() == 2


def test_wrong_keys_fail_at_once(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    tiny.secret = "changed"
    failed = sync(remote)
    assert failed.state == FAILED and "refused this key pair" in failed.error
    assert remote.state == m.Cloud.State.REFUSED and remote.last_error_kind == "authentication"
    assert len(failed.counts) == 1
    assert m.Host.objects.present().count() == 4


def test_a_dead_cloud_fails_without_asking_for_everything(db: None) -> None:
    with TinyCloudStack() as gone:
        world.small(gone)
        cloud = world.register(gone)
        sync(cloud)
    failed = sync(cloud)
    assert failed.state == FAILED and cloud.state == m.Cloud.State.UNREACHABLE
    assert len(failed.counts) == 2


def test_a_cloud_that_takes_no_calls_is_not_asked_for_everything(
    remote: m.Cloud, tiny: TinyCloudStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RETRY_BUDGET_S", 0)
    told: list[str] = []
    monkeypatch.setattr(signals_free, "_on_trouble", [lambda cloud: told.append(cloud.state)])
    tiny.troubles["*"] = [t.busy()] * 99
    failed = sync(remote)
    assert failed.state == FAILED and "503" in failed.error and len(failed.counts) <= 2
    assert remote.state == m.Cloud.State.UNREACHABLE and told == ["unreachable"]
    assert queue.due_at(remote) - failed.finished_at == queue.AGAIN_AFTER


def test_one_list_without_an_answer_is_not_a_silent_cloud(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    tiny.troubles["listVolumesMetrics"] = tiny.troubles["listVolumes"] = [t.html()] * 9
    partial = sync(remote)
    assert partial.state == PARTIAL and remote.state == m.Cloud.State.OK


def test_something_that_is_not_cloudstack(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    tiny.troubles["*"] = [t.html()] * 99
    failed = sync(remote)
    assert failed.state == FAILED and "text/html" in failed.error
    assert remote.state == m.Cloud.State.BROKEN


def test_a_targeted_sync_looks_at_its_kinds_only(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    complete = remote.last_complete_sync_at
    rows(tiny, "listHosts")[0]["state"] = "Down"
    rows(tiny, "listVirtualMachines")[0] |= {"state": "Stopped", "hostid": ""}
    before = len(tiny.calls)
    done = sync(remote, "instances", "volumes")
    assert {name for _method, name, _params in tiny.calls[before:]} == {"listVirtualMachines", "listVolumes"}
    assert done.rows_written == 1 and m.Host.objects.filter(state="Down").count() == 0
    assert m.Instance.objects.get(name="web-0").host is None
    assert remote.last_complete_sync_at == complete


def test_projects_are_asked_for_apart(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    rows(tiny, "listVirtualMachines").append(
        world.instance(70, projectid="pr-1", project="apollo", account=None, hostid="")
    )
    tiny.lists["listProjects"] = ("project", [{"id": "pr-1", "name": "apollo", "domainid": ACME, "state": "Active",
                                               "owner": [{"account": "acme-dev"}]}])  # fmt: skip
    project = Tenant.objects.create(
        cloud_uuid=remote.uuid, name="apollo", kind="project", domain_cloudstack_id=ACME, project_cloudstack_id="pr-1"
    )
    assert sync(remote).state == DONE
    vm = m.Instance.objects.get(name="web-70")
    assert vm.project.name == "apollo" and vm.tenant_uuid == project.uuid
    assert m.Project.objects.get().owner_names == "acme-dev"
    assert sync(remote).rows_written == 0


def test_names_of_any_kind_are_kept_as_they_are(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    odd = "<script>alert(1)</script> 日本 üñí✓ ‮ \U0001f980"
    rows(tiny, "listVirtualMachines")[0]["name"] = odd
    rows(tiny, "listVirtualMachines")[1]["name"] = "x" * 5000 + "\x00"
    rows(tiny, "listVirtualMachines")[2] |= {"cpunumber": 2**40, "memory": "not a number", "nic": "none", "tags": None}
    assert sync(remote).state == DONE
    assert m.Instance.objects.get(cloudstack_id=identity("vm", 0)).name == odd
    assert len(m.Instance.objects.get(cloudstack_id=identity("vm", 1)).name) == 255
    assert m.Instance.objects.get(cloudstack_id=identity("vm", 2)).cpu_count is None
    assert sync(remote).rows_written == 0


def test_a_link_that_leads_nowhere_is_found_later_and_written_once(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    rows(tiny, "listVirtualMachines")[0]["templateid"] = "t-9"
    sync(remote)
    assert m.Instance.objects.get(name="web-0").template is None
    assert sync(remote).rows_written == 0
    rows(tiny, "listTemplates").append({"id": "t-9", "name": "late", "zoneid": "z-1", "isready": True})
    assert sync(remote).rows_written == 2
    assert m.Instance.objects.get(name="web-0").template.name == "late"


def test_a_tenant_added_later_gets_what_is_its_own(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    sync(remote)
    assert not m.Instance.objects.exclude(tenant_uuid=None).exists()
    tenant = Tenant.objects.create(
        cloud_uuid=remote.uuid, name="acme-dev", domain_cloudstack_id=ACME, account_name="acme-dev"
    )
    # 6 instances, 6 volumes, network, router, account
    assert backfill_tenant(tenant) == 15
    assert m.Instance.objects.filter(tenant_uuid=tenant.uuid).count() == 6
    assert not m.ChangeEvent.objects.exists()
    sync(remote)
    assert m.Volume.objects.filter(tenant_uuid=tenant.uuid).count() == 6
    assert sync(remote).rows_written == 0
    tenant.delete()
    sync(remote)
    assert not m.Instance.objects.exclude(tenant_uuid=None).exists()


def test_many_changes_are_told_in_counts(remote: m.Cloud, tiny: TinyCloudStack) -> None:
    world.small(tiny, instances=300)
    sync(remote)
    for row in rows(tiny, "listVirtualMachines"):
        row["state"] = "Stopped"
    sync(remote)
    assert m.ChangeEvent.objects.count() == 300
    topic = LiveEvent.objects.filter(topic=f"cloud.{remote.uuid}")
    assert topic.filter(kind="instances.changed").count() == 200
    assert topic.get(kind="inventory.many_changes").payload == {"counts": {"instances": {"changed": 100}}}


def test_those_above_are_told_when_it_has_ended(remote: m.Cloud) -> None:
    heard: list[tuple[m.Cloud, m.Sync]] = []

    def broken(_cloud: m.Cloud, _sync: m.Sync) -> None:
        raise RuntimeError

    def listen(cloud: m.Cloud, done: m.Sync) -> None:
        heard.append((cloud, done))

    before = list(signals_free._on_synced)
    try:
        signals_free._on_synced[:] = []
        signals_free.on_synced(broken)
        signals_free.on_synced(listen)
        done = sync(remote)
    finally:
        signals_free._on_synced[:] = before
    assert [(cloud.pk, seen.pk) for cloud, seen in heard] == [(remote.pk, done.pk)]
