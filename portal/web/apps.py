from django.apps import AppConfig


class PortalWebConfig(AppConfig):
    name = "portal.web"
    label = "web"
