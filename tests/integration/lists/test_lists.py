"""Lists: constant queries, filters, places, columns, exports, and names that bite."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.web.inventory.tables import TABLES
from provisioning.inventory import models as m
from tests import factories

pytestmark = pytest.mark.django_db
EVIL = '<script>alert(1)</script> "x" \u202eevil 日本語'


def list_url(cloud, slug, **params):
    return reverse("inventory:list", args=[cloud.uuid, slug]) + (f"?{urlencode(params, doseq=True)}" if params else "")


def names(answer):
    return [row.name for row in answer.context["table"].page.rows]


def read(response):
    assert response.is_async, "a sync iterator would be gathered whole in memory"

    async def gather():
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(gather)()


def export(client, cloud, slug, form, **params):
    url = reverse("inventory:export", args=[cloud.uuid, slug, form])
    return client.get(f"{url}?{urlencode(params, doseq=True)}")


@pytest.mark.parametrize("slug", ["hosts", "instances", "volumes", "networks"])
def test_the_number_of_queries_does_not_grow_with_the_rows(slug, client_of, operator, small_cloud):
    client, cloud = client_of(operator), small_cloud.cloud
    every = ",".join(column.key for column in TABLES[slug].columns)

    def count():
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(list_url(cloud, slug, cols=every, per=200))
        assert answer.status_code == 200
        return len(queries)

    client.get(list_url(cloud, slug))
    few = count()
    host, owner = small_cloud.hosts[0], {"tenant_uuid": small_cloud.tenants["acme-dev"].uuid}
    model = {"hosts": m.Host, "instances": m.Instance, "volumes": m.Volume, "networks": m.GuestNetwork}[slug]
    more = {} if slug == "hosts" else owner
    if slug == "instances":
        more |= {"host": host, "template": small_cloud.template, "offering": small_cloud.offering}
    model.objects.bulk_create(
        factories.build(model, cloud, f"row-{number}", zone=small_cloud.zone, **more) for number in range(1000)
    )
    assert count() == few <= 20


def test_filters_narrow_together(client_of, operator, small_cloud):
    client, cloud = client_of(operator), small_cloud.cloud
    factories.add_instance(
        small_cloud, "globex", "stopped-1", small_cloud.hosts[1], state="Stopped", tags={"env": "prod"}
    )
    factories.add_instance(small_cloud, "acme-dev", "stopped-2", None, state="Stopped", tags={"env": "dev", "x": ""})
    assert names(client.get(list_url(cloud, "instances", state="Stopped"))) == ["stopped-1", "stopped-2"]
    assert names(client.get(list_url(cloud, "instances", state=["Stopped", "Running"], per=200))).__len__() == 6
    assert names(client.get(list_url(cloud, "instances", tag="env"))) == ["stopped-1", "stopped-2"]
    assert names(client.get(list_url(cloud, "instances", tag="env=prod"))) == ["stopped-1"]
    assert names(client.get(list_url(cloud, "instances", tag=["env", "x"]))) == ["stopped-2"]
    globex = small_cloud.tenants["globex"].uuid
    assert names(client.get(list_url(cloud, "instances", tenant=globex, state="Stopped"))) == ["stopped-1"]
    cluster = small_cloud.cluster.uuid
    assert names(client.get(list_url(cloud, "instances", cluster=cluster, state="Stopped"))) == ["stopped-1"]
    assert names(client.get(list_url(cloud, "instances", q="STOPPED ed-2"))) == ["stopped-2"]
    assert names(client.get(list_url(cloud, "instances", q=small_cloud.instances[0].cloudstack_id))) == [
        "acme-dev-vm-1"
    ]
    assert names(client.get(list_url(cloud, "instances", q=str(small_cloud.instances[0].uuid)))) == ["acme-dev-vm-1"]
    assert names(client.get(list_url(cloud, "instances", q="100%"))) == []


def test_counts_beside_states_leave_their_own_filter_out(client_of, operator, small_cloud):
    factories.add_instance(small_cloud, "globex", "down", None, state="Stopped")
    page = client_of(operator).get(list_url(small_cloud.cloud, "instances", state="Stopped")).content.decode()
    assert "Running</span> <b>4</b>" in page.replace("\n", "") and "Stopped</span> <b>1</b>" in page.replace("\n", "")


def test_the_gone_are_hidden_until_asked_for(client_of, operator, small_cloud):
    gone = small_cloud.instances[0]
    m.Instance.objects.filter(pk=gone.pk).update(gone_at=factories.NOW)
    client, cloud = client_of(operator), small_cloud.cloud
    assert gone.name not in names(client.get(list_url(cloud, "instances")))
    assert gone.name in names(client.get(list_url(cloud, "instances", gone="with")))
    assert names(client.get(list_url(cloud, "instances", gone="only"))) == [gone.name]
    page = client.get(reverse("inventory:detail", args=[cloud.uuid, "instances", gone.uuid])).content.decode()
    assert "Gone since" in page


def test_a_filter_that_cannot_be_meant_shows_no_rows_and_says_so(client_of, operator, small_cloud):
    for params in ({"zone": "fra-1"}, {"changed": "soon"}, {"after": "xyz"}, {"state": "x" * 501}, {"q": "a\x00b"}):
        answer = client_of(operator).get(list_url(small_cloud.cloud, "hosts", **params))
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "This address cannot be shown as a list" in page, params
        assert "SimulatedAgent.0" not in page
    answer = export(client_of(operator), small_cloud.cloud, "hosts", "csv", zone="fra-1")
    assert answer.status_code == 400


def test_a_page_does_not_grow_with_the_square_of_its_address(client_of, operator, small_cloud):
    """A thousand values of one filter made a page of 60 MB that took 40 s."""
    address = list_url(small_cloud.cloud, "hosts") + "?" + "&".join(f"state=s{number}" for number in range(900))
    answer = client_of(operator).get(address)
    assert "This address cannot be shown as a list" in answer.content.decode()
    assert len(answer.content) < 2_000_000


def test_pages_go_forth_and_back(client_of, operator, small_cloud):
    for number in range(120):
        factories.add_instance(small_cloud, "acme-dev", f"vm-{number:03}")
    client, seen, url = client_of(operator), [], list_url(small_cloud.cloud, "instances", sort="-name")
    while True:
        answer = client.get(url)
        seen.append(names(answer))
        table = answer.context["table"]
        if not table.page.next_cursor:
            break
        url = table.url(after=table.page.next_cursor)
    assert [len(page) for page in seen] == [50, 50, 24]
    flat = [name for page in seen for name in page]
    assert flat == sorted(flat, reverse=True)
    answer = client.get(table.url(before=table.page.previous_cursor))
    assert names(answer) == seen[1]


def test_markup_in_names_is_text(client_of, operator, small_cloud):
    row = factories.add_instance(small_cloud, "acme-dev", EVIL, tags={"<b>": "<i>"}, display_name=EVIL)
    m.CloudEvent.objects.create(cloud=small_cloud.cloud, cloudstack_id="1", event_type="<u>", description=EVIL,
                                resource_cloudstack_id=row.cloudstack_id, created_at=factories.NOW)  # fmt: skip
    client, cloud = client_of(operator), small_cloud.cloud
    detail = reverse("inventory:detail", args=[cloud.uuid, "instances", row.uuid])
    for url in (list_url(cloud, "instances", cols="tags,display_name"), detail, f"{detail}?tab=history",
                f"{detail}?tab=events", reverse("inventory:events", args=[cloud.uuid])):  # fmt: skip
        page = client.get(url).content.decode()
        assert "<script>alert" not in page and "<b>" + "=" not in page and "<u>" not in page
        assert "&lt;script&gt;alert" in page


def test_columns_are_kept_for_the_person_and_in_the_address(client_of, operator, small_cloud):
    client, cloud = client_of(operator), small_cloud.cloud
    keep = reverse("inventory:columns", args=[cloud.uuid, "hosts"])
    answer = client.post(keep, {"column": ["state", "version"], "back": list_url(cloud, "hosts", state="Up")})
    assert (
        answer.status_code == 302 and "cols=state%2Cversion" in answer["Location"] and "state=Up" in answer["Location"]
    )
    shown = [column.key for column in client.get(list_url(cloud, "hosts")).context["table"].columns]
    assert shown == ["name", "state", "version"]
    shown = [column.key for column in client.get(list_url(cloud, "hosts", cols="arch")).context["table"].columns]
    assert shown == ["name", "arch"], "the address comes before what was kept"
    client.post(keep, {"reset": "1", "column": ["arch"], "back": "//evil.example/"})
    assert "ip_address" in [column.key for column in client.get(list_url(cloud, "hosts")).context["table"].columns]
    assert client.post(keep, {"back": "https://evil.example/"})["Location"].startswith("/clouds/")


def test_members_cannot_choose_what_they_may_not_see(client_of, tenant_user, small_cloud):
    url = list_url(small_cloud.cloud, "instances", cols="name,host,zone", sort="host", host=small_cloud.hosts[0].uuid)
    answer = client_of(tenant_user).get(url)
    assert [column.key for column in answer.context["table"].columns] == ["name", "zone"]
    page = answer.content.decode()
    assert "SimulatedAgent" not in page and "i-2-" not in page
    assert reverse("inventory:list", args=[small_cloud.cloud.uuid, "zones"]) not in page
    assert set(names(answer)) == {"acme-dev-vm-1", "acme-dev-vm-2", "acme-dev-vm-3"}


def test_a_part_is_the_list_alone(client_of, operator, small_cloud):
    url = list_url(small_cloud.cloud, "hosts")
    part = client_of(operator).get(url, headers={"HX-Request": "true", "HX-Target": "zw-list"})
    assert "<html" not in part.content.decode() and 'id="zw-list"' in part.content.decode()
    assert "HX-Request" in part["Vary"]
    menu = client_of(operator).get(url + "?facet=zone", headers={"HX-Request": "true"}).content.decode()
    assert "Sandbox-simulator" in menu and "<html" not in menu and "facet" not in menu


# --- exports --------------------------------------------------------------------------------------------------------


def test_csv_holds_the_filtered_rows_and_no_formula(client_of, operator, small_cloud):
    factories.add_instance(small_cloud, "acme-dev", "=HYPERLINK(1)", state="Stopped")
    factories.add_instance(small_cloud, "acme-dev", EVIL, state="Stopped")
    answer = export(client_of(operator), small_cloud.cloud, "instances", "csv", state="Stopped", sort="name")
    rows = list(csv.DictReader(io.StringIO(read(answer).decode())))
    assert {row["name"] for row in rows} == {EVIL, "'=HYPERLINK(1)"}
    assert rows[0]["tenant"] == "acme-dev" and rows[0]["tenant_uuid"] == str(small_cloud.tenants["acme-dev"].uuid)
    assert rows[0]["memory_mib"] == "512"
    assert "attachment" in answer["Content-Disposition"]


def test_an_empty_csv_still_names_its_columns(client_of, operator, small_cloud):
    text = read(export(client_of(operator), small_cloud.cloud, "instances", "csv", state="Nowhere")).decode()
    full = read(export(client_of(operator), small_cloud.cloud, "instances", "csv")).decode()
    assert text.splitlines() == full.splitlines()[:1]


def test_json_is_one_document_of_all_pages(client_of, operator, small_cloud, monkeypatch):
    from portal.web.inventory import export_views

    monkeypatch.setattr(export_views, "CHUNK_ROWS", 7)
    for number in range(40):
        factories.add_instance(small_cloud, "globex", f"same-{number % 2}")
    body = json.loads(read(export(client_of(operator), small_cloud.cloud, "instances", "json", sort="name")))
    assert len({row["uuid"] for row in body}) == len(body) == 44
    assert body[0]["zone"]["name"] == "Sandbox-simulator" and isinstance(body[0]["memory_mib"], int)
    assert json.loads(read(export(client_of(operator), small_cloud.cloud, "instances", "json", state="No"))) == []


def test_members_export_their_own_rows_in_their_shape(client_of, tenant_user, small_cloud):
    body = json.loads(read(export(client_of(tenant_user), small_cloud.cloud, "instances", "json", cols="host,zone")))
    assert {row["name"] for row in body} == {"acme-dev-vm-1", "acme-dev-vm-2", "acme-dev-vm-3"}
    assert "host" not in body[0] and body[0]["zone"] == {"name": "Sandbox-simulator"}
    assert export(client_of(tenant_user), small_cloud.cloud, "hosts", "csv").status_code == 404


@pytest.mark.parametrize("slug", ["jobs", "events", "alerts", "changes", "segments", "hosts", "accounts"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_every_list_can_be_taken_along(slug, form, client_of, operator, small_cloud):
    instance = small_cloud.instances[0]
    m.ChangeEvent.objects.create(cloud=small_cloud.cloud, kind="instances", object_uuid=instance.uuid, change="changed",
                                 before={"state": "Up"}, after={"state": "Down"})  # fmt: skip
    m.AsyncJob.objects.create(cloud=small_cloud.cloud, cloudstack_id="1" * 36, command="x.Y", status=None,
                              created_at=factories.NOW, completed_at=factories.NOW + timedelta(seconds=2))  # fmt: skip
    answer = export(client_of(operator), small_cloud.cloud, slug, form)
    assert answer.status_code == 200 and read(answer)
