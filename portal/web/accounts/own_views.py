"""What people do for themselves: profile, password, sessions, tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.http import Request, require
from portal.web.accounts.devices import device_of
from portal.web.accounts.forms import PasswordForm, ProfileForm, TokenForm, say
from provisioning.accounts import sessions as living_sessions
from provisioning.accounts import tokens as living_tokens
from provisioning.accounts.errors import Refused
from provisioning.accounts.models import ApiToken, UserSession
from provisioning.accounts.operations import own
from provisioning.accounts.operations.signing_in import revoke_other_sessions, revoke_session
from provisioning.accounts.policies import can_use_console


@require(can_use_console)
@require_http_methods(["GET", "POST"])
def profile(request: Request) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            own.change_profile(request.user, form.cleaned_data)
        except Refused as error:
            say(form, error, request.request_id)
        else:
            messages.success(request, _("Your profile is saved."))
            return HttpResponseRedirect(reverse("accounts:profile"))
    memberships = request.user.memberships.select_related("tenant").order_by("tenant__name", "role")
    return render(
        request,
        "accounts/profile.html",
        {"form": form, "memberships": memberships},
        status=422 if form.is_bound and form.errors else 200,
    )


@require(can_use_console)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: Request) -> HttpResponse:
    form = PasswordForm(request.POST or None, asks_old=True)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            ended = own.change_password(request, request.user, old=data["old_password"], new=data["new_password"])
        except Refused as error:
            say(form, error, request.request_id)
        else:
            messages.success(
                request, _("Your password is changed. Other sessions that ended: %(count)s.") % {"count": ended}
            )
            return HttpResponseRedirect(reverse("accounts:profile"))
    return render(request, "accounts/password.html", {"form": form}, status=422 if form.errors else 200)


@require(can_use_console)
@require_GET
def sessions(request: Request) -> HttpResponse:
    here = living_sessions.alive(request.session.session_key)
    rows = [
        {"row": row, "device": device_of(row.user_agent), "is_here": here is not None and row.pk == here.pk}
        for row in living_sessions.living_of(request.user)
    ]
    context = {"rows": rows, "others": sum(1 for row in rows if not row["is_here"])}
    return render(request, "accounts/sessions.html", context)


@require(can_use_console)
@require_POST
def session_revoke(request: Request, uuid: UUID) -> HttpResponse:
    try:
        row = revoke_session(request.user, uuid)
    except UserSession.DoesNotExist:
        raise Http404 from None
    if row.user_id != request.user.pk:
        messages.success(request, _("The session of %(name)s has ended.") % {"name": row.user})
        return HttpResponseRedirect(reverse("accounts:person", args=[row.user.uuid]))
    messages.success(request, _("The session has ended."))
    return HttpResponseRedirect(reverse("accounts:sessions"))


@require(can_use_console)
@require_POST
def sessions_revoke_others(request: Request) -> HttpResponse:
    ended = revoke_other_sessions(request.user, request.user, keep_session_key=request.session.session_key)
    messages.success(request, _("Sessions that ended: %(count)s.") % {"count": ended})
    return HttpResponseRedirect(reverse("accounts:sessions"))


@require(can_use_console)
@never_cache
@require_GET
def session_state(request: Request) -> HttpResponse:
    """When this session ends if nothing more is done; asking does not count as doing something."""
    return _state(request)


@require(can_use_console)
@require_POST
def session_stay(request: Request) -> HttpResponse:
    """The person said that they are still there."""
    living_sessions.seen(request, at_once=True)
    return _state(request)


def _state(request: Request) -> HttpResponse:
    ends = living_sessions.ends_at(request)
    return JsonResponse({"ends_at": ends.isoformat() if ends else None})


@require(can_use_console)
@require_http_methods(["GET", "POST"])
@never_cache
def tokens(request: Request) -> HttpResponse:
    offered = [(scope.name, f"{scope.label} ({scope.name})") for scope in living_tokens.offered_to(request.user)]
    form = TokenForm(request.POST or None, scopes=offered)
    context: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST":
        if form.is_valid():
            data = form.cleaned_data
            try:
                token, raw = own.create_token(
                    request.user, name=data["name"], scopes=data["scopes"], lifetime_days=data["lifetime_days"]
                )
            except Refused as error:
                say(form, error, request.request_id)
            else:
                # Shown on this page alone and never again: not kept, not in a message, not in the address.
                context.update(new_token=token, new_token_text=raw, form=TokenForm(scopes=offered))
        status = 422 if form.errors else 200
    context["tokens"] = request.user.api_tokens.order_by("-created_at")[:200]
    return render(request, "accounts/tokens.html", context, status=status)


@require(can_use_console)
@require_POST
def token_revoke(request: Request, uuid: UUID) -> HttpResponse:
    try:
        token = own.revoke_token(request.user, uuid)
    except ApiToken.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The token %(name)s works no more.") % {"name": token.name})
    if token.user_id != request.user.pk:
        return HttpResponseRedirect(reverse("accounts:person", args=[token.user.uuid]))
    return HttpResponseRedirect(reverse("accounts:tokens"))
