"""Overview: the order of problems, one number everywhere, both planes, and what is not known."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from monitoring.health.evaluation import evaluate
from portal.web.inventory import overview_problems, overview_zones
from portal.web.inventory.overview_changes import recent
from provisioning.inventory import models as m
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def fresh(small_cloud):
    """The small cloud, in step a moment ago and looked at."""
    m.Cloud.objects.filter(pk=small_cloud.cloud.pk).update(
        last_complete_sync_at=timezone.now(), last_answer_at=timezone.now()
    )
    m.ImageStore.objects.update(state="Ready")
    small_cloud.cloud.refresh_from_db()
    evaluate(small_cloud.cloud)
    return small_cloud


def page(client, cloud, part: str = "") -> str:
    answer = client.get(reverse("inventory:overview", args=[cloud.uuid]), {"part": part} if part else {})
    assert answer.status_code == 200
    return answer.content.decode()


def test_title_badge_and_list_are_the_same_number(fresh, admin, client_of):
    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Down")
    m.Host.objects.filter(pk=fresh.hosts[1].pk).update(state="Alert")
    evaluate(fresh.cloud)
    html = page(client_of(admin), fresh.cloud)
    number = len(overview_problems.ranked(admin, fresh.cloud).rows)
    assert number >= 2
    assert f"<h1>{number} things need you</h1>" in html
    assert re.search(rf'<b class="zw-badge zw-badge--bad"[^>]*>{number}</b>', html)
    assert html.count('class="zw-problem"') == number


def test_the_badge_beside_the_page_follows_like_the_title(fresh, admin, client_of):
    badge = page(client_of(admin), fresh.cloud, "badge-overview")
    assert "hidden" in badge and f'data-live-topic="cloud.{fresh.cloud.uuid}"' in badge
    m.Host.objects.filter(cloud=fresh.cloud).update(state="Down")
    evaluate(fresh.cloud)
    number = overview_problems.ranked(admin, fresh.cloud).number
    badge = page(client_of(admin), fresh.cloud, "badge-overview")
    assert f">{number}</b>" in badge and "hidden" not in badge
    assert "hidden" in page(client_of(admin), fresh.cloud, "badge-jobs")


def test_the_worst_problem_is_first_and_has_the_only_primary_button(fresh, admin, client_of):
    m.ManagementServer.objects.update(state="Down")
    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Down")
    evaluate(fresh.cloud)
    rows = overview_problems.ranked(admin, fresh.cloud).rows
    scores = [row.problem.score for row in rows]
    assert len(rows) >= 2 and scores == sorted(scores, reverse=True)
    html = page(client_of(admin), fresh.cloud, "problems")
    assert html.count("zw-btn--primary") == 1
    assert html.index("zw-btn--primary") < html.index(
        str(rows[1].problem.headline).split(rows[1].problem.object_name)[0].strip()
    )
    assert "Management plane" in html and "Data plane" in html


def test_more_than_twenty_are_grouped_by_cause(admin, client_of):
    big = factories.large_cloud(hosts=100, instances=4)
    m.Cloud.objects.filter(pk=big.cloud.pk).update(last_complete_sync_at=timezone.now())
    # Every second host: a cluster that is down as a whole would be one problem.
    for number, host in enumerate(m.Host.objects.filter(cloud=big.cloud).order_by("name")):
        if number % 2:
            m.Host.objects.filter(pk=host.pk).update(state="Down")
    big.cloud.refresh_from_db()
    evaluate(big.cloud)
    found = overview_problems.ranked(admin, big.cloud)
    assert len(found.rows) == overview_problems.ONE_BY_ONE
    assert sum(group.number for group in found.groups) == found.number - overview_problems.ONE_BY_ONE
    assert any("more hosts: Down in Sandbox-simulator" in group.headline for group in found.groups)
    assert f"{found.number} things need you" in page(client_of(admin), big.cloud)


def test_nothing_needs_you_names_the_last_problem(fresh, admin, client_of):
    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Down")
    evaluate(fresh.cloud)
    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Up")
    evaluate(fresh.cloud)
    open_ones = overview_problems.ranked(admin, fresh.cloud)
    assert not [row for row in open_ones.rows if row.problem.kind == "hosts"]
    if not open_ones.rows:
        html = page(client_of(admin), fresh.cloud)
        assert "Nothing needs you" in html and "Last problem:" in html and fresh.hosts[0].name in html


def test_never_looked_at_is_not_good(small_cloud, admin, client_of):
    html = page(client_of(admin), small_cloud.cloud)
    assert "Nothing needs you" not in html
    assert "Management plane fine" not in html and "Data plane fine" not in html
    assert "Management plane not known" in html


def test_a_cloud_that_does_not_answer_is_the_first_problem(fresh, admin, client_of):
    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Down")
    m.Cloud.objects.filter(pk=fresh.cloud.pk).update(
        state="unreachable", last_error="It did not answer in 10 s.", last_error_at=timezone.now()
    )
    fresh.cloud.refresh_from_db()
    evaluate(fresh.cloud)
    first = overview_problems.ranked(admin, fresh.cloud).rows[0]
    assert first.problem.rule == "cloud.answers" and first.url == reverse("clouds:detail", args=[fresh.cloud.uuid])
    assert "Management plane hurt" in page(client_of(admin), fresh.cloud, "head")


@pytest.mark.parametrize(
    ("state", "resource", "shown"),
    [
        ("Up", "Enabled", ("good", "Up")),
        ("Up", "Maintenance", ("held", "Maintenance")),
        ("Down", "Maintenance", ("bad", "Down")),
        ("Up", "ErrorInMaintenance", ("bad", "ErrorInMaintenance")),
        ("Alert", "Disabled", ("attention", "Alert")),
        ("", "", ("neutral", "Unknown")),
    ],
)
def test_a_host_is_shown_by_its_worse_state(state, resource, shown):
    assert overview_zones.host_group(state, resource)[:2] == shown


def test_zone_strips_add_up_and_hold_bad_system_vms(fresh, admin):
    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Down")
    m.Host.objects.filter(pk=fresh.hosts[1].pk).update(gone_at=timezone.now())
    m.SystemVm.objects.filter(name="s-1-VM").update(state="Error")
    from monitoring.health.reading import summary

    (strip,) = overview_zones.zones(admin, fresh.cloud, summary(fresh.cloud, admin))
    assert strip.hosts == 3 == sum(number for _group, number in strip.strip)
    assert {(word.number, word.state) for word in strip.words} == {(1, "Down"), (2, "Up")}
    assert [(word.number, word.state) for word in strip.system_vms] == [(1, "Error")]


@pytest.mark.parametrize("state", ["unreachable", "refused", "broken"])
def test_strips_of_a_silent_cloud_are_memory(state, fresh, admin):
    from monitoring.health.evaluation import evaluate
    from monitoring.health.reading import summary

    evaluate(fresh.cloud)
    (strip,) = overview_zones.zones(admin, fresh.cloud, summary(fresh.cloud, admin))
    assert strip.verdict != "As last seen"  # the control
    fresh.cloud.state = state
    (strip,) = overview_zones.zones(admin, fresh.cloud, summary(fresh.cloud, admin))
    assert (strip.verdict, strip.verdict_group) == ("As last seen", "neutral")


def test_recent_changes_tell_states_and_skip_noise(fresh, admin):
    host = fresh.hosts[0]
    for before, after in (({"state": "Up"}, {"state": "Down"}), ({"version": "4.22"}, {"version": "4.23"})):
        m.ChangeEvent.objects.create(
            cloud=fresh.cloud, kind="hosts", object_uuid=host.uuid, object_name=host.name, change="changed",
            before=before, after=after,
        )  # fmt: skip
    (change,) = recent(admin, fresh.cloud)
    assert change.text == "Up → Down" and change.group == "bad" and str(host.uuid) in change.url


@pytest.mark.parametrize("part", ["head", "zones", "problems", "running", "changes", "capacity"])
def test_a_part_is_itself_and_nothing_more(part, fresh, admin, client_of):
    html = page(client_of(admin), fresh.cloud, part).strip()
    assert html.startswith(("<section", "<div")) and f'id="overview-{part}"' in html
    assert "<html" not in html and 'class="zw-nav"' not in html


def test_an_acknowledged_problem_leaves_the_number_but_not_the_page(fresh, admin, client_of):
    from monitoring.health.models import HealthProblem

    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Down")
    evaluate(fresh.cloud)
    before = overview_problems.ranked(admin, fresh.cloud).number
    problem = HealthProblem.objects.get(cloud=fresh.cloud, object_uuid=fresh.hosts[0].uuid, closed_at=None)
    client = client_of(admin)
    html = page(client, fresh.cloud, "problems")
    address = reverse("health:acknowledge", args=[fresh.cloud.uuid, problem.uuid])
    assert address in html
    client.post(address, {"note": "Vendor called"})
    assert overview_problems.ranked(admin, fresh.cloud).number == before - 1
    html = page(client, fresh.cloud, "problems")
    assert "1 acknowledged" in html and "Vendor called" in html


def test_auditors_get_no_button_that_changes_anything(fresh, auditor, client_of):
    m.Host.objects.filter(pk=fresh.hosts[0].pk).update(state="Down")
    evaluate(fresh.cloud)
    html = page(client_of(auditor), fresh.cloud)
    main = html.partition("<main")[2].partition("</main>")[0]
    assert "Down" in main and "Acknowledge" not in main and "Sync now" not in main and "<form" not in main


def test_a_part_that_is_not_there(fresh, admin, client_of):
    assert (
        client_of(admin).get(reverse("inventory:overview", args=[fresh.cloud.uuid]), {"part": "secrets"}).status_code
        == 404
    )


def test_members_get_no_part_either(fresh, tenant_user, client_of):
    client = client_of(tenant_user)
    for part in ("problems", "zones", ""):
        assert client.get(reverse("inventory:overview", args=[fresh.cloud.uuid]), {"part": part}).status_code == 404


def test_queries_do_not_grow_with_the_cloud(admin, client_of, django_assert_max_num_queries):
    small, big = factories.small_cloud("Four"), factories.large_cloud(hosts=1000, instances=4, name="Thousand")
    m.Host.objects.filter(cloud=big.cloud, pk__lte=big.hosts[40].pk).update(state="Down")
    for each in (small, big):
        m.Cloud.objects.filter(pk=each.cloud.pk).update(last_complete_sync_at=timezone.now() - timedelta(seconds=5))
        each.cloud.refresh_from_db()
        evaluate(each.cloud)
    client = client_of(admin)
    page(client, small.cloud)
    with django_assert_max_num_queries(200) as few:
        page(client, small.cloud)
    with django_assert_max_num_queries(len(few)):
        html = page(client, big.cloud)
    assert "1,000</span> hosts" in html
