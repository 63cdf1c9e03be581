"""Who calls: a personal token in `Authorization: Bearer`, else the browser's own session (with CSRF for writes)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from provisioning.accounts.models import ApiToken, User
from provisioning.accounts.tokens import verify_token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer zw_…`. A header that names a token must be right: it never falls back to the session."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = verify_token(raw.strip())
        if token is None:
            raise AuthenticationFailed(_("This token is not known, has expired or was revoked."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Zonewright"'
