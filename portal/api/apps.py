from django.apps import AppConfig


class PortalApiConfig(AppConfig):
    name = "portal.api"
    label = "api"
