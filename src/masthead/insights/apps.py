from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "masthead.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what is read most: newsletters ask for it, some floors below."""
        from masthead.insights import reports
        from masthead.newsletters import composing

        composing.provide_most_read(reports.most_opened)
