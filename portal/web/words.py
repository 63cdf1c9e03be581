"""The scripts' words in the person's language: Django's JavaScript catalogue at an address that changes with it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.views.i18n import JavaScriptCatalog

from portal.http import public

_YEAR_S = 365 * 24 * 3600
_catalogue = JavaScriptCatalog.as_view()


@lru_cache(maxsize=32)
def script(language: str) -> tuple[bytes, str]:
    """The catalogue of one language, and a digest of it. A language that nobody translated gives English."""
    request = HttpRequest()
    request.method = "GET"
    with translation.override(language):
        answer = cast(HttpResponse, _catalogue(request))  # a template rendered whole, never a stream
    body = answer.content
    return body, hashlib.sha256(body).hexdigest()[:16]


def address() -> str:
    """Where the catalogue of the current language is served: kept by browsers for as long as it says the same."""
    language = translation.get_language() or "en"
    return reverse("words", args=[language, script(language)[1]])


@public
def words(request: HttpRequest, language: str, digest: str) -> HttpResponse:
    """The same for everybody who reads this language, signed in or not. An older address gets today's words, unkept."""
    known = language if translation.check_for_language(language) else "en"
    body, now = script(known)
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    if digest == now:
        patch_cache_control(response, public=True, max_age=_YEAR_S, immutable=True)
    else:
        patch_cache_control(response, no_cache=True)
    return response
