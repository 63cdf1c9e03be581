"""Pages. A cloud's pages live under /clouds/<uuid>/."""

from django.urls import include, path

from portal.web.home import home, preferences
from portal.web.words import words

urlpatterns = [
    path("", home, name="home"),
    path("preferences/", preferences, name="preferences"),
    path("words/<str:language>.<slug:digest>.js", words, name="words"),
    path("clouds/", include("portal.web.clouds.urls")),
    path("clouds/<uuid:cloud>/capacity/", include("portal.web.capacity.urls")),
    path("clouds/<uuid:cloud>/health/", include("portal.web.health.urls")),
    path("clouds/<uuid:cloud>/", include("portal.web.inventory.urls")),
]
