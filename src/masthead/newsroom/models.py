"""What only the newsroom needs to remember: the day an article is planned for, what was taken out of an edition."""

from django.conf import settings
from django.db import models


class Plan(models.Model):
    """The day an article that is not scheduled yet is meant to appear. Beside the article, so that revisions never carry it."""

    article = models.OneToOneField("articles.Article", on_delete=models.CASCADE, related_name="plan")
    day = models.DateField(db_index=True)
    changed = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.article_id} on {self.day}"


class SetAside(models.Model):
    """What an editor took out of an edition, so that they can put it back. Beside the edition: composers and renderers see only
    what is in it."""

    edition = models.ForeignKey("newsletters.Edition", on_delete=models.CASCADE, related_name="set_aside")
    item = models.JSONField(help_text="The fields of the newsletters.EditionItem it was.")
    headline = models.CharField(max_length=200, help_text="As the editor saw it.")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.headline
