from django.apps import AppConfig


class FrontConfig(AppConfig):
    name = "masthead.front"
    label = "front"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Render previews: articles ask for it, two floors below."""
        from masthead.articles import preview as modes
        from masthead.front import preview

        modes.register(preview.render)
