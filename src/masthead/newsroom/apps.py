from django.apps import AppConfig
from django.db.models.signals import post_migrate


class NewsroomConfig(AppConfig):
    name = "masthead.newsroom"
    label = "newsroom"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Roles and the workflow come with every migration (and after a test emptied the database); panels of our own."""
        from masthead.articles.models import Article
        from masthead.newsletters import composing
        from masthead.newsroom import dates, editions, setup, suggestions, times

        times.apply()
        dates.apply()
        composing.provide_unwanted(editions.taken_out)

        # articles knows neither library nor newsroom: the panel for what library finds is hung in from here
        Article.content_panels = suggestions.beside_topics(Article.content_panels)
        post_migrate.connect(setup.ensure, sender=self, dispatch_uid="masthead.newsroom.setup")
