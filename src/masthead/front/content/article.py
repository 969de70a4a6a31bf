"""An article's page. Its rest is put in only when the caller says that the decision opened it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils.safestring import SafeString, mark_safe

from masthead.access.policy import Policy
from masthead.articles import cards, rows, teaser
from masthead.articles.cards import Card, Link
from masthead.articles.models import Article
from masthead.articles.pictures import SHARED, WIDTHS, Picture, Shelf
from masthead.articles.rendering import render_body
from masthead.articles.rows import ArticleRow, CardRow, Names
from masthead.articles.services import MOST_MORE
from masthead.core import changelog
from masthead.front.content.page import IN_ARTICLE, SIDE, TOP, Page
from masthead.front.content.publication import NewsletterFacts, newsletters, next_listed
from masthead.front.marks import earliest
from masthead.front.signposts import told_of

MORE_ARTICLES = 6
WORDS_A_MINUTE = 230


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What a gate may say. Which of it is said is the view's matter: its decision chooses the template."""

    slug: str
    allowance: int
    period: str  # "month" or "week"
    renews: date | None
    days: int  # a chosen article stays open at least this long
    newsletters: tuple[NewsletterFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage(Page):
    template: ClassVar[str] = "front/article.html"
    slots: ClassVar[tuple[str, ...]] = (TOP, SIDE, IN_ARTICLE)

    slug: str
    path: str
    access: str
    headline: str
    standfirst: str
    format: str
    authors: tuple[Link, ...]
    topics: tuple[Link, ...]
    relations: tuple[Link, ...]  # the pages of any two of them that the editors tell of
    dated: datetime | None
    date_precision: str
    modified: datetime | None
    minutes: int
    picture: Picture | None
    caption: str
    credit: str
    shared: Picture | None
    teaser: SafeString
    rest: SafeString  # empty unless the decision opened it
    source: str
    source_url: str
    licence: str
    allowance: int
    period: str  # "month" or "week"
    gifts: int  # links a subscriber may make in a period
    gate: GateFacts | None  # None when open
    more: tuple[Card, ...]
    keys: tuple[str, ...]  # of the change log: what makes another page of it
    until: datetime | None  # when time alone does


def find_article(slug: str) -> ArticleRow:
    """The live article of ``slug`` with its rendering, without its body, in one query. Raises 404 for none."""
    found = rows.find(slug)
    if found is None:
        raise Http404("No article is called that.")
    return found


def article_page(article: ArticleRow, *, opens: bool, policy: Policy, now: datetime) -> ArticlePage:
    """The page of ``article`` (from :func:`find_article`); with its rest only if it ``opens``. Three queries, five at most."""
    more = _more_from(article, now)
    names = rows.names([article.id, *(row.id for row in more.rows)])
    shelf = Shelf([article.picture, *(row.picture for row in more.rows)], (*WIDTHS, SHARED), makes=2)
    return _article_page(article, names, more, shelf, opens=opens, policy=policy, now=now)


def draft_page(draft: Article, *, opens: bool, policy: Policy, now: datetime) -> ArticlePage:
    """The page of an unpublished article as it stands in memory."""
    article, names = rows.of_draft(draft, render_body(draft.body))
    shelf = Shelf([article.picture], (*WIDTHS, SHARED), makes=2)
    return _article_page(article, {article.id: names}, _More(()), shelf, opens=opens, policy=policy, now=now)


@dataclass(frozen=True, slots=True)
class _More:
    """The articles a page goes on to. The choice stands until ``until``, or until the change log names one of ``keys``."""

    rows: tuple[CardRow, ...]
    keys: tuple[str, ...] = ()
    until: datetime | None = None


def _more_from(article: ArticleRow, now: datetime) -> _More:
    """The stored choice; as far as that does not go, the nearest articles.

    All of the stored choice is what the page depends on: of those above the last that is shown one withdrawn may come back, one
    dated later reaches its date. What was chosen as nearest depends on whatever is published, as every list does.
    """
    numbers = tuple(number for number in dict.fromkeys(article.more) if number != article.id)[:MOST_MORE]
    found = rows.cards(numbers) if numbers else {}
    chosen: list[CardRow] = []
    keys, waiting = [], []
    for number in numbers:
        if len(chosen) == MORE_ARTICLES:
            break
        keys.append(changelog.article(number))
        row = found.get(number)
        if row is not None and row.is_listed(now):
            chosen.append(row)
        elif row is not None:
            waiting.append(row.dated)
    if len(chosen) == MORE_ARTICLES:
        return _More(tuple(chosen), tuple(keys), earliest(*waiting))
    known = {row.id for row in chosen}
    # as many as if nothing were stored, and one more for each it may name again
    nearest = [n for n in cards.nearest(article, MORE_ARTICLES + len(known), now) if n not in known][: MORE_ARTICLES - len(known)]
    others = rows.cards(nearest)
    chosen += [others[number] for number in nearest if number in others]
    return _More(tuple(chosen), (changelog.LIST,), next_listed(now))


def _article_page(
    article: ArticleRow,
    names: Mapping[int, Names],
    more: _More,
    shelf: Shelf,
    *,
    opens: bool,
    policy: Policy,
    now: datetime,
) -> ArticlePage:
    start = teaser.teaser(article.rendering, policy)
    own = names.get(article.id, rows.NOBODY)
    topics = cards.topic_links(own)
    section = topics[:1]
    return ArticlePage(
        title=article.seo_title or article.title,
        description=article.search_description or teaser.summary(article.standfirst, "" if article.standfirst else start.text),
        canonical=article.path_on_site,
        crumbs=(Link("Home", "/"), *section, Link(article.title, article.path_on_site)),
        slug=article.slug,
        path=article.path_on_site,
        access=article.access,
        headline=article.title,
        standfirst=article.standfirst,
        format=article.format_name,
        authors=cards.author_links(own),
        topics=topics,
        relations=told_of(topics),
        dated=article.dated,
        date_precision=article.date_precision,
        modified=article.published,
        minutes=max(1, round(article.words / WORDS_A_MINUTE)),
        picture=shelf.picture(article.picture, article.picture_alt),
        caption=article.caption,
        credit=article.credit,
        shared=shelf.picture(article.picture, article.picture_alt, [SHARED]),
        teaser=mark_safe(start.html),  # sanitised when it was rendered
        rest=mark_safe(teaser.rest(article.rendering, policy)) if opens else SafeString(""),
        source=article.source,
        source_url=article.source_url,
        licence=article.licence,
        allowance=policy.allowance,
        period=policy.period,
        gifts=policy.gifts,
        gate=None if opens else _gate(article, policy, now),
        more=tuple(cards.of_rows(more.rows, names, shelf)),
        keys=(changelog.article(article.id), changelog.more(article.id), *more.keys),
        until=more.until,
    )


def _gate(article: ArticleRow, policy: Policy, now: datetime) -> GateFacts:
    try:
        renews = policy.period_at(now).ends.astimezone(ZoneInfo(policy.timezone)).date()
    except (ValueError, OSError, KeyError):  # a malformed rule: the gate offers the subscription only
        renews = None
    offered = tuple(newsletter for newsletter in newsletters() if not newsletter.for_subscribers)
    return GateFacts(article.slug, policy.allowance, policy.period, renews, policy.unlock_days, offered)
