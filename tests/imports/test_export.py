"""What is written can be read again: by any tool line by line, and by our own import."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from masthead.articles import bulk
from masthead.articles.models import Author, Topic
from masthead.imports import export

pytestmark = pytest.mark.django_db


def exported() -> list[dict[str, object]]:
    out = io.StringIO()
    kinds = list(export.write(out))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["kind"] for line in lines] == kinds
    assert export.count() == len(lines)
    return lines


def article(number: int, author: Author, topic: Topic) -> bulk.NewArticle:
    blocks = [
        {"type": "paragraph", "value": "<p>Straits &amp; <b>empires</b></p>", "id": f"a{number}"},
        {"type": "gate", "value": None, "id": f"b{number}"},
        {"type": "list", "value": "<ul><li>one</li><li>two</li></ul>", "id": f"c{number}"},
    ]
    return bulk.NewArticle(
        title=f"Article {number}",
        body=blocks,
        dated=datetime(2026, 11, number % 27 + 1, tzinfo=UTC),
        authors=(author.pk,),
        topics=(topic.pk,),
        import_key=f"test:{number}",
    )


def test_topics_authors_and_articles_come_out_whole() -> None:
    author = Author.objects.create(name="Ada Ito", slug="ada-ito", role="Editor")
    topic = Topic.objects.create(name="Trade", slug="trade")
    bulk.create([article(1, author, topic)])
    lines = exported()
    assert [line["kind"] for line in lines] == ["topic", "author", "article"]
    found = lines[-1]
    assert found["id"] == "test:1"
    assert found["authors"] == ["ada-ito"] and found["topics"] == ["trade"]
    assert found["body"] == "Straits & empires\n\none\ntwo"
    assert [block["type"] for block in found["blocks"]] == ["paragraph", "gate", "list"]  # type: ignore[attr-defined]
    assert found["date"] == "2026-11-02T00:00:00+00:00"


def test_the_number_of_queries_does_not_grow_with_the_articles() -> None:
    author = Author.objects.create(name="Ada Ito", slug="ada-ito")
    topic = Topic.objects.create(name="Trade", slug="trade")
    counts = []
    for numbers in (range(1, 4), range(4, 60)):
        bulk.create([article(number, author, topic) for number in numbers])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            exported()
        counts.append(len(queries))
    assert counts[0] == counts[1]
