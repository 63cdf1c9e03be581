"""People: who has which role. Administrators change, auditors look."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.http import Request, public, require
from portal.web.accounts.devices import device_of
from portal.web.accounts.forms import MembershipForm, NewPersonForm, PasswordForm, PersonForm, say
from provisioning.accounts.errors import Refused
from provisioning.accounts.models import Membership, Tenant, User
from provisioning.accounts.operations import people as people_operations
from provisioning.accounts.operations import tenants as tenant_operations
from provisioning.accounts.policies import can_manage_people, can_manage_tenants, can_see_people
from provisioning.accounts.sessions import living_of

PAGE = 200


@require(can_see_people)
@require_GET
def people(request: Request) -> HttpResponse:
    memberships = Membership.objects.select_related("tenant").order_by("tenant__name")
    found = User.objects.prefetch_related(Prefetch("memberships", queryset=memberships)).order_by("username")
    text = request.GET.get("q", "").replace("\x00", "").strip()[:150]
    role = request.GET.get("role", "")
    after = request.GET.get("after", "").replace("\x00", "")[:150]
    if text:
        found = found.filter(Q(username__icontains=text) | Q(full_name__icontains=text) | Q(email__icontains=text))
    if role in User.Role.values:
        found = found.filter(role=role)
    if after:
        found = found.filter(username__gt=after)
    rows = list(found[: PAGE + 1])
    context = {
        "people": rows[:PAGE],
        "next_after": rows[PAGE - 1].username if len(rows) > PAGE else "",
        "q": text,
        "role": role,
        "roles": User.Role.choices,
        "can_manage": can_manage_people(request.user),
    }
    return render(request, "accounts/people.html", context)


@require(can_manage_people, see=can_see_people)
@require_http_methods(["GET", "POST"])
@never_cache
def person_new(request: Request) -> HttpResponse:
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person, link = people_operations.create_person(request.user, **form.cleaned_data)
        except Refused as error:
            say(form, error, request.request_id)
        else:
            return _show(request, person, link=link, is_new=True)
    return render(request, "accounts/person_new.html", {"form": form}, status=422 if form.errors else 200)


@require(can_see_people)
@require_GET
def person(request: Request, uuid: UUID) -> HttpResponse:
    return _show(request, get_object_or_404(User, uuid=uuid))


@require(can_manage_people, see=can_see_people)
@require_POST
def person_change(request: Request, uuid: UUID) -> HttpResponse:
    row = get_object_or_404(User, uuid=uuid)
    form = PersonForm(request.POST)
    if form.is_valid():
        data = dict(form.cleaned_data)
        reason = data.pop("reason")
        try:
            people_operations.change_person(request.user, row, data, reason=reason)
        except Refused as error:
            say(form, error, request.request_id)
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": row})
            return _back(row)
    return _show(request, row, form=form, status=422)


@require(can_manage_people, see=can_see_people)
@require_POST
def person_switch(request: Request, uuid: UUID, verb: str) -> HttpResponse:
    """Disable or enable."""
    row = get_object_or_404(User, uuid=uuid)
    act = people_operations.disable_person if verb == "disable" else people_operations.enable_person
    try:
        act(request.user, row, reason=request.POST.get("reason", "")[:500])
    except Refused as error:
        messages.error(request, f"{error.sentence} ({_('request')} {request.request_id})")
    else:
        said = _("%(name)s can sign in again.") if verb == "enable" else _("%(name)s cannot sign in any more.")
        messages.success(request, said % {"name": row})
    return _back(row)


@require(can_manage_people, see=can_see_people)
@require_POST
@never_cache
def person_link(request: Request, uuid: UUID) -> HttpResponse:
    row = get_object_or_404(User, uuid=uuid)
    return _show(request, row, link=people_operations.make_password_link(request.user, row))


@require(can_manage_tenants, see=can_see_people)
@require_POST
def membership_grant(request: Request, uuid: UUID) -> HttpResponse:
    row = get_object_or_404(User, uuid=uuid)
    form = MembershipForm(request.POST)
    if not form.is_valid():
        return _show(request, row, membership_form=form, status=422)
    tenant_operations.grant(request.user, row, form.cleaned_data["tenant"], form.cleaned_data["role"])
    messages.success(
        request, _("%(name)s belongs to %(tenant)s.") % {"name": row, "tenant": form.cleaned_data["tenant"]}
    )
    return _back(row)


@require(can_manage_tenants, see=can_see_people)
@require_POST
def membership_revoke(request: Request, uuid: UUID, membership: int) -> HttpResponse:
    row = get_object_or_404(Membership, pk=membership, user__uuid=uuid)
    tenant_operations.revoke(request.user, row, reason=request.POST.get("reason", "")[:500])
    messages.success(request, _("%(name)s belongs to %(tenant)s no more.") % {"name": row.user, "tenant": row.tenant})
    return _back(row.user)


def _back(row: User) -> HttpResponse:
    return HttpResponseRedirect(reverse("accounts:person", args=[row.uuid]))


def _show(
    request: Request,
    row: User,
    *,
    form: PersonForm | None = None,
    membership_form: MembershipForm | None = None,
    link: str = "",
    is_new: bool = False,
    status: int = 200,
) -> HttpResponse:
    may = can_manage_people(request.user)
    initial = {"full_name": row.full_name, "email": row.email, "role": row.role}
    context: dict[str, Any] = {
        "person": row,
        "memberships": row.memberships.select_related("tenant").order_by("tenant__name", "role"),
        "sessions": [(one, device_of(one.user_agent)) for one in living_of(row)[:50]] if may else [],
        "tokens": row.api_tokens.filter(revoked_at__isnull=True)[:50] if may else [],
        "can_manage": may,
        "is_self": row.pk == request.user.pk,
        "form": (form or PersonForm(initial=initial)) if may else None,
        "membership_form": (membership_form or MembershipForm()) if may and Tenant.objects.exists() else None,
        "link": request.build_absolute_uri(_link_path(link)) if link else "",
        "is_new": is_new,
    }
    return render(request, "accounts/person.html", context, status=status)


def _link_path(link: str) -> str:
    uid, token = link.split("/", 1)
    return reverse("accounts:set-password", args=[uid, token])


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def set_password(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """By an administrator's link. The answer never says whose link it was before it worked."""
    row = people_operations.person_of_link(uid, token)
    if row is None:
        return render(request, "accounts/set_password.html", {"is_dead": True}, status=410)
    form = PasswordForm(request.POST or None, asks_old=False)
    if request.method == "POST" and form.is_valid():
        try:
            people_operations.set_password_by_link(uid, token, form.cleaned_data["new_password"])
        except Refused as error:
            say(form, error, getattr(request, "request_id", ""))
        else:
            messages.success(request, _("Your password is set. Sign in with it."))
            return HttpResponseRedirect(reverse("accounts:sign-in"))
    response = render(
        request, "accounts/set_password.html", {"form": form, "person": row}, status=422 if form.errors else 200
    )
    # The address is the secret: it must not travel on in a Referer.
    response["Referrer-Policy"] = "no-referrer"
    return response
