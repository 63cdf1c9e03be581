"""The first page after signing in, and what a person chose about how the console looks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from portal.http import Request, require
from portal.web.clouds.lookup import clouds_for
from portal.web.context import DENSITIES, THEMES
from provisioning.accounts import policies
from provisioning.accounts.models import User

YEAR_S = 365 * 24 * 3600


@require_GET
@require(policies.can_use_console)
def home(request: Request) -> HttpResponse:
    """The overview of the cloud seen last, else of the first; a member's own instances; without a cloud, how to add
    one."""
    clouds = list(clouds_for(request.user))
    if not clouds:
        return render(request, "inventory/no_cloud.html", {"can_add": policies.can_manage_clouds(request.user)})
    seen = request.COOKIES.get("zw_cloud", "")
    cloud = next((cloud for cloud in clouds if str(cloud.uuid) == seen), clouds[0])
    if policies.can_see_infrastructure(request.user):
        return redirect("inventory:overview", cloud.uuid)
    try:
        return HttpResponseRedirect(reverse("inventory:list", args=[cloud.uuid, "instances"]))
    except NoReverseMatch:
        return redirect("accounts:profile")


@require_POST
@require(policies.can_use_console)
def preferences(request: Request) -> HttpResponse:
    """Keep theme, density or the use of single-letter keys. 204 for a script, else back to where the form was."""
    return _keep(request)


def _keep(request: Request) -> HttpResponse:
    changed: dict[str, str] = {}
    for name, allowed in (("theme", THEMES), ("density", DENSITIES)):
        if name in request.POST:
            if request.POST[name] not in allowed:
                return HttpResponseBadRequest()
            changed[name] = request.POST[name]
    if changed:
        User.objects.filter(uuid=request.user.uuid).update(**changed)
    response: HttpResponse
    back = request.POST.get("next", "")
    if request.headers.get("X-Requested-With") == "fetch" or not url_has_allowed_host_and_scheme(back, None):
        response = HttpResponse(status=204)
    else:
        response = HttpResponseRedirect(back)
    kept: dict[str, Any] = {"max_age": YEAR_S, "secure": request.is_secure(), "httponly": True}
    if "theme" in changed:  # the sign-in page knows nobody, but keeps the theme
        response.set_cookie("zw_theme", changed["theme"], samesite="Lax", **kept)
    if request.POST.get("keys") in ("on", "off"):
        response.set_cookie("zw_keys", request.POST["keys"], samesite="Lax", **kept)
    return response
