"""Figures, times and names read the same everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.web import figures


@pytest.mark.parametrize(
    ("fraction", "words"),
    [
        (0.74, "74 %"),
        (0, "0 %"),
        (0.0001, "< 1 %"),
        (0.9999, "> 99 %"),
        (1, "100 %"),
        (12.5, "1,250 %"),
        (None, "unknown"),
    ],
)
def test_a_percentage_never_rounds_something_to_nothing_or_to_full(fraction, words):
    assert figures.percent(fraction) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KiB"),
        (1536 * 1024**2, "1.5 GiB"),
        (1024**4 - 1, "1 TiB"),
        (None, "unknown"),
    ],
)
def test_bytes_come_in_the_unit_that_fits(number, words):
    assert figures.size(number) == words


def test_the_unit_of_bytes_can_be_fixed():
    assert figures.size(512 * 1024**2, "GiB") == "0.5 GiB"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (5399, "89 min"), (5400, "1 h"), (172799, "47 h"), (172800, "2 d")],
)
def test_spans(seconds, words):
    assert figures.span(timedelta(seconds=seconds)) == words


def test_meter_text_says_which_thresholds_are_past():
    assert figures.meter_text(0.82, 0.75, 0.85) == "82 %, past notify at 75 %, disable at 85 %"
    assert figures.meter_text(0.9, None, 0.85) == "90 %, past disable at 85 %"
    assert figures.level(0.85, 0.75, 0.85) == "disable"
    assert figures.level(0.75, 0.75, 0.85) == "notify"
    assert figures.level(0.99, None, None) == "normal"


def test_a_long_name_loses_its_shared_front_and_never_its_end():
    names = [f"SimulatedAgent.{block}-fef1-4d29-a53b-1b60137b52ae" for block in ("fd64ac59", "c0191bca")]
    front = figures.shared_front(names)
    assert front == len("SimulatedAgent.")
    assert [figures.short_name(name, front) for name in names] == ["…fd64ac59", "…c0191bca"]
    # Alone, without a front to share, too.
    assert figures.short_name(names[0]) == "…fd64ac59"
    long = "a-very-long-name-of-a-host-in-frankfurt-0204"
    assert figures.short_name(long).startswith("…") and figures.short_name(long).endswith("-frankfurt-0204")
    assert len(figures.short_name(long)) <= figures.LONGEST_SHORT_NAME
    assert figures.short_name("kvm-fra1-0204", 4) == "kvm-fra1-0204"


def test_short_names_share_no_front():
    assert figures.shared_front(["kvm-1", "kvm-2"]) == 0
    assert figures.shared_front(["only-one-and-long-enough-to-matter"]) == 0


def test_natural_order():
    assert sorted(["C10", "c2", "C1"], key=figures.natural_key) == ["C1", "c2", "C10"]
