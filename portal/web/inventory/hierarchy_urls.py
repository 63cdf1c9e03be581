from django.urls import path

from portal.web.inventory.hierarchy import hierarchy

urlpatterns = [path("hierarchy/", hierarchy, name="hierarchy")]
