"""Every URL. Areas bring their own patterns; nothing is decided here."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("portal.stack.urls")),
    path("", include("portal.web.urls")),
    path("accounts/", include("portal.web.accounts.urls")),
    path("audit/", include("portal.web.audit.urls")),
    path("api/v1/", include("portal.api.urls")),
]

handler400 = "portal.http.bad_request"
handler403 = "portal.http.permission_denied"
handler404 = "portal.http.not_found"
handler500 = "portal.http.server_error"
