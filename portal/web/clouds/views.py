"""Clouds: list, add, look at, edit, ask for a sync, remove. What is typed is never lost; the secret is never shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.http import Request, require
from portal.web.clouds.forms import CloudForm, EditCloudForm, RemoveCloudForm, field_of
from portal.web.clouds.lookup import cloud_for, clouds_for
from provisioning.accounts.models import Tenant
from provisioning.accounts.policies import can_manage_clouds, can_request_sync, can_see_cloud_settings
from provisioning.cloudstack import CloudStackError
from provisioning.inventory.errors import NotAllowed, Refused
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Cloud, Sync
from provisioning.inventory.operations import clouds as operations

CONNECTION = ("api_url", "api_key", "ca_bundle", "proxy_url", "verify_tls")
KEEPS = ("name", *CONNECTION, "is_enabled")


@require(can_see_cloud_settings)
@require_GET
def cloud_list(request: Request) -> HttpResponse:
    clouds = list(clouds_for(request.user))
    open_syncs = {
        sync.cloud_id: sync
        for sync in Sync.objects.filter(cloud__in=clouds, state__in=[Sync.State.QUEUED, Sync.State.RUNNING]).order_by(
            "created_at"
        )
    }
    context = {
        "rows": [(cloud, open_syncs.get(cloud.pk)) for cloud in clouds],
        "can_manage": can_manage_clouds(request.user),
        "can_sync": can_request_sync(request.user),
    }
    return render(request, "clouds/list.html", context)


@require(can_manage_clouds, see=can_see_cloud_settings)
@never_cache
@sensitive_post_parameters("secret_key", "api_key")
@require_http_methods(["GET", "POST"])
def add(request: Request) -> HttpResponse:
    """Two buttons: "Try keys" looks and shows, "Add cloud" looks and keeps. A browser never gets a secret back, so
    the field keeps its text only where the page is not loaded anew (htmx swaps the result alone)."""
    form = CloudForm(request.POST or None)
    if request.method == "POST":
        if "try" in request.POST:
            return _tried(request, form)
        if form.is_valid():
            try:
                cloud = operations.add_cloud(**form.cleaned_data, by=request.user)
            except (CloudStackError, Refused) as error:
                _put(request, form, error)
            except NotAllowed as error:
                raise PermissionDenied(error.sentence) from None
            else:
                messages.success(request, _("%(name)s is registered. Its first sync is running.") % {"name": cloud})
                return _go(request, reverse("clouds:detail", args=[cloud.uuid]))
    return _answer(request, "clouds/add.html", form, {"is_new": True})


@require(can_manage_clouds, see=can_see_cloud_settings)
@never_cache
@sensitive_post_parameters("secret_key", "api_key")
@require_http_methods(["GET", "POST"])
def edit(request: Request, cloud: UUID) -> HttpResponse:
    row = _whole(request, cloud)
    initial = {name: getattr(row, name) for name in KEEPS}
    form = EditCloudForm(request.POST or None, initial=initial, stored_secret=bool(row.secret_key))
    if request.method == "POST":
        if "try" in request.POST:
            return _tried(request, form, row)
        if form.is_valid():
            values = dict(form.cleaned_data)
            reason = values.pop("reason")
            try:
                operations.edit_cloud(row, by=request.user, reason=reason, **values)
            except (CloudStackError, Refused) as error:
                _put(request, form, error)
            except NotAllowed as error:
                raise PermissionDenied(error.sentence) from None
            else:
                messages.success(request, _("%(name)s is saved.") % {"name": values["name"]})
                return _go(request, reverse("clouds:detail", args=[row.uuid]))
    return _answer(request, "clouds/edit.html", form, {"of": row, "cloud": row})


@require(can_see_cloud_settings)
@require_GET
def detail(request: Request, cloud: UUID) -> HttpResponse:
    row = cloud_for(request, cloud)
    context = _sync_context(request, row)
    context.update(
        of=row,
        cloud=row,
        remove_form=RemoveCloudForm(cloud_name=row.name),
        tenants=Tenant.objects.filter(cloud_uuid=row.uuid).order_by("name")[:100],
    )
    return render(request, "clouds/detail.html", context)


@require(can_see_cloud_settings)
@require_GET
def progress(request: Request, cloud: UUID) -> HttpResponse:
    """The card with the syncs: open pages fetch it again when an event says that something moved."""
    return render(request, "clouds/detail.html#syncs", _sync_context(request, cloud_for(request, cloud)))


@require(can_request_sync, see=can_see_cloud_settings)
@require_POST
def sync(request: Request, cloud: UUID) -> HttpResponse:
    row = cloud_for(request, cloud)
    kinds = [kind for kind in request.POST.getlist("kind") if kind in KINDS]
    try:
        operations.request_sync(row, kinds, by=request.user)
    except Refused as error:
        messages.error(request, f"{error.sentence} ({_('request')} {request.request_id})")
    except NotAllowed as error:
        raise PermissionDenied(error.sentence) from None
    if request.htmx:
        return render(request, "clouds/detail.html#syncs", _sync_context(request, row))
    return HttpResponseRedirect(reverse("clouds:detail", args=[row.uuid]))


@require(can_manage_clouds, see=can_see_cloud_settings)
@require_POST
def remove(request: Request, cloud: UUID) -> HttpResponse:
    row = cloud_for(request, cloud)
    form = RemoveCloudForm(request.POST, cloud_name=row.name)
    if form.is_valid():
        try:
            operations.remove_cloud(row, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as error:
            form.add_error(None, f"{error.sentence} ({_('request')} {request.request_id})")
        except NotAllowed as error:
            raise PermissionDenied(error.sentence) from None
        else:
            messages.success(
                request, _("%(name)s is forgotten here. The cloud itself was not touched.") % {"name": row}
            )
            return HttpResponseRedirect(reverse("clouds:list"))
    context = _sync_context(request, row)
    context.update(of=row, cloud=row, remove_form=form, is_removing=True,
                   tenants=Tenant.objects.filter(cloud_uuid=row.uuid).order_by("name")[:100])  # fmt: skip
    return render(request, "clouds/detail.html", context, status=422)


# ------------------------------------------------------------------------------------------------------------------


def _whole(request: Request, cloud: UUID) -> Cloud:
    """The row with its key pair, which the lists leave out."""
    return Cloud.objects.get(pk=cloud_for(request, cloud).pk)


def _tried(request: Request, form: CloudForm, row: Cloud | None = None) -> HttpResponse:
    """Ask the cloud with what stands in the form; the form with the answer, or its errors, and nothing is kept."""
    seen = None
    if form.is_valid():
        data = form.cleaned_data
        try:
            seen = operations.probe(
                data["api_url"], data["api_key"], data["secret_key"] or (row.secret_key if row else ""),
                data["ca_bundle"], data["proxy_url"], data["verify_tls"], by=request.user,
            )  # fmt: skip
        except (CloudStackError, Refused) as error:
            _put(request, form, error)
        except NotAllowed as error:
            raise PermissionDenied(error.sentence) from None
    if row is None:
        return _answer(request, "clouds/add.html", form, {"seen": seen, "is_new": True})
    return _answer(request, "clouds/edit.html", form, {"seen": seen, "of": row, "cloud": row})


def _answer(request: Request, template: str, form: CloudForm, context: dict[str, Any]) -> HttpResponse:
    """The page, or for htmx the form's inside alone: the browser keeps the typed secret, which never comes back."""
    part = f"{template}#fields" if request.htmx else template
    return render(request, part, {"form": form, **context}, status=422 if form.errors else 200)


def _go(request: Request, url: str) -> HttpResponse:
    if request.htmx:
        response = HttpResponse()
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)


def _put(request: Request, form: CloudForm, error: Any) -> None:
    field = field_of(error)
    form.add_error(field if field in form.fields else None, error.sentence)
    form.what_cloudstack_said = getattr(error, "what_cloudstack_said", "")  # type: ignore[attr-defined]
    form.request_id = request.request_id  # type: ignore[attr-defined]


def _sync_context(request: Request, row: Cloud) -> dict[str, Any]:
    syncs = list(Sync.objects.filter(cloud=row).order_by("-created_at")[:10])
    running = next((one for one in syncs if one.state in (Sync.State.QUEUED, Sync.State.RUNNING)), None)
    return {
        "of": row,
        "syncs": [(one, _totals(one)) for one in syncs],
        "running": running,
        "fraction": running.kinds_done / running.kinds_total if running and running.kinds_total else None,
        "can_manage": can_manage_clouds(request.user),
        "can_sync": can_request_sync(request.user),
        "kinds": KINDS,
    }


def _totals(one: Sync) -> dict[str, Any]:
    """created, changed and gone over all kinds, and the kinds that failed with their reason."""
    totals: dict[str, Any] = {"created": 0, "changed": 0, "gone": 0, "errors": []}
    for kind, numbers in (one.counts or {}).items():
        if not isinstance(numbers, dict):
            continue
        for name in ("created", "changed", "gone"):
            totals[name] += int(numbers.get(name) or 0)
        if numbers.get("error"):
            label = KINDS[kind].plural if kind in KINDS else kind
            totals["errors"].append((label, numbers["error"]))
    return totals
