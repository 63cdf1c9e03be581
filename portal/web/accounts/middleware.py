"""What people do keeps their session alive; what their open pages do by themselves does not. And what they are shown is
kept by no cache that others share."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from provisioning.accounts import sessions

Handler = Callable[[HttpRequest], HttpResponse]
# Sent by the console's script with refreshes that nobody asked for.
BACKGROUND = "X-Zonewright-Background"


class SessionActivityMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A session that no page was opened in yet costs no query.
        known = bool(request.COOKIES) and request.user.is_authenticated
        if known and BACKGROUND not in request.headers:
            sessions.seen(request)
        response = self.get_response(request)
        if known and not response.has_header("Cache-Control"):
            # What a person sees is nobody else's, and not theirs any more once they have signed out.
            response["Cache-Control"] = "private, no-cache"
        return response
