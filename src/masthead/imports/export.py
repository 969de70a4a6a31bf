"""Everything the publication has published, as JSON lines: topics, relations, authors, then articles.

One object a line, told apart by ``kind``. An article carries its ``blocks`` as stored (nothing is lost) and its ``body`` as plain
paragraphs (any tool reads it, and ``masthead import jsonl`` does); topics and relations name articles by their ``id`` and are
read by ``masthead import guides``. Rows are streamed: memory does not grow with the archive.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from typing import Any, TextIO

from django.db.models import Prefetch
from django.utils.html import strip_tags

from masthead.articles.models import Article, Author, Byline, KeyArticle, Milestone, Relation, Topic

BATCH = 200
TEXT_BLOCKS = frozenset({"paragraph", "heading", "pull_quote", "list"})


def write(out: TextIO) -> Iterator[str]:
    """Write everything to ``out``; yields the kind of each line written, so that a caller can show progress."""
    for record in records():
        out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
        yield record["kind"]


def count() -> int:
    """How many lines there will be."""
    return sum(model.objects.count() for model in (Topic, Relation, Author, Article))


def records() -> Iterator[dict[str, Any]]:
    """Every topic, relation, author and article (drafts too, marked by ``live``), as JSON-ready values."""
    key_articles = Prefetch("key_articles", KeyArticle.objects.select_related("article").only(*_KEY).order_by("sort_order"))
    for topic in Topic.objects.prefetch_related(key_articles, "members").order_by("pk").iterator(BATCH):
        yield {
            "kind": "topic",
            "slug": topic.slug,
            "name": topic.name,
            "topic_kind": topic.kind,
            "introduction": topic.introduction,
            "code": topic.code,
            "aliases": topic.aliases.splitlines(),
            "members": [member.slug for member in topic.members.all()],
            "key_articles": [identity(each.article) for each in topic.key_articles.all()],
        }
    milestones = Prefetch("milestones", Milestone.objects.select_related("article").only(*_MILESTONE).order_by("date", "pk"))
    relations = Relation.objects.select_related("first", "second").prefetch_related(milestones).order_by("pk")
    for relation in relations.iterator(BATCH):
        yield {
            "kind": "relation",
            "pair": [relation.first.slug, relation.second.slug],
            "introduction": relation.introduction,
            "milestones": [
                {
                    "date": each.date.isoformat(),
                    "date_precision": each.date_precision,
                    "text": each.text,
                    "article": identity(each.article) if each.article else None,
                }
                for each in relation.milestones.all()
            ],
        }
    for author in Author.objects.select_related("portrait").order_by("pk").iterator(BATCH):
        yield {
            "kind": "author",
            "slug": author.slug,
            "name": author.name,
            "role": author.role,
            "biography": author.biography,
            "portrait": author.portrait.file.name if author.portrait else None,
            "portrait_alt": author.portrait_alt,
        }
    bylines = Prefetch("bylines", Byline.objects.select_related("author").order_by("sort_order"))
    articles = Article.objects.select_related("picture").prefetch_related(bylines, "topics").order_by("pk")
    for article in articles.iterator(BATCH):
        yield _article(article)


def identity(article: Article) -> str:
    """What an article is called in the file."""
    return article.import_key or f"masthead:{article.slug}"


# without the body
_KEY = ("topic", "sort_order", "article__import_key", "article__slug")
_MILESTONE = ("relation", "date", "date_precision", "text", "article__import_key", "article__slug")


def _article(article: Article) -> dict[str, Any]:
    blocks = list(article.body.raw_data)
    return {
        "kind": "article",
        "id": identity(article),
        "slug": article.slug,
        "title": article.title,
        "standfirst": article.standfirst,
        "date": article.dated and article.dated.isoformat(),
        "date_precision": article.date_precision,
        "live": article.live,
        "access": article.access,
        "format": article.format,
        "authors": [byline.author.slug for byline in article.bylines.all()],
        "topics": [topic.slug for topic in article.topics.all()],
        "picture": article.picture.file.name if article.picture else None,
        "picture_alt": article.picture_alt,
        "picture_caption": article.picture_caption,
        "picture_credit": article.picture_credit,
        "source": article.source,
        "source_url": article.source_url,
        "licence": article.licence,
        "lang": article.language,
        "body": "\n\n".join(_texts(blocks)),
        "blocks": blocks,
    }


def _texts(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """The plain text of each block that has any."""
    for block in blocks:
        value = block["value"]
        if block["type"] in TEXT_BLOCKS:
            # list items and line breaks would run together
            value = value.replace("</li>", "</li>\n").replace("<br/>", "\n")
        elif block["type"] in {"quotation", "aside"}:
            value = value["text"]
        else:
            continue
        text = unescape(strip_tags(value)).strip()
        if text:
            yield text
