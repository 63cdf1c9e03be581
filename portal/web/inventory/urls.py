"""A cloud's own pages. Fixed words stand before `<slug:kind>`."""

from __future__ import annotations

from importlib import import_module

from django.urls import URLPattern

app_name = "inventory"
urlpatterns: list[URLPattern] = []
for module in ("overview_urls", "hierarchy_urls", "list_urls"):
    try:
        urlpatterns += import_module(f"portal.web.inventory.{module}").urlpatterns
    except ModuleNotFoundError as error:
        if error.name != f"portal.web.inventory.{module}":
            raise
