"""No view without a guard: `require`, `public`, or the API's own permission classes, which deny by default."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

# Django's and packages' own views that stand behind no guard of ours, each with its reason.
KNOWN: dict[str, str] = {
    "api/v1/^.*$": "any address that is none of the API's: 404 for everybody, or on to the view with the slash",
}


def routes(resolver: URLResolver, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for each in resolver.url_patterns:
        here = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            found += routes(each, here)
        elif isinstance(each, URLPattern):
            found.append((here, each.callback))
    return found


def is_guarded(route: str, callback: Any) -> bool:
    if route in KNOWN:
        return True
    api_view = getattr(callback, "cls", None)
    if api_view is not None and issubclass(api_view, APIView):
        return bool(api_view.permission_classes)
    return hasattr(callback, "guard")


def test_every_view_is_guarded() -> None:
    found = routes(get_resolver())
    assert len(found) > 10
    bare = [f"/{route} ({callback.__module__})" for route, callback in found if not is_guarded(route, callback)]
    assert not bare, "Wrap with portal.http.require(policy), or mark portal.http.public:\n" + "\n".join(bare)
