"""What happens to articles: rendered at publication, saved by readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from masthead.articles import pictures
from masthead.articles.models import Article, MoreFrom, Rendering, SavedArticle
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
    # after the transaction, whoever began it: resizing takes a second, and a reader would only wait for what is missing
    transaction.on_commit(lambda: pictures.prepare(article.picture), robust=True)
    return rendered


MOST_MORE = 24  # numbers kept for one article: what a page shows, and others for those withdrawn since
_AT_ONCE = 200  # rows in one statement


def store_more(*, more: Mapping[int, Sequence[int]]) -> int:
    """Store for each article (by number) which articles its page goes on to, best first; log those that change.

    At most :data:`MOST_MORE` are kept, none twice and never the article itself; articles that are gone are passed over. Says how
    many changed. One transaction: whoever stores many thousands hands them in by the thousand, so that others get to write.
    """
    wanted = {article: [n for n in dict.fromkeys(numbers) if n != article][:MOST_MORE] for article, numbers in more.items()}
    articles, changed = sorted(wanted), 0
    with changelog.transaction() as changes:
        for start in range(0, len(articles), _AT_ONCE):
            some = articles[start : start + _AT_ONCE]
            kept = dict(MoreFrom.objects.filter(article__in=some).values_list("article_id", "numbers"))
            # locked, so that none is deleted before its row is there
            locked = Article.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=some).order_by("pk")
            now = clock.now()
            # never before what it is chosen for: where a clock was put back, or two differ, it would be chosen again and again
            here = {pk: max(now, rendered or now) for pk, rendered in locked.values_list("pk", "rendering__rendered")}
            new = [article for article in some if article in here and kept.get(article) != wanted[article]]
            MoreFrom.objects.bulk_create(
                [MoreFrom(article_id=article, numbers=wanted[article], made=here[article]) for article in new],
                update_conflicts=True,
                unique_fields=["article"],
                update_fields=["numbers", "made"],
            )
            # chosen anew, and the same: nobody need know but who asks what is still to be chosen
            same = here.keys() - set(new)
            for moment in {here[article] for article in same}:
                MoreFrom.objects.filter(article__in=[n for n in same if here[n] == moment]).update(made=moment)
            changes.add(*(changelog.more(article) for article in new))
            changed += len(new)
    return changed


def withdraw_expired() -> None:
    """Withdraw what was to be seen until now. Wagtail's own command knows only pages, not what an article has to say of it."""
    for article in Article.objects.filter(live=True, expire_at__lt=clock.now()).order_by("expire_at"):
        article.unpublish(set_expired=True, log_action="wagtail.unpublish.scheduled")


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
