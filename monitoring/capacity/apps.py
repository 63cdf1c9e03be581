from django.apps import AppConfig


class CapacityConfig(AppConfig):
    name = "monitoring.capacity"
    label = "capacity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from monitoring.capacity.tasks import after_sync
        from provisioning.inventory.sync.signals_free import on_synced

        on_synced(after_sync)
