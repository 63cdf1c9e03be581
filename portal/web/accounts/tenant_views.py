"""Tenants: which account or project is whose, and who belongs to it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.http import Request, require
from portal.web.accounts.forms import ReasonForm, TenantForm, TenantKeysForm, say
from provisioning.accounts.errors import Refused
from provisioning.accounts.models import Tenant
from provisioning.accounts.operations import tenants as operations
from provisioning.accounts.policies import can_manage_tenants, can_see_tenants
from provisioning.inventory.models import Account, Cloud, Project
from provisioning.inventory.operations.tenants import backfill_tenant


@require(can_see_tenants)
@require_GET
def tenants(request: Request) -> HttpResponse:
    clouds = {cloud.uuid: cloud for cloud in Cloud.objects.all()}
    rows = Tenant.objects.annotate(people=Count("memberships__user", distinct=True)).order_by("name")[:2000]
    context = {
        "rows": [(row, clouds.get(row.cloud_uuid)) for row in rows],
        "clouds": list(clouds.values()),
        "can_manage": can_manage_tenants(request.user),
    }
    return render(request, "accounts/tenants.html", context)


@require(can_manage_tenants, see=can_see_tenants)
@sensitive_post_parameters("secret_key")
@require_http_methods(["GET", "POST"])
def tenant_new(request: Request, cloud: UUID) -> HttpResponse:
    of = get_object_or_404(Cloud, uuid=cloud)
    owners = _owners(of)
    form = TenantForm(request.POST or None, owners=[(value, label) for value, label, _fields in owners])
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        fields = next(fields for value, _label, fields in owners if value == data["owner"])
        try:
            row = operations.add_tenant(
                request.user, cloud_uuid=of.uuid, name=data["name"] or fields["account_name"] or fields["name"],
                kind=fields["kind"], domain_cloudstack_id=fields["domain"], account_name=fields["account_name"],
                project_cloudstack_id=fields["project"], api_key=data["api_key"], secret_key=data["secret_key"],
            )  # fmt: skip
        except Refused as error:
            say(form, error, request.request_id)
        else:
            marked = backfill_tenant(row)
            messages.success(
                request, _("%(name)s is a tenant; %(count)s rows are theirs.") % {"name": row, "count": marked}
            )
            return HttpResponseRedirect(reverse("accounts:tenant", args=[row.uuid]))
    context = {"form": form, "of": of, "owners": owners}
    return render(request, "accounts/tenant_new.html", context, status=422 if form.errors else 200)


@require(can_see_tenants)
@require_GET
def tenant(request: Request, uuid: UUID) -> HttpResponse:
    return _show(request, get_object_or_404(Tenant, uuid=uuid))


@require(can_manage_tenants, see=can_see_tenants)
@sensitive_post_parameters("secret_key")
@require_POST
def tenant_keys(request: Request, uuid: UUID) -> HttpResponse:
    row = get_object_or_404(Tenant, uuid=uuid)
    form = TenantKeysForm(request.POST)
    if form.is_valid():
        try:
            operations.change_tenant_keys(request.user, row, **form.cleaned_data)
        except Refused as error:
            say(form, error, request.request_id)
        else:
            messages.success(request, _("The keys of %(name)s are saved.") % {"name": row})
            return HttpResponseRedirect(reverse("accounts:tenant", args=[row.uuid]))
    return _show(request, row, keys_form=form, status=422)


@require(can_manage_tenants, see=can_see_tenants)
@require_POST
def tenant_remove(request: Request, uuid: UUID) -> HttpResponse:
    row = get_object_or_404(Tenant, uuid=uuid)
    if request.POST.get("name", "").strip() != row.name:
        messages.error(request, _("Type the name %(name)s to remove the tenant.") % {"name": row.name})
        return HttpResponseRedirect(reverse("accounts:tenant", args=[row.uuid]))
    try:
        operations.remove_tenant(request.user, row, reason=request.POST.get("reason", "")[:500])
    except Refused as error:
        messages.error(request, error.sentence)
        return HttpResponseRedirect(reverse("accounts:tenant", args=[row.uuid]))
    messages.success(request, _("%(name)s is a tenant no more. Nothing in CloudStack was touched.") % {"name": row})
    return HttpResponseRedirect(reverse("accounts:tenants"))


def _show(request: Request, row: Tenant, *, keys_form: TenantKeysForm | None = None, status: int = 200) -> HttpResponse:
    may = can_manage_tenants(request.user)
    context = {
        "tenant": row,
        "of": Cloud.objects.filter(uuid=row.cloud_uuid).first(),
        "memberships": row.memberships.select_related("user").order_by("user__username", "role"),
        "can_manage": may,
        "keys_form": (keys_form or TenantKeysForm(initial={"api_key": row.api_key})) if may else None,
        "remove_form": ReasonForm() if may else None,
    }
    return render(request, "accounts/tenant.html", context, status=status)


def _owners(cloud: Cloud) -> list[tuple[str, str, dict[str, str]]]:
    """(value, label, fields) of accounts and projects of the cloud that are no tenant yet."""
    taken = set(
        Tenant.objects.filter(cloud_uuid=cloud.uuid).values_list(
            "domain_cloudstack_id", "account_name", "project_cloudstack_id"
        )
    )
    found = []
    for row in Account.objects.filter(cloud=cloud).present().select_related("domain").order_by("name"):
        domain = row.domain.cloudstack_id if row.domain else ""
        if domain and (domain, row.name, "") not in taken:
            path = row.domain.path or row.domain.name
            found.append((f"account:{row.cloudstack_id}", f"{row.name} ({path})",
                          {"kind": "account", "domain": domain, "account_name": row.name, "project": "",
                           "name": row.name}))  # fmt: skip
    for row in Project.objects.filter(cloud=cloud).present().select_related("domain").order_by("name"):
        domain = row.domain.cloudstack_id if row.domain else ""
        if (domain, "", row.cloudstack_id) not in taken:
            found.append((f"project:{row.cloudstack_id}", _("Project %(name)s") % {"name": row.name},
                          {"kind": "project", "domain": domain, "account_name": "", "project": row.cloudstack_id,
                           "name": row.name}))  # fmt: skip
    return found
