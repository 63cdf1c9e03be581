from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "provisioning.inventory"
    label = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from provisioning.inventory import audit_actions  # noqa: F401  (registers the audit actions)
