"""The capacity page in a browser: the chart is drawn within the strict CSP, in both themes, down to 390 px."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.capacity import collect as collecting
from provisioning.accounts.models import User
from tests.factories import SmallCloud

pytestmark = pytest.mark.django_db(transaction=True)


class Answers:
    def __init__(self, zone: str) -> None:
        self.zone, self.used = zone, 500

    def call(self, command: str, /, **_params: Any) -> dict[str, Any]:
        if command == "listConfigurations":
            name = "cluster.memory.allocated.capacity.notificationthreshold"
            return {"configuration": [{"name": name, "value": "0.75"}]}
        row = {"type": 0, "name": "MEMORY", "zoneid": self.zone, "capacityused": self.used, "capacitytotal": 1000}
        return {"capacity": [row]}


@pytest.fixture
def sampled(small_cloud: SmallCloud) -> SmallCloud:
    answers = Answers(small_cloud.zone.cloudstack_id)
    for number in range(12):
        answers.used = 500 + 20 * number
        at = timezone.now() - timedelta(minutes=5 * (12 - number))
        assert collecting.claim(small_cloud.cloud, at, force=True)
        collecting.collect(small_cloud.cloud, answers, at)
    return small_cloud


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (390, False)])
def test_chart_is_drawn(
    page_as: Callable[..., Page], operator: User, sampled: SmallCloud, complaints: Any, width: int, dark: bool
) -> None:
    complaints.expect("/ws/live/")  # this server has no websocket
    page = page_as(operator, width=width, dark=dark)
    page.goto(reverse("capacity:index", args=[sampled.cloud.uuid]) + "?range=24h")
    canvas = page.locator("#capacity-chart canvas")
    expect(canvas).to_be_visible()
    painted = canvas.evaluate(
        "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 3; i < d.length; i += 4) if (d[i]) n++; return n; }"
    )
    assert painted > 2000
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The same numbers as text.
    chart = page.get_by_role("img", name="Memory rises from 50 % to 72 %")
    expect(chart).to_be_visible()
    page.get_by_text("The same numbers as a table").click()
    expect(page.get_by_role("table", name="Memory, ").locator("tbody tr")).to_have_count(12)


def test_drill_down_by_links_and_keys(
    page_as: Callable[..., Page], operator: User, sampled: SmallCloud, complaints: Any
) -> None:
    complaints.expect("/ws/live/")
    page = page_as(operator)
    page.goto(reverse("capacity:index", args=[sampled.cloud.uuid]))
    page.get_by_role("region", name="Clusters").get_by_role("link", name=sampled.cluster.name).click()
    expect(page.locator(".zw-crumbs [aria-current=page]")).to_have_text(sampled.cluster.name)
    expect(page.get_by_role("region", name="Hosts").locator("tbody tr")).to_have_count(4)
    page.keyboard.press("]")
    expect(page.locator("[data-capacity-range][aria-current]")).to_have_text("30 d")
    page.keyboard.press("[")
    expect(page.locator("[data-capacity-range][aria-current]")).to_have_text("7 d")
