"""The one file that listens to Wagtail, and calls services."""

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from wagtail.images.models import Image
from wagtail.signals import page_published, page_unpublished

from masthead.articles import services
from masthead.articles.models import Article


@receiver(page_published, sender=Article)
def published(instance: Article, **_: Any) -> None:
    # Wagtail sends this for an article scheduled for later, too
    if instance.live:
        services.render(article=instance)


@receiver(page_unpublished, sender=Article)
def unpublished(instance: Article, **_: Any) -> None:
    services.withdrawn(article=instance)


@receiver(pre_delete, sender=Article)
def deleted(instance: Article, **_: Any) -> None:
    services.withdrawn(article=instance)


@receiver(post_save, sender=Image)
def picture_changed(created: bool, **_: Any) -> None:
    # Wagtail makes other files for it, under other names
    if not created:
        services.pictures_changed()


@receiver(post_delete, sender=Image)
def picture_deleted(**_: Any) -> None:
    services.pictures_changed()
