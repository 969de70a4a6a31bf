"""What only the newsroom needs to remember: the day an article is planned for."""

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
