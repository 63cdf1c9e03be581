"""Signing in and out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.http import public
from portal.web.accounts.forms import SignInForm
from provisioning.accounts.lockout import Standing
from provisioning.accounts.operations.signing_in import sign_in as sign_in_operation
from provisioning.accounts.operations.signing_in import sign_out as sign_out_operation


def next_address(request: HttpRequest) -> str:
    """Where to go after signing in: `next` when it is on this console, else the first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_address(request))
    form = SignInForm(request.POST or None)
    standing: Standing | None = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            attempt = sign_in_operation(request, form.cleaned_data["username"], form.cleaned_data["password"])
            if attempt.user is not None:
                return HttpResponseRedirect(next_address(request))
            standing = attempt.standing
            # The name stays; the password is what comes next.
            form.fields["username"].widget.attrs.pop("autofocus", None)
            form.fields["password"].widget.attrs["autofocus"] = True
            status = 429 if standing is not None and standing.paused_until else 403
    context = {
        "form": form,
        "standing": standing,
        "pause_minutes": round(standing.pause.total_seconds() / 60) if standing else 0,
        "next": request.POST.get("next") or request.GET.get("next") or "",
        "ended": request.GET.get("ended", "") == "1",
    }
    return render(request, "accounts/sign_in.html", context, status=status)


@public
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    sign_out_operation(request)
    return HttpResponseRedirect(resolve_url(settings.LOGOUT_REDIRECT_URL))
