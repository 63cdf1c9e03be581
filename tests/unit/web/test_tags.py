"""The components' tags: markup without inline style, names that stay text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from portal.web.templatetags import zw


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_state_has_icon_word_and_colour():
    html = render('{% state "Down" "hosts" True %}')
    assert "zw-state--bad" in html and "zw-pill" in html and "#circle-x" in html and html.endswith("Down</span>")


def test_a_state_never_met_is_neutral_and_verbatim():
    html = render('{% state "Frobnicating" "hosts" %}')
    assert "zw-state--neutral" in html and "Frobnicating" in html


@pytest.mark.parametrize(
    "source",
    [
        "{% state evil 'hosts' %}",
        "{% badge 'bad' evil %}",
        "{% meter 0.5 0.1 0.2 evil %}",
        "{% strip parts evil %}",
        "{{ evil|embolden:'x' }}",
        "{% icon 'x' '' evil %}",
    ],
)
def test_markup_in_a_name_stays_text(source):
    html = render(source, evil="<img src=x onerror=alert(1)>", parts=[("good", 1)])
    assert "<img" not in html and "&lt;img" in html


def test_embolden_marks_only_the_name():
    assert render("{{ s|embolden:n }}", s="Host <b> is Down", n="<b>") == "Host <b>&lt;b&gt;</b> is Down"


def test_meter_is_drawn_with_attributes_and_says_its_thresholds():
    html = render("{% meter 0.82 0.75 0.85 'Memory' %}")
    assert "style" not in html
    assert 'aria-valuetext="82 %, past notify at 75 %, disable at 85 %"' in html
    assert 'width="82.0%"' in html and 'x1="75.0%"' in html and "zw-meter--notify" in html


def test_a_meter_of_an_unknown_is_hatched_and_never_a_number():
    html = render("{% meter None 0.75 0.85 'Memory' %}")
    assert "zw-hatch" in html and "Memory: unknown" in html and "aria-valuenow" not in html


def test_an_overfull_meter_does_not_leave_its_track():
    assert 'width="100.0%"' in render("{% meter 1.7 0.75 0.85 %}")


def test_one_of_a_thousand_is_seen_on_a_strip_and_nothing_overflows():
    html = render("{% strip parts 'Hosts' %}", parts=[("good", 9999), ("bad", 1), ("held", 0)])
    bars = re.findall(r'x="([\d.]+)%" width="([\d.]+)%"', html)
    assert len(bars) == 2
    assert float(bars[1][1]) > 0.5
    assert sum(map(float, bars[-1])) <= 100.01


def test_times_are_in_the_persons_zone_with_utc_on_hover():
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with timezone.override("Europe/Berlin"):
        html = render("{% at moment 'full' %}", moment=moment)
    assert ">2 Mar 2026 00:30:00 CET<" in html and 'title="2026-03-01 23:30:00 UTC"' in html
    assert 'datetime="2026-03-01T23:30:00+00:00"' in html


def test_ago_and_never():
    assert ">12 s ago<" in render("{% ago at %}", at=timezone.now() - timedelta(seconds=12))
    assert "never" in render("{% ago at %}", at=None)


def test_obj_link_of_nothing_says_none():
    assert "none" in render("{% obj_link obj %}", obj=None)


@pytest.mark.parametrize(("name", "letters"), [("Marta Okafor", "MO"), ("alice", "A"), ("jan van der berg", "JB")])
def test_initials(name, letters):
    assert zw.initials(name) == letters
