"""What a sync of a served cloud brings is on every list and page, and in the API in the same words."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Sync
from provisioning.inventory.sync.run import run
from tests import factories

TABLE_SORT = {"domains": "path"}
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_synced_cloud_is_on_every_page(simulator: Any, operator: Any, client_of: Any) -> None:
    cloud = factories.make_cloud(
        "Served", api_url=simulator.url, api_key=simulator.api_key, secret_key=simulator.secret_key
    )
    sync = Sync.objects.create(cloud=cloud)
    assert run(sync)
    sync.refresh_from_db()
    assert sync.state == Sync.State.DONE, sync.error
    client = client_of(operator)
    empty = []
    for slug, kind in KINDS.items():
        page = client.get(reverse("inventory:list", args=[cloud.uuid, slug]))
        api = client.get(f"/api/v1/clouds/{cloud.uuid}/{slug}/?limit=50&sort={TABLE_SORT.get(slug, 'name')}").json()
        rows = page.context["table"].page.rows
        assert [str(row.uuid) for row in rows] == [row["uuid"] for row in api["results"]], slug
        if not rows:
            empty.append(slug)
            continue
        base = reverse("inventory:detail", args=[cloud.uuid, slug, rows[0].uuid])
        for tab in client.get(base).context["tabs"]:
            answer = client.get(tab.url)
            assert answer.status_code == 200
            if tab.key == "raw":
                assert rows[0].cloudstack_id in answer.content.decode(), (slug, "its raw answer is kept")
            if tab.count is not None:
                assert len(answer.context["table"].page.rows) == min(tab.count.value, 50)
        assert kind.model.objects.filter(cloud=cloud).exists()
    assert set(empty) <= {"projects"}, empty
    for name in ("jobs", "events", "alerts", "changes", "segments"):
        assert client.get(reverse(f"inventory:{name}", args=[cloud.uuid])).status_code == 200
