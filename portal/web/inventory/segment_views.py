"""The segment map: VLAN and VXLAN ids of each physical network, who holds them and how long they last."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from portal.http import Request, require
from portal.web.clouds.lookup import cloud_for
from portal.web.inventory.listing import respond, table_for
from portal.web.inventory.segments import SegmentMap, maps_of
from portal.web.inventory.tables.segments import SEGMENTS
from portal.web.table_spec import Viewer
from provisioning.accounts import policies


@require_GET
@require(policies.can_see_infrastructure)
def segments(request: Request, cloud: uuid.UUID) -> HttpResponse:
    """Strips of all physical networks above, the list of held ids below; the list has filters and exports."""
    viewer = Viewer(request.user, cloud_for(request, cloud))
    assert viewer.cloud is not None
    table = table_for(request, SEGMENTS, viewer)
    maps = [] if request.htmx and request.htmx.target == "zw-list" else maps_of(viewer.cloud)
    return respond(
        request, "inventory/segments.html", table, {"maps": maps, "answer": answer(maps), "kind": "segments"}
    )


def answer(maps: list[SegmentMap]) -> str:
    """The page's title: the worst thing there is to say, else how much is left."""
    twice = len({(one.physical_network.zone_id, number) for one in maps for number in one.twice})
    if twice:
        return ngettext("%(n)s segment id is used twice", "%(n)s segment ids are used twice", twice) % {"n": twice}
    short = sorted(
        (one for one in maps if one.runs_out), key=lambda one: (one.runway_days is None, one.runway_days or 0, one.free)
    )
    if short:
        return _("%(name)s runs out of segments first: %(free)s free") % {
            "name": short[0].physical_network.name,
            "free": f"{short[0].free:,}",
        }
    if not maps:
        return _("No physical network has segment ids")
    return _("%(used)s segment ids used, %(free)s free") % {
        "used": f"{sum(one.used for one in maps):,}",
        "free": f"{sum(one.free for one in maps):,}",
    }
