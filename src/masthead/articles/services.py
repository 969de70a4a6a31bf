"""What happens to articles: rendered at publication, saved by readers."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from masthead.articles import pictures
from masthead.articles.models import Article, Rendering, SavedArticle
from masthead.articles.rendering import Rendered, render_body
from masthead.core import changelog, clock
from masthead.readers.models import Reader


def render(*, article: Article) -> Rendered:
    """Render ``article``'s live body and store it; log the change. The only writer of renderings but the bulk import."""
    rendered = render_body(article.body)
    with changelog.transaction() as changes:
        Rendering.objects.update_or_create(
            article_id=article.pk,
            defaults={
                "blocks": [list(block) for block in rendered.blocks],
                "gate": rendered.gate,
                "words": rendered.words,
                "rendered": clock.now(),
            },
        )
        if article.dated is None:
            article.dated = article.first_published_at or clock.now()
            Article.objects.filter(pk=article.pk).update(dated=article.dated)
        changes.add(changelog.article(article.pk), changelog.LIST)
    # outside the transaction: resizing takes a second, and a reader would only wait for what is missing
    pictures.prepare(article.picture)
    return rendered


def withdrawn(*, article: Article) -> None:
    """Log that ``article`` is no longer there (unpublished or deleted)."""
    with changelog.transaction() as changes:
        changes.add(changelog.article(article.pk), changelog.LIST)


def pictures_changed() -> None:
    """Log that a picture is another one or gone: whatever page shows it is stale."""
    with changelog.transaction() as changes:
        changes.add(changelog.EVERYTHING)


def save_for_later(*, reader: Reader, article: Article) -> None:
    """Put ``article`` on the reader's list; twice is once."""
    try:
        with transaction.atomic():
            SavedArticle.objects.get_or_create(reader=reader, article=article, defaults={"created": clock.now()})
    except IntegrityError:
        pass


def forget_saved(*, reader: Reader, article: Article) -> None:
    """Take ``article`` off the reader's list."""
    SavedArticle.objects.filter(reader=reader, article=article).delete()
