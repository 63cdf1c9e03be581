"""The typed request, the guards of views, and what an error looks like: one sentence and the request id."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.template import TemplateDoesNotExist, loader
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_htmx.middleware import HtmxDetails

from portal.addresses import counted_as
from portal.attempts import attempt_refused
from provisioning.accounts.models import User

Policy = Callable[..., bool]
V = TypeVar("V", bound=Callable[..., Any])


class Request(HttpRequest):
    """A request behind a guard: somebody is signed in. `client_ip` is an address, or empty on a unix socket."""

    user: User
    request_id: str
    client_ip: str
    htmx: HtmxDetails


def client_ip(request: HttpRequest) -> str:
    """The address for the sign-in lockout (AXES_CLIENT_IP_CALLABLE): the middleware's, never a header's; of IPv6 the
    /64 network."""
    return counted_as(getattr(request, "client_ip", "") or request.META.get("REMOTE_ADDR", ""))


# ---------------------------------------------------------------------------------------------------- guards
def require(policy: Policy, see: Policy | None = None) -> Callable[[V], V]:
    """Let a view run only for people whom `policy(user)` allows.

    Anonymous → sign-in. Who may not even see what the view is about → 404: that is `see`, or `policy` itself when it is
    not given. Who may see but not do → 403. Works on functions and on a class's `dispatch` (`method_decorator`).
    Object-level rules are the view's own, on rows from `for_user`.
    """

    def wrap(view: V) -> V:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return to_sign_in(request)
            if not user.is_active or not (see or policy)(user):
                attempt_refused(request, user)
                raise Http404
            if see is not None and not policy(user):
                attempt_refused(request, user)
                raise PermissionDenied
            response: HttpResponse = view(request, *args, **kwargs)
            return response

        guarded.guard = policy  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return wrap


def public(view: V) -> V:
    """Mark a view that anybody may call: signing in, health, documents. Everything else carries `require`."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Off to the sign-in page and back here afterwards; a machine gets a 401 problem instead."""
    if wants_json(request):
        return problem(request, 401, _("Sign in first."))
    where = resolve_url(settings.LOGIN_URL)
    htmx = getattr(request, "htmx", None)
    if htmx:
        # A partial must not receive the sign-in page: send the whole page there, to come back to the page it was on.
        back = request.headers.get("HX-Current-URL-Path") or htmx.current_url_abs_path or "/"
        response = HttpResponse(status=401)
        response["HX-Redirect"] = f"{where}?{urlencode({'next': back})}"
        return response
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    return HttpResponseRedirect(f"{where}?{urlencode({'next': back})}")


# ---------------------------------------------------------------------------------------------------- errors
def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: the API's paths, or an Accept header that prefers JSON to HTML."""
    if request.path.startswith("/api/"):
        return True
    accept = request.headers.get("Accept", "")
    return "text/html" not in accept and ("application/json" in accept or "application/problem+json" in accept)


def problem(request: HttpRequest, status: int, detail: str, **more: Any) -> JsonResponse:
    """A problem document (RFC 9457) with the request id."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(request, "request_id", ""),
        **more,
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


# For the collector of messages: the statuses that have pages, in HTTP's own English.
_TITLES = (gettext_noop("Bad Request"), gettext_noop("Forbidden"), gettext_noop("Not Found"),
           gettext_noop("Too Many Requests"), gettext_noop("Internal Server Error"))  # fmt: skip


def title_of(status: int) -> str:
    """A status in two or three words of the person's language; HTTP's own where nobody translated it."""
    return _(HTTPStatus(status).phrase)


def error_page(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """The page (or problem document) of an error. Works without database, session and templates: those may be what
    is broken."""
    if wants_json(request):
        return problem(request, status, sentence)
    request_id = getattr(request, "request_id", "")
    context = {"request_id": request_id, "status": status, "sentence": sentence, "title": title_of(status)}
    try:
        # A server error gets no request: the shell around the page asks the database, which may be the culprit.
        body: str = loader.render_to_string(f"{status}.html", context, request if status < 500 else None)
    except TemplateDoesNotExist:
        body = _bare(context)
    except Exception:
        if status < 500:
            raise
        body = _bare(context)
    return HttpResponse(body, status=status)


def _bare(context: dict[str, Any]) -> str:
    return (
        f'<!doctype html><html lang="en"><title>{context["title"]}</title><h1>{context["title"]}</h1>'
        f"<p>{escape(context['sentence'])}</p><p>{_('Request')} {escape(context['request_id'])}</p></html>"
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 400, _("This request cannot be understood."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    said = str(exception) if exception is not None else ""
    return error_page(request, 403, said or _("Your role does not allow this."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 404, _("There is nothing here that you may see."))


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(request, 500, _("Something failed on our side. It is in the log under this request id."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, 403, _("This form is too old or came from another site. Load the page again and retry."))
