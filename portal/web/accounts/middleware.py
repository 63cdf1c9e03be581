"""What people do keeps their session alive; what their open pages do by themselves does not."""

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
        if request.COOKIES and request.user.is_authenticated and BACKGROUND not in request.headers:
            sessions.seen(request)
        return self.get_response(request)
