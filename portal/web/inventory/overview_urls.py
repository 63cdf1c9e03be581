from django.urls import path

from portal.web.inventory.overview import overview

urlpatterns = [path("", overview, name="overview")]
