"""The scripts' words: served from here, kept for long, and nothing in a script that a translator never sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.web import words

SCRIPTS = sorted((Path(settings.BASE_DIR) / "static" / "js").glob("*.js"))
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)
_TRANSLATED = re.compile(r'\b(?:gettext|ngettext)\((?:"(?:[^"\\]|\\.)*"(?:,\s*)?)+')
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
# What a person would read: a capital or a blank, then letters.
_SENTENCE = re.compile(r"^[A-Z][a-z]+(?: |\.|$)| [a-z]+ [a-z]+")
# Names that browsers and libraries define, and what is no language.
NO_WORDS = re.compile(
    r"^(?:[A-Z]\w*-[\w-]+|Accept|Arrow\w+|Home|End|Enter|Escape|Page\w+|Infinity|Ctrl K|AbortError|BaseLayout|GET|HEAD|"
    r"POST|UTC|use strict|zw-[a-z -]*|a\[href\].*|.*\[[\w-]+.*|:scope.*|.*zw-.*|[a-z]+, [a-z]+(?:, [a-z]+)*)$"
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_say_nothing_that_is_not_translatable(path: Path) -> None:
    text = _TRANSLATED.sub("", _COMMENT.sub("", path.read_text()))
    bare = [one for one in _LITERAL.findall(text) if _SENTENCE.search(one) and not NO_WORDS.match(one)]
    assert not bare


def test_the_scan_would_see_a_sentence() -> None:
    text = _TRANSLATED.sub("", 'zw.say("Going on."); zw.say(gettext("Live again."), "what you see")')
    assert [one for one in _LITERAL.findall(text) if _SENTENCE.search(one)] == ["Going on.", "what you see"]


def test_catalogue_is_a_script_that_browsers_keep(client: Client) -> None:
    answer = client.get(words.address())
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer["Cache-Control"] and "public" in answer["Cache-Control"]
    assert b"gettext" in answer.content and b"interpolate" in answer.content
    assert not answer.cookies


def test_an_older_address_is_answered_but_not_kept(client: Client) -> None:
    answer = client.get(reverse("words", args=["en", "0123"]))
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-cache"
    unknown = client.get(reverse("words", args=["tlh-x..", "0123"]))
    assert unknown.content == answer.content
