"""Capacity: the page, its chart's numbers and its exports."""

from django.urls import path

from portal.web.capacity import views

app_name = "capacity"
urlpatterns = [
    path("", views.index, name="index"),
    path("export.<str:form>", views.export, name="export"),
    path("series.csv", views.series_csv, name="series"),
]
