from django.apps import AppConfig


class StackConfig(AppConfig):
    name = "portal.stack"
    label = "stack"
