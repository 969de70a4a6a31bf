from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "masthead.library"
    label = "library"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what is held about a reader here."""
        from masthead.library import privacy

        privacy.register()
