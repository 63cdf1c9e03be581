"""Hierarchy: tree, picture and drawer, all showing the same selection, which the address holds.

`at` is the place in the picture ("zones.<uuid>"; empty: the cloud), `sel` the object in the drawer ("hosts.<uuid>"),
`view` heat or graph, `shade` what the cells' depth means. The number of queries does not depend on the cloud's size.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for, remember_cloud
from portal.web.inventory import hierarchy_drawer, hierarchy_graph, hierarchy_map, hierarchy_tree
from portal.web.inventory.hierarchy_frame import Frame, Place, groups_of, read_frame, words_of
from provisioning.accounts import policies
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import Cloud

KEY = re.compile(r"^[a-z-]{3,20}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
GROUP_KEY = re.compile(r"^zones\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[a-z-]{3,20}$")
PARTS = ("", "tree", "children", "search", "picture", "drawer", "cells")
CELLS_AT_ONCE = 400


@require_safe
@require(policies.can_see_infrastructure)
def hierarchy(request: Request, cloud: uuid.UUID) -> HttpResponse:
    """The page, or with `?part=` what a script of the page asks for. 404 for anything that is not there."""
    found = cloud_for(request, cloud)
    part = request.GET.get("part", "")
    if part not in PARTS:
        raise Http404
    if part == "drawer":
        return render(request, "inventory/hierarchy_drawer.html", _drawer(request, found))
    if part == "search":
        return _search(request, found)
    frame = read_frame(request.user, found)
    if part == "cells":
        return _cells(request, frame)
    if part == "children":
        return _children(request, frame)
    context = _page(request, frame, part)
    if part:
        return render(request, f"inventory/hierarchy_{part}.html", context)
    return remember_cloud(render(request, "inventory/hierarchy.html", context), found)


def _page(request: Request, frame: Frame, part: str) -> dict[str, Any]:
    user, cloud = request.user, frame.cloud
    context: dict[str, Any] = {"cloud": cloud, "frame": frame, "topic": f"cloud.{cloud.uuid}"}
    selected = _key(request.GET, "sel")
    at = frame.by_key.get(_key(request.GET, "at"))
    if part != "picture":
        context |= _drawer(request, cloud) if selected and not part else {"drawer": None}
        path = _path(frame, context["drawer"], selected, at)
        context["root"] = hierarchy_tree.tree(user, frame, at.key if at else "", selected, path)
    hosts = at.hosts if at else frame.hosts
    can_graph = hosts <= hierarchy_graph.MOST_HOSTS
    view = request.GET.get("view", "")
    if view not in ("heat", "graph") or (view == "graph" and not can_graph):
        view = "graph" if can_graph else "heat"
    shade = request.GET.get("shade", "")
    shade = shade if shade in hierarchy_map.SHADES else "memory"
    if part != "tree":
        if view == "heat":
            context["map"] = hierarchy_map.heat_map(user, frame, at, shade)
        else:
            context["graphs"] = hierarchy_graph.graphs(user, frame, at)
            context["beside"] = hierarchy_graph.trouble(context["graphs"])
    return context | {
        "at": at, "selected": selected, "view": view, "shade": shade, "shades": hierarchy_map.SHADES, "hosts": hosts,
        "can_graph": can_graph, "most_hosts": hierarchy_graph.MOST_HOSTS, "trail": _trail(at),
        "trouble": words_of(at.states if at else frame.states, but_good=True), "table_url": _table_url(cloud, at),
    }  # fmt: skip


def _drawer(request: Request, cloud: Cloud) -> dict[str, Any]:
    key = _key(request.GET, "sel")
    return {"cloud": cloud, "drawer": hierarchy_drawer.drawer(request.user, cloud, key) if key else None}


def _children(request: Request, frame: Frame) -> HttpResponse:
    key = request.GET.get("node", "")
    if not (KEY.match(key) or GROUP_KEY.match(key)):
        raise Http404
    level = request.GET.get("level", "")
    nodes = hierarchy_tree.children(request.user, frame, key, int(level) if level.isdigit() and len(level) < 3 else 5)
    place = frame.by_key.get(key)
    more = max(0, place.hosts - len(nodes)) if place and place.kind == "clusters" else 0
    return render(request, "inventory/hierarchy_children.html", {
        "cloud": frame.cloud, "nodes": nodes, "more": more, "more_url": _table_url(frame.cloud, place),
    })  # fmt: skip


def _search(request: Request, cloud: Cloud) -> HttpResponse:
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    nodes, more = hierarchy_tree.matches(request.user, cloud, text) if text else ([], 0)
    context = {"cloud": cloud, "nodes": nodes, "more": more, "text": text}
    return render(request, "inventory/hierarchy_matches.html", context)


def _cells(request: Request, frame: Frame) -> HttpResponse:
    """Cells and badges as they are now: {"cells": {key: [css, label]}, "badges": {key: [[group, icon, n]]}}."""
    wanted = []
    for text in request.GET.get("hosts", "").split(",")[:CELLS_AT_ONCE]:
        try:
            wanted.append(uuid.UUID(text))
        except ValueError:
            continue
    shade = request.GET.get("shade", "memory")
    found = hierarchy_map.cells(request.user, frame.cloud, wanted, shade if shade in hierarchy_map.SHADES else "memory")
    return JsonResponse({
        "cells": {key: [cell.css, cell.label] for key, cell in found.items()},
        "badges": {key: hierarchy_tree.badges_of(groups_of(place.states)) for key, place in frame.by_key.items()},
    })  # fmt: skip


def _key(values: QueryDict, name: str) -> str:
    value = values.get(name, "")
    return value if KEY.match(value) and value.partition(".")[0] in hierarchy_tree.SELECTABLE else ""


def _path(frame: Frame, drawer: hierarchy_drawer.Drawer | None, selected: str, at: Place | None) -> set[str]:
    """The rows to unfold so that what is selected can be seen."""
    path: set[str] = set()
    starts = [at, frame.by_key.get(selected)]
    if drawer is not None:
        obj = drawer.obj
        for kind, name in (("clusters", "cluster"), ("pods", "pod"), ("zones", "zone")):
            above = getattr(obj, name, None) if hasattr(obj, f"{name}_id") else None
            if above is not None:
                starts.append(frame.by_key.get(f"{kind}.{above.uuid}"))
        if drawer.kind.slug in hierarchy_tree.GROUPS and getattr(obj, "zone", None):
            path.add(f"zones.{obj.zone.uuid}.{drawer.kind.slug}")
    for place in starts:
        while place is not None:
            path.add(place.key)
            place = place.above
    if len(frame.zones) == 1:
        path.add(frame.zones[0].key)
    return path


def _trail(at: Place | None) -> list[Place]:
    found: list[Place] = []
    while at is not None:
        found.insert(0, at)
        at = at.above
    return found


def _table_url(cloud: Cloud, at: Place | None) -> str:
    """The same hosts as a table."""
    try:
        url = reverse("inventory:list", args=[cloud.uuid, "hosts"])
    except NoReverseMatch:
        return ""
    return f"{url}?{KINDS[at.kind].model._meta.model_name}={at.uuid}" if at else url
