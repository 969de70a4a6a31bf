"""Cards by number are the cards the models would give, whatever is in the database; and they are quick."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wagtail.images.models import Image, Rendition

from factories import make_article, make_author, make_topic
from masthead.articles import cards, rows
from masthead.articles.bulk import ensure_index
from masthead.articles.models import Article, Byline, MoreFrom, Rendering
from masthead.articles.pictures import WIDTHS
from masthead.articles.rendering import Rendered, render_body
from masthead.core import clock

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)
articles = st.fixed_dictionaries(
    {
        "title": texts,
        "standfirst": st.just("") | texts,
        "format": st.sampled_from(Article.Format.values),
        "access": st.sampled_from(Article.Access.values),
        "dated": st.none() | st.integers(-9_000_000, 60).map(lambda minutes: clock.now() + timedelta(minutes=minutes)),
        "date_precision": st.sampled_from(Article.Precision.values),
        "live": st.booleans() | st.just(True),
        "picture_alt": texts,
        "picture_caption": texts,
    }
)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def make_picture(chance: random.Random, some_missing: float = 0.0) -> Image:
    """A picture with its renditions (but for ``some_missing``), of which there is no file."""
    point = [chance.randrange(100) for _ in range(4)] if chance.random() < 0.5 else [None] * 4
    names = ("focal_point_x", "focal_point_y", "focal_point_width", "focal_point_height")
    image = Image(title="Map", file=f"original_images/Ünder {chance.random()}.png", width=1600, height=900)
    for name, value in zip(names, point, strict=True):
        setattr(image, name, value)
    Image.objects.bulk_create([image])
    Rendition.objects.bulk_create(
        Rendition(
            image=image, filter_spec=spec, file=f"images/{image.pk} é.{n}.webp", width=480 + 240 * n, height=270 + 135 * n
        )
        for n, spec in enumerate(WIDTHS)
        if chance.random() >= some_missing
    )
    return image


def scatter(made: list[dict[str, Any]], chance: random.Random) -> list[Article]:
    """These articles, with authors, topics, pictures and renderings by chance."""
    authors = [make_author(name) for name in ("Inês Carvalho", "ada", "Zoë", "Éric")]
    topics = [make_topic(name) for name in ("Trade", "ærøskøbing", "Élan", "zinc", "Zinc & Tin")]
    pictures = [make_picture(chance, some_missing=0.05) for _ in range(3)]
    index = ensure_index()
    found = []
    for number, fields in enumerate(made):
        article = Article(slug=f"a-{number}", body=[("paragraph", f"<p>{number}</p>"), ("gate", None)], **fields)
        article.picture = chance.choice([*pictures, None])
        index.add_child(instance=article)
        chosen = chance.sample(authors, chance.randrange(4))
        places = chance.sample(range(9), len(chosen))
        Byline.objects.bulk_create(
            Byline(article=article, author=author, sort_order=place) for author, place in zip(chosen, places, strict=True)
        )
        for topic in chance.sample(topics, chance.randrange(4)):
            Article.topics.through.objects.create(article=article, topic=topic)
        if chance.random() < 0.8:
            rendered = render_body(article.body)
            blocks = [list(block) for block in rendered.blocks]
            Rendering.objects.create(article=article, blocks=blocks, gate=rendered.gate, words=7, rendered=clock.now())
        if chance.random() < 0.5:
            MoreFrom.objects.create(article=article, numbers=[3, 1, 2], made=clock.now())
        found.append(article)
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=st.lists(articles, min_size=1, max_size=6), chance=st.randoms(use_true_random=False))
def test_cards_by_number_are_the_models_cards_in_order(made: list[dict[str, Any]], chance: random.Random) -> None:
    with undone():
        articles, now = scatter(made, chance), clock.now()
        numbers = [article.pk for article in articles] * 2 + [10**9]
        chance.shuffle(numbers)
        listed = {article.pk: article for article in cards.listed(now).select_related("picture")}
        wanted = cards.load(listed[number] for number in dict.fromkeys(numbers) if number in listed)
        assert cards.by_numbers(numbers, now) == cards.cards_of(wanted)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=st.lists(articles, min_size=1, max_size=4), chance=st.randoms(use_true_random=False))
def test_an_article_for_its_page_is_what_the_model_says(made: list[dict[str, Any]], chance: random.Random) -> None:
    with undone():
        for article in scatter(made, chance):
            stored = Article.objects.select_related("rendering").get(pk=article.pk)
            row = rows.find(article.slug)
            if not article.live:
                assert row is None
                continue
            rendering = getattr(stored, "rendering", None)
            rendered = Rendered(tuple(map(tuple, rendering.blocks)), rendering.gate) if rendering else Rendered((), None)
            wanted, names = rows.of_draft(stored, rendered)
            assert row is not None
            for name in set(rows.ArticleRow.__slots__) | set(rows.CardRow.__slots__) - {"words", "more"}:
                if name not in {"words", "more"}:
                    assert getattr(row, name) == getattr(wanted, name), name
            assert (row.words, row.format_name) == (rendering.words if rendering else 0, stored.get_format_display())
            assert row.more == tuple(getattr(getattr(stored, "more_from", None), "numbers", ()))
            assert rows.names([article.pk]).get(article.pk, rows.NOBODY) == names


def test_fifteen_cards_take_three_queries(django_assert_num_queries: Any) -> None:
    chance = random.Random(1)
    numbers = []
    for n in range(15):
        article = make_article(f"No {n}", authors=[make_author()], topics=[make_topic()], picture_alt="A map")
        Article.objects.filter(pk=article.pk).update(picture=make_picture(chance))
        numbers.append(article.pk)
    with django_assert_num_queries(3):
        assert [card.id for card in cards.by_numbers(numbers, clock.now())] == numbers


def test_no_numbers_are_no_cards_and_thousands_are_no_error() -> None:
    article = make_article()
    assert cards.by_numbers([], clock.now()) == []
    assert [card.id for card in cards.by_numbers([*range(10**6, 10**6 + 1200), article.pk], clock.now())] == [article.pk]


def test_the_driver_gives_what_the_rows_expect() -> None:
    """The dates of plain columns and of those after a UNION, on either database."""
    article = make_article()
    [near] = [make_article("Near", dated=clock.now() - timedelta(days=1))]
    row = rows.find(article.slug)
    assert row and row.dated == article.dated and row.dated.tzinfo, connection.vendor
    assert cards.nearest(row, 3, clock.now()) == cards.nearest(article, 3, clock.now()) == [near.pk]
