"""A stored problem speaks to whoever reads it: in their language and their time zone."""

from __future__ import annotations

from django.utils import timezone

from monitoring.health.models import HealthProblem
from tests.support.pseudo import pseudo_language


def test_moments_are_in_the_readers_zone() -> None:
    problem = HealthProblem(
        headline_text="The picture of %(cloud)s is from %(last)s", params={"cloud": "C", "last": "2026-11-23 09:05 UTC"}
    )
    assert problem.headline == "The picture of C is from 23 Nov 2026 09:05 UTC"
    with timezone.override("Europe/Berlin"):
        assert problem.headline == "The picture of C is from 23 Nov 2026 10:05 CET"
    problem.params = {"cloud": "C", "last": ""}
    assert problem.headline == "The picture of C is from "


def test_words_inside_sentences_are_translated_and_names_kept() -> None:
    problem = HealthProblem(
        headline_text="Zone %(name)s has no redundancy: %(alone)s",
        params={"name": "fra-1", "alone": "one console proxy, one secondary storage"},
    )
    with pseudo_language():
        assert problem.headline == ("⟦Zone fra-1 has no redundancy: ⟦one console proxy⟧, ⟦one secondary storage⟧⟧")
