"""Lists, pages of objects, records, segments, search and exports. Fixed words stand before `<slug:kind>`."""

from __future__ import annotations

from django.urls import path

from portal.web.inventory import (
    detail_views,
    export_views,
    list_views,
    record_views,
    search_views,
    segment_views,
)

urlpatterns = [
    path("jobs/", record_views.jobs, name="jobs"),
    path("jobs/<uuid:uuid>/", record_views.job, name="job"),
    path("events/", record_views.events, name="events"),
    path("events/<uuid:uuid>/", record_views.event, name="event"),
    path("alerts/", record_views.alerts, name="alerts"),
    path("changes/", record_views.changes, name="changes"),
    path("segments/", segment_views.segments, name="segments"),
    path("search/", search_views.search, name="search"),
    path("<slug:kind>/export.<slug:form>", export_views.export, name="export"),
    path("<slug:kind>/columns/", list_views.keep_columns, name="columns"),
    path("<slug:kind>/", list_views.object_list, name="list"),
    path("<slug:kind>/<uuid:uuid>/", detail_views.object_detail, name="detail"),
    path("<slug:kind>/<uuid:uuid>/raw.json", detail_views.raw_download, name="raw"),
]
