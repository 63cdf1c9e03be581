"""The main pages in a language that is not English: nothing English is left but names and what CloudStack says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.utils import timezone

from monitoring.health import evaluation
from provisioning.audit.models import AuditEvent
from provisioning.inventory import models as m
from tests import factories
from tests.support.pseudo import bare, pseudo_language

# Units, the product's name, time zones, formats and protocols are the same in every language; keys are what is printed
# on them; actions of the audit trail (cloud.add) and scopes of tokens (audit:read) are identifiers beside their words.
ALLOWED = re.compile(
    r"(?<!\w)(?:Zonewright|CloudStack|[KMGTPE]?i?B|GHz|MHz|Gbit/s|Mbit/s|UTC|CSV|JSON Lines|JSON|API|CPU|GPU|NFS|KVM|"
    r"VLAN|VXLAN|HTTPS?|TLS|URL|PEM|CA|ID|IP|Etc|Esc|Ctrl|[a-z_]+\.[a-z_]+|[a-z]+:[a-z]+|[0-9a-f]{32}|"
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?!\w)|https?://\S+"
)


@pytest.fixture
def busy(small_cloud: factories.SmallCloud) -> factories.SmallCloud:
    m.Host.objects.filter(pk=small_cloud.hosts[-1].pk).update(
        state="Down", changed_at=timezone.now() - timedelta(minutes=20)
    )
    evaluation.evaluate(small_cloud.cloud)
    return small_cloud


@pytest.fixture
def spoken(busy: factories.SmallCloud) -> Iterator[None]:
    with pseudo_language():
        yield


def values() -> list[str]:
    """Every text of every row: names, states and ids, in CloudStack's own words."""
    found: set[str] = set()

    def gather(value: Any) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            for key, one in value.items():
                gather(key)
                gather(one)
        elif isinstance(value, list):
            for one in value:
                gather(one)

    for model in apps.get_models():
        if model._meta.app_label not in {"inventory", "accounts", "audit", "capacity"}:
            continue
        kinds = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField)
        names = [one.name for one in model._meta.concrete_fields if isinstance(one, kinds)]
        for row in model._base_manager.values_list(*names) if names else ():
            gather(json.loads(json.dumps(row, default=str)))
    return sorted(found | available_timezones())


def pages(small: factories.SmallCloud) -> dict[str, str]:
    cloud = f"/clouds/{small.cloud.uuid}/"
    event = AuditEvent.objects.order_by("-pk").first()
    found = {
        "overview": cloud,
        "graph": f"{cloud}hierarchy/?view=graph",
        "heat map": f"{cloud}hierarchy/?view=heat",
        "drawer": f"{cloud}hierarchy/?part=drawer&sel=hosts.{small.hosts[0].uuid}",
        "host": f"{cloud}hosts/{small.hosts[0].uuid}/",
        "capacity": f"{cloud}capacity/",
        "health": f"{cloud}health/",
        "segments": f"{cloud}segments/",
        "audit": "/audit/",
        "add cloud": "/clouds/add/",
        "clouds": "/clouds/",
        "cloud": f"{cloud}settings/",
        "edit cloud": f"{cloud}settings/edit/",
        "profile": "/accounts/profile/",
        "sessions": "/accounts/sessions/",
        "tokens": "/accounts/tokens/",
        "people": "/accounts/people/",
        "tenants": "/accounts/tenants/",
        "not there": f"{cloud}hosts/{small.cloud.uuid}/",
    }
    if event:
        found["record"] = f"/audit/{event.uuid}/"
    for kind in (
        "zones",
        "pods",
        "clusters",
        "hosts",
        "storage-pools",
        "system-vms",
        "networks",
        "instances",
        "volumes",
        "templates",
        "offerings",
        "domains",
        "routers",
        "jobs",
        "events",
        "alerts",
        "changes",
    ):
        found[kind] = f"{cloud}{kind}/"
    return found  # fmt: skip


def test_pages_say_nothing_that_cannot_be_translated(
    client_of: Callable[[Any], Client], admin: Any, busy: factories.SmallCloud, spoken: None
) -> None:
    client, data, wrong = client_of(admin), values(), {}
    for name, address in pages(busy).items():
        answer = client.get(address)
        assert answer.status_code in {200, 404}, (name, answer.status_code)
        html = answer.content.decode()
        assert "⟦" in html, name
        left = bare(html, data, ALLOWED)
        if left:
            wrong[name] = sorted(set(left))
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


def test_sign_in_says_nothing_that_cannot_be_translated(client: Client, spoken: None) -> None:
    assert not bare(client.get("/accounts/sign-in/").content.decode(), [], ALLOWED)
    wrong = client.post("/accounts/sign-in/", {"username": "", "password": ""})
    assert not bare(wrong.content.decode(), [], ALLOWED)


def test_the_scan_sees_what_was_forgotten() -> None:
    page = '<p title="Forgotten too">⟦Said %(n)s⟦inner⟧⟧ sim-h1</p><p>Forgotten</p><code>no words</code>'
    assert bare(page, ["sim-h1"], ALLOWED) == ["Forgotten too", "Forgotten"]
