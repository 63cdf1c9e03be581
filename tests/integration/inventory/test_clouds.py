"""Registering, changing and removing clouds: tried first, audited always, never half done."""

from __future__ import annotations

import importlib
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from provisioning.accounts.models import Tenant, User
from provisioning.audit.models import AuditEvent
from provisioning.cloudstack import AuthenticationFailed, CloudStackError, NotCloudStack, Unreachable
from provisioning.inventory import models as m
from provisioning.inventory.demo import ensure_demo
from provisioning.inventory.errors import NotAllowed, Refused
from provisioning.inventory.gateway import gateway_of
from provisioning.inventory.operations import clouds
from provisioning.inventory.sync.lease import Lease
from tests.integration.cloudstack import tiny as t
from tests.integration.cloudstack.tiny import KEY, SECRET, TinyCloudStack
from tests.integration.inventory import world
from tests.integration.inventory.conftest import sync

pytestmark = pytest.mark.django_db


def add(tiny: TinyCloudStack, **fields: Any) -> m.Cloud:
    return clouds.add_cloud(**{"name": "prod-eu", "api_url": tiny.url, "api_key": KEY, "secret_key": SECRET, **fields})


def trail() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("id").values_list("action", "result"))


@pytest.fixture
def operator() -> User:
    return User.objects.create_user("olga", "p", role=User.Role.OPERATOR)


@pytest.fixture
def auditor() -> User:
    return User.objects.create_user("aud", "p", role=User.Role.AUDITOR)


def test_probing_says_what_the_keys_open(tiny: TinyCloudStack, operator: User) -> None:
    seen = clouds.probe(tiny.url, KEY, SECRET, by=operator)
    assert (seen.version, seen.role_name, seen.role_type) == ("4.23.0.0", "Root Admin", "Admin")
    assert seen.command_count == len(tiny.catalogue)
    assert not m.Cloud.objects.exists()


def test_adding_stores_the_secret_encrypted_and_asks_for_a_sync(
    tiny: TinyCloudStack, operator: User, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        cloud = add(tiny, by=operator)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_key FROM inventory_cloud")
        assert SECRET not in cursor.fetchone()[0]
    cloud.refresh_from_db()
    assert cloud.secret_key == SECRET and cloud.command_count == cloud.commands.count()
    asked = m.Sync.objects.get()
    assert asked.requested_by == str(operator) and sent == [asked.pk]
    event = AuditEvent.objects.get()
    assert (event.action, event.result, event.object_name) == ("cloud.add", "success", "prod-eu")
    assert SECRET not in repr(event.after) and event.after["version"] == "4.23.0.0"
    with gateway_of(cloud) as gateway:
        assert gateway.call("listZones")["count"] == 1


def _stored_proxy() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proxy_url FROM inventory_cloud")
        return str(cursor.fetchone()[0])


def test_a_proxys_password_is_encrypted_too(tiny: TinyCloudStack) -> None:
    """Also one that was stored before the field was encrypted."""
    moved = importlib.import_module("provisioning.inventory.migrations.0002_proxy_encrypted")
    cloud, address = world.register(tiny, "prod-eu"), "http://us:hunter2@proxy.example:3128"
    cloud.proxy_url = address
    cloud.save()
    assert "hunter2" not in _stored_proxy()
    editor = SimpleNamespace(connection=connection)
    moved.decrypt(None, editor)
    assert _stored_proxy() == address
    moved.encrypt(None, editor)
    assert "hunter2" not in _stored_proxy()
    cloud.refresh_from_db()
    assert cloud.proxy_url == address


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"secret_key": "wrong"}, AuthenticationFailed, "refused this key pair"),
        ({"api_url": "http://127.0.0.1:1/client/api"}, Unreachable, "takes no connections"),
        ({"api_url": "http://no-such-host.invalid/client/api"}, Unreachable, "no-such-host.invalid"),
        ({"api_url": "cloud.example"}, Refused, "no address of an API"),
        ({"api_url": "http://user:hunter2@cloud.example/client/api"}, Refused, "no address of an API"),
        ({"api_url": "http://:hunter2@cloud.example/client/api"}, Refused, "no address of an API"),
        ({"api_url": "http://["}, Refused, "no address of an API"),
        ({"name": "  "}, Refused, "a name"),
        ({"secret_key": ""}, Refused, "secret key"),
    ],
)
def test_what_cannot_be_added_leaves_nothing_but_its_trail(
    tiny: TinyCloudStack, fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        add(tiny, **fields)
    assert words in caught.value.sentence  # type: ignore[attr-defined]
    assert "hunter2" not in caught.value.sentence  # type: ignore[attr-defined]
    assert not m.Cloud.objects.exists() and not m.Sync.objects.exists()
    assert set(trail()) <= {("cloud.add", "failed")}
    if isinstance(caught.value, CloudStackError):
        event = AuditEvent.objects.get()
        assert words in event.error and "secret" not in repr(event.after).replace("secret_key", "")


@pytest.mark.parametrize("trouble", [t.html(), t.truncated, t.body(b"{}"), t.body(b'{"a":1}')])
def test_what_is_not_cloudstack_is_not_added(tiny: TinyCloudStack, trouble: t.Trouble) -> None:
    tiny.troubles["*"] = [trouble] * 9
    with pytest.raises(NotCloudStack):
        add(tiny)
    assert not m.Cloud.objects.exists() and trail() == [("cloud.add", "failed")]


def test_a_cloud_is_added_once(tiny: TinyCloudStack) -> None:
    add(tiny)
    with pytest.raises(Refused, match="is called prod-eu already"):
        add(tiny)
    with pytest.raises(Refused, match="registered already, as prod-eu"):
        add(tiny, name="other")
    assert m.Cloud.objects.count() == 1


def test_a_role_that_may_not_list_users(tiny: TinyCloudStack) -> None:
    del tiny.catalogue["listUsers"], tiny.catalogue["getUser"]
    assert add(tiny).role_name == ""


def test_who_may_not_is_refused_and_on_the_trail(tiny: TinyCloudStack, auditor: User) -> None:
    cloud = add(tiny)
    for attempt in (
        lambda: add(tiny, name="x", by=auditor),
        lambda: clouds.probe(tiny.url, KEY, SECRET, by=auditor),
        lambda: clouds.edit_cloud(cloud, name="y", by=auditor),
        lambda: clouds.remove_cloud(cloud, by=auditor),
        lambda: clouds.request_sync(cloud, by=auditor),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    denied = [action for action, result in trail() if result == "denied"]
    assert denied == ["cloud.add", "cloud.probe", "cloud.change", "cloud.remove", "cloud.sync"]
    assert m.Cloud.objects.get().name == "prod-eu"


def test_editing_tries_new_keys_first(tiny: TinyCloudStack, operator: User) -> None:
    cloud = add(tiny)
    before = len(tiny.calls)
    cloud = clouds.edit_cloud(cloud, name="prod-west", secret_key="", by=operator)
    assert cloud.name == "prod-west" and cloud.secret_key == SECRET and len(tiny.calls) == before
    with pytest.raises(AuthenticationFailed):
        clouds.edit_cloud(cloud, secret_key="wrong", by=operator)
    cloud.refresh_from_db()
    assert cloud.secret_key == SECRET
    tiny.secret = "rotated"
    cloud = clouds.edit_cloud(cloud, secret_key="rotated", reason="rotation", by=operator)
    cloud.refresh_from_db()
    assert cloud.secret_key == "rotated"
    last = AuditEvent.objects.order_by("-id").first()
    assert last.action == "cloud.change" and last.reason == "rotation" and "rotated" not in repr(last.after)
    assert trail()[-3:] == [("cloud.change", "success"), ("cloud.change", "failed"), ("cloud.change", "success")]
    with pytest.raises(TypeError):
        clouds.edit_cloud(cloud, version="9")


def test_a_cloud_switched_off_is_not_asked(tiny: TinyCloudStack) -> None:
    cloud = clouds.edit_cloud(add(tiny), is_enabled=False)
    with pytest.raises(Refused, match="switched off"):
        clouds.request_sync(cloud)


def test_removing_forgets_the_mirror_and_keeps_the_trail(tiny: TinyCloudStack, operator: User) -> None:
    cloud = add(tiny)
    other = world.register(tiny, "other")
    sync(cloud)
    sync(other)
    tenant = Tenant.objects.create(cloud_uuid=cloud.uuid, name="t", domain_cloudstack_id="d", account_name="a")
    with pytest.raises(Refused, match="1 tenants still belong"):
        clouds.remove_cloud(cloud, by=operator)
    tenant.delete()
    lease = Lease.take(cloud, m.SyncLease.Purpose.INVENTORY, "elsewhere|1|1|1")
    assert lease
    with pytest.raises(Refused, match="is running"):
        clouds.remove_cloud(cloud, by=operator)
    lease.release()
    clouds.remove_cloud(cloud, by=operator, reason="moved")
    assert list(m.Cloud.objects.all()) == [other]
    assert m.Instance.objects.count() == 6 and not m.RawAnswer.objects.exclude(cloud=other).exists()
    last = AuditEvent.objects.order_by("-id").first()
    assert (last.action, last.object_name, last.reason) == ("cloud.remove", "prod-eu", "moved")


def test_asking_for_a_sync_is_audited(tiny: TinyCloudStack, operator: User) -> None:
    cloud = add(tiny)
    m.Sync.objects.all().delete()
    asked = clouds.request_sync(cloud, ["hosts"], by=operator)
    assert asked.kinds == ["hosts"] and trail()[-1] == ("cloud.sync", "success")


def test_the_commands(tiny: TinyCloudStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_API_KEY", KEY)
    monkeypatch.setenv("CLOUD_SECRET_KEY", "wrong")
    with pytest.raises(CommandError, match="refused this key pair"):
        call_command("add_cloud", "prod-eu", tiny.url)
    monkeypatch.setenv("CLOUD_SECRET_KEY", SECRET)
    said = StringIO()
    call_command("add_cloud", "prod-eu", tiny.url, stdout=said)
    assert "prod-eu: CloudStack 4.23.0.0, role Root Admin" in said.getvalue() and SECRET not in said.getvalue()
    call_command("sync_cloud", "prod-eu", stdout=said)
    assert "prod-eu: done in" in said.getvalue() and "33 objects seen, 33 rows written" in said.getvalue()
    with pytest.raises(CommandError, match="is called nowhere"):
        call_command("sync_cloud", "nowhere")
    with pytest.raises(CommandError, match="Name a cloud"):
        call_command("sync_cloud")
    tiny.secret = "changed"
    with pytest.raises(CommandError, match="1 of the syncs failed"):
        call_command("sync_cloud", "--all", stdout=said)


def test_the_demo_is_made_once_and_follows_its_port(tiny: TinyCloudStack) -> None:
    tiny.lists["listUsers"][1].append({"id": "u-1", "username": "alice", "account": "acme-dev", "apikey": "a"})
    tiny.troubles["getUserKeys"] = [t.body(b'{"getuserkeysresponse":{"userkeys":{}}}')]
    tiny.troubles["registerUserKeys"] = [t.body(b'{"registeruserkeysresponse":{"jobid":"j-1"}}')]
    tiny.jobs["j-1"] = {"jobid": "j-1", "jobstatus": 1, "jobresult": {"userkeys": {"apikey": "ak", "secretkey": "sk"}}}
    cloud = ensure_demo(tiny.url, KEY, SECRET)
    tenant = Tenant.objects.get()
    assert cloud.is_demo and (tenant.name, tenant.api_key, tenant.secret_key) == ("acme-dev", "ak", "sk")
    sync(cloud)
    assert m.Instance.objects.filter(tenant_uuid=tenant.uuid).count() == 6
    assert ensure_demo(tiny.url, KEY, SECRET) == cloud
    with TinyCloudStack(secret="moved") as elsewhere:
        world.small(elsewhere)
        assert ensure_demo(elsewhere.url, KEY, "moved") == cloud
    cloud.refresh_from_db()
    assert cloud.api_url == elsewhere.url and cloud.secret_key == "moved"
    assert Tenant.objects.count() == 1 and m.Cloud.objects.count() == 1
