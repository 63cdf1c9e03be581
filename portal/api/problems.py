"""Every error of the API as a problem document (RFC 9457) with the request id."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from portal.web.table_spec import BadParameter
from provisioning.inventory.errors import NotAllowed, Refused

log = logging.getLogger("django.request")
CONTENT_TYPE = "application/problem+json"


class BadParameters(exceptions.APIException):
    """400 that names each parameter that cannot be meant."""

    status_code = 400

    def __init__(self, errors: list[BadParameter]) -> None:
        super().__init__(" ".join(str(error) for error in errors))
        self.errors = [{"parameter": error.key, "detail": str(error)} for error in errors]


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """The exception handler of every API view. Never lets an exception through: a client always gets a document."""
    request: Request = context["request"]
    status, detail, more, headers = _read(error)
    if status >= 500:
        log.exception("API view failed", extra={"request": request._request})
    set_rollback()
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(request, "request_id", ""),
        **more,
    }
    response = Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)
    response._has_been_logged = True  # type: ignore[attr-defined]  # above, with its traceback
    return response


def _read(error: Exception) -> tuple[int, str, dict[str, Any], dict[str, str]]:
    headers: dict[str, str] = {}
    if isinstance(error, Http404):
        return 404, _("There is nothing here that you may see."), {}, headers
    if isinstance(error, (PermissionDenied, NotAllowed)):
        return 403, str(error) or _("Your role does not allow this."), {}, headers
    if isinstance(error, Refused):
        return 409, str(error), {}, headers
    if isinstance(error, BadParameter):
        return 400, str(error), {"errors": [{"parameter": error.key, "detail": str(error)}]}, headers
    if isinstance(error, BadParameters):
        return 400, str(error.detail), {"errors": error.errors}, headers
    if isinstance(error, exceptions.ValidationError):
        return 400, _("The body cannot be used as it is."), {"errors": _fields(error.detail)}, headers
    if isinstance(error, exceptions.APIException):
        auth_header = getattr(error, "auth_header", None)
        if auth_header:
            headers["WWW-Authenticate"] = auth_header
        wait = getattr(error, "wait", None)
        if wait:
            headers["Retry-After"] = str(int(wait) + 1)
        return error.status_code, str(error.detail), {}, headers
    return 500, _("Something failed on our side. It is in the log under this request id."), {}, headers


def _fields(detail: Any, place: str = "") -> list[dict[str, str]]:
    """One entry for each wrong place of a body; `kinds[0]` is the first item of kinds, "" the body itself."""
    if isinstance(detail, dict):
        return [error for key, value in detail.items() for error in _fields(value, _place(place, key))]
    if isinstance(detail, list):
        return [error for value in detail for error in _fields(value, place)]
    return [{"parameter": place, "detail": str(detail)}]


def _place(parent: str, key: Any) -> str:
    if key == api_settings.NON_FIELD_ERRORS_KEY:
        return parent
    if isinstance(key, int):
        return f"{parent}[{key}]"
    return f"{parent}.{key}" if parent else str(key)
