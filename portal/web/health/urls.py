"""Health: the page and its exports."""

from django.urls import path

from portal.web.health import views

app_name = "health"
urlpatterns = [
    path("", views.index, name="index"),
    path("problems/<uuid:problem>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("export.<str:form>", views.export, name="export"),
]
