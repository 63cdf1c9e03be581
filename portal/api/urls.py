"""/api/v1/. The slash at the end may be left out; any other address answers with a problem document."""

from __future__ import annotations

from django.urls import path, re_path

from portal.api import docs
from portal.api.inventory import objects, records
from portal.api.monitoring import views as monitoring
from portal.api.views import Elsewhere
from provisioning.inventory.kinds import KINDS

app_name = "api"
CLOUD = "clouds/<uuid:cloud>/"
urlpatterns = [
    path("", docs.Root.as_view(), name="root"),
    path("schema/", docs.SchemaView.as_view(), name="schema"),
    path("docs/", docs.DocsView.as_view(), name="docs"),
    path("clouds/", objects.CloudList.as_view(), name="clouds"),
    path(CLOUD, objects.CloudDetail.as_view(), name="cloud"),
    path(f"{CLOUD}sync/", objects.CloudSync.as_view(), name="sync"),
    path(f"{CLOUD}syncs/", objects.SyncList.as_view(), name="syncs"),
    path(f"{CLOUD}syncs/<uuid:uuid>/", objects.SyncDetail.as_view(), name="sync-detail"),
    path(f"{CLOUD}jobs/", records.JobList.as_view(), name="jobs"),
    path(f"{CLOUD}jobs/<uuid:uuid>/", records.JobDetail.as_view(), name="job"),
    path(f"{CLOUD}events/", records.EventList.as_view(), name="events"),
    path(f"{CLOUD}events/<uuid:uuid>/", records.EventDetail.as_view(), name="event"),
    path(f"{CLOUD}alerts/", records.AlertList.as_view(), name="alerts"),
    path(f"{CLOUD}alerts/<uuid:uuid>/", records.AlertDetail.as_view(), name="alert"),
    path(f"{CLOUD}changes/", records.ChangeList.as_view(), name="changes"),
    path(f"{CLOUD}changes/<uuid:uuid>/", records.ChangeDetail.as_view(), name="change"),
    path(f"{CLOUD}segments/", records.SegmentList.as_view(), name="segments"),
    path(f"{CLOUD}segment-maps/", records.SegmentMaps.as_view(), name="segment-maps"),
    path(f"{CLOUD}capacity/", monitoring.CapacityList.as_view(), name="capacity"),
    path(f"{CLOUD}capacity/series/", monitoring.CapacitySeriesView.as_view(), name="capacity-series"),
    path(f"{CLOUD}health/", monitoring.HealthSummary.as_view(), name="health"),
    path(f"{CLOUD}health/problems/", monitoring.ProblemList.as_view(), name="problems"),
]
for _slug in KINDS:
    _views = objects.views_of(_slug)
    urlpatterns += [
        path(f"{CLOUD}{_slug}/", _views["list"].as_view(), name=f"{_slug}-list"),
        path(f"{CLOUD}{_slug}/<uuid:uuid>/", _views["detail"].as_view(), name=f"{_slug}-detail"),
        path(f"{CLOUD}{_slug}/<uuid:uuid>/raw/", _views["raw"].as_view(), name=f"{_slug}-raw"),
        path(f"{CLOUD}{_slug}/<uuid:uuid>/changes/", _views["changes"].as_view(), name=f"{_slug}-changes"),
    ]
urlpatterns.append(re_path(r"^.*$", Elsewhere.as_view(), name="elsewhere"))
