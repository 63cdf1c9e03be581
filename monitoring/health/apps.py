from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "monitoring.health"
    label = "health"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from monitoring.health import audit_actions  # noqa: F401  (registers)
        from monitoring.health.tasks import after_sync, after_trouble
        from provisioning.inventory.sync.signals_free import on_synced, on_trouble

        on_synced(after_sync)
        on_trouble(after_trouble)
