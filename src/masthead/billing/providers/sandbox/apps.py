from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """An app of its own: the sandbox keeps its books apart from ours, as a provider elsewhere does."""

    name = "masthead.billing.providers.sandbox"
    label = "billing_sandbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from masthead.billing.providers.sandbox import privacy

        privacy.register()
