from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "provisioning.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from provisioning.accounts import audited, sessions  # noqa: F401  (registers the audit actions)

        user_logged_in.connect(sessions.opened, dispatch_uid="accounts.sessions.opened")
