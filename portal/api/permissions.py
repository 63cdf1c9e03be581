"""What a caller may ask for. A view that names no permission serves nobody."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.attempts import attempt_refused
from provisioning.accounts import policies, tokens
from provisioning.accounts.models import ApiToken


class DenyByDefault(BasePermission):
    """A view that names no permission of its own serves nobody."""

    def has_permission(self, request: object, view: object) -> bool:
        return False


class SignedIn(BasePermission):
    """Anybody with an account: descriptions, not data."""

    def has_permission(self, request: Request, view: object) -> bool:
        return policies.can_use_console(request.user)


class HasScope(BasePermission):
    """The view's `scope`: the person must be allowed it, and a token must carry it.

    404 when the person may not know of it, 403 when only the token lacks the scope.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not policies.can_use_console(request.user):
            return False
        name = view.scope
        if not policies.POLICIES[tokens.SCOPES[name].policy](request.user):
            if request.method not in {"GET", "HEAD", "OPTIONS"}:
                attempt_refused(request._request, request.user)
                raise PermissionDenied(_("Your role does not allow this."))
            raise Http404
        if isinstance(request.auth, ApiToken) and not tokens.allows(request.auth, name):
            sentence = _("This token lacks the scope %(scope)s.") % {"scope": name}
            attempt_refused(request._request, request.user, sentence)
            raise PermissionDenied(sentence)
        return True
