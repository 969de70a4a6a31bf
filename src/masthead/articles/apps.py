from django.apps import AppConfig


class ArticlesConfig(AppConfig):
    name = "masthead.articles"
    label = "articles"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to Wagtail, and say what is held about a reader here."""
        from masthead.articles import privacy, signals  # noqa: F401

        privacy.register()
