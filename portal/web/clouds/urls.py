"""Registering and tending clouds. Fixed words stand before a cloud's own pages."""

from django.urls import path

from portal.web.clouds import views

app_name = "clouds"
urlpatterns = [
    path("", views.cloud_list, name="list"),
    path("add/", views.add, name="add"),
    path("<uuid:cloud>/settings/", views.detail, name="detail"),
    path("<uuid:cloud>/settings/edit/", views.edit, name="edit"),
    path("<uuid:cloud>/settings/sync/", views.sync, name="sync"),
    path("<uuid:cloud>/settings/progress/", views.progress, name="progress"),
    path("<uuid:cloud>/settings/remove/", views.remove, name="remove"),
]
