"""What pages show: frozen content that depends on the path, the database and the minute alone, in a bounded number of queries.

Nothing here knows who asks. The rest of an article is put in only when the caller says the decision opened it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from masthead.access.policy import Policy
from masthead.ads.models import Advertisement
from masthead.articles import cards, rows, teaser
from masthead.articles.cards import Card, Link
from masthead.articles.models import Article, Author, Topic
from masthead.articles.pictures import PORTRAIT, SHARED, WIDTHS, Picture, Shelf
from masthead.articles.rendering import render_body
from masthead.articles.rows import ArticleRow, CardRow, Names
from masthead.articles.services import MOST_MORE
from masthead.billing import money
from masthead.billing.models import Price
from masthead.billing.providers import choice
from masthead.core import changelog, clock
from masthead.core.models import Publication
from masthead.core.remembered import Remembered
from masthead.core.timezones import zone
from masthead.front import alphabet
from masthead.front.marks import earliest
from masthead.front.signposts import told_of
from masthead.newsletters.models import Newsletter

HOME_ARTICLES = 60
LIST_ARTICLES = 20
MORE_ARTICLES = 6
WORDS_A_MINUTE = 230

TOP, IN_ARTICLE, SIDE = Advertisement.Slot.TOP.value, Advertisement.Slot.IN_ARTICLE.value, Advertisement.Slot.SIDE.value


# --- the publication


@dataclass(frozen=True, slots=True)
class Promise:
    """One benefit of All-Access."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class PublicationFacts:
    """What every page says of the publication."""

    name: str = "Masthead"
    tagline: str = ""
    about: str = ""
    language: str = "en-GB"
    timezone: str = "UTC"
    logo: Picture | None = None
    footer: str = ""
    contact_email: str = ""
    navigation: tuple[Link, ...] = ()
    benefits: tuple[Promise, ...] = ()
    base_url: str = ""


def publication_facts() -> PublicationFacts:
    """The publication as the newsroom set it up, in three queries at most."""
    return _publication.get()


def _load_publication() -> PublicationFacts:
    row = Publication.objects.select_related("logo").order_by("pk").first() or Publication()
    logo = row.logo
    return PublicationFacts(
        name=row.name,
        tagline=row.tagline,
        about=row.about,
        language=row.language,
        timezone=zone(row.timezone).key,
        logo=Picture(logo.file.url, "", logo.width, logo.height) if logo else None,
        footer=row.footer,
        contact_email=row.contact_email,
        navigation=tuple(Link(link.label, link.url) for link in row.navigation.all()) if row.pk else (),
        benefits=tuple(Promise(benefit.title, benefit.text) for benefit in row.benefits.all()) if row.pk else (),
        base_url=settings.MASTHEAD.base_url,
    )


_publication = Remembered(_load_publication)


@dataclass(frozen=True, slots=True)
class NewsletterFacts:
    """A newsletter as a sign-up form offers it."""

    slug: str
    title: str
    description: str
    schedule: str
    for_subscribers: bool = False


def newsletters() -> tuple[NewsletterFacts, ...]:
    """All newsletters, in the newsroom's order."""
    return _newsletters.get()


def _load_newsletters() -> tuple[NewsletterFacts, ...]:
    return tuple(
        NewsletterFacts(n.slug, n.title, n.description, n.schedule, n.for_subscribers) for n in Newsletter.objects.all()
    )


_newsletters = Remembered(_load_newsletters)


def next_listed(now: datetime) -> datetime | None:
    """When the next published article reaches its date, and so joins the lists; None where none waits."""
    waiting = _waiting.get()
    if len(waiting) == MOST_WAITING and waiting[-1] <= now:
        return now + timedelta(minutes=1)
    return next((moment for moment in waiting if moment > now), None)


def _load_waiting() -> list[datetime]:
    rows = Article.objects.live().filter(dated__gt=clock.now()).order_by("dated").values_list("dated", flat=True)
    return [moment for moment in rows[:MOST_WAITING] if moment]


MOST_WAITING = 100
_waiting = Remembered(_load_waiting, changelog.LIST)


# --- pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page has. ``template`` renders it; ``slots`` are the places for advertising on it."""

    template: ClassVar[str]
    slots: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[tuple[str, ...]] = ()  # names in the query that make another page of the path

    title: str
    description: str = ""
    canonical: str = ""  # a path
    crumbs: tuple[Link, ...] = ()
    feed: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """The articles of one day, or of many earlier ones when ``day`` is None."""

    day: date | None
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A topic and its newest articles."""

    topic: Link
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage(Page):
    template: ClassVar[str] = "front/home.html"
    slots: ClassVar[tuple[str, ...]] = (TOP,)

    lead: Card | None
    secondary: tuple[Card, ...]
    days: tuple[Day, ...]
    sections: tuple[Section, ...]
    newsletters: tuple[NewsletterFacts, ...]


def home(publication: PublicationFacts, now: datetime) -> HomePage:
    """The newest articles: one large, some beside it, then by day, then by region."""
    articles = cards.load(cards.listed(now).select_related("picture")[:HOME_ARTICLES])
    shelf = Shelf(article.picture for article in articles)
    ready = cards.cards_of(articles, shelf)
    top, following = ready[:5], ready[5:12]
    regions: dict[Link, list[Card]] = {}
    for article, card in zip(articles[12:], ready[12:], strict=True):
        # nothing that stands above already; one region each, the one with least so far, so that none is shown twice here
        own = [Link(t.name, t.get_absolute_url()) for t in article.topics.all() if t.kind == Topic.Kind.REGION]
        if own:
            regions.setdefault(min(own, key=lambda link: len(regions.get(link, ()))), []).append(card)
    return HomePage(
        title=publication.name,
        description=teaser.summary(publication.about or publication.tagline, ""),
        canonical="/",
        feed="/feeds/articles.rss",
        lead=top[0] if top else None,
        secondary=tuple(top[1:]),
        days=tuple(_by_day(following, ZoneInfo(publication.timezone))),
        sections=tuple(
            Section(topic, tuple(members[:3])) for topic, members in sorted(regions.items(), key=lambda item: item[0].name)
        ),
        newsletters=newsletters(),
    )


def _by_day(some: list[Card], zone: ZoneInfo) -> Iterator[Day]:
    def day_of(card: Card) -> date | None:
        exact = card.dated and card.date_precision == Article.Precision.DAY
        return card.dated.astimezone(zone).date() if exact and card.dated else None

    for day, members in groupby(some, key=day_of):
        yield Day(day, tuple(members))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Page):
    """An author's articles, or older ones of a topic (``guides``), newest first. ``older`` is the path of the next page."""

    template: ClassVar[str] = "front/list.html"
    slots: ClassVar[tuple[str, ...]] = (TOP,)
    parameters: ClassVar[tuple[str, ...]] = ("before",)

    kind: str
    name: str
    path: str
    followed: str = ""  # the slug its form names; empty where there is nothing to follow
    introduction: str = ""
    role: str = ""
    portrait: Picture | None = None
    cards: tuple[Card, ...] = ()
    older: str = ""
    later_page: bool = False
    subjects: tuple[str, ...] = ()  # paths of topics all its articles have, which their cards need not name


def author(slug: str, before: str, now: datetime) -> ListPage:
    """The page of one author. Raises 404 for none."""
    row = Author.objects.select_related("portrait").filter(slug=slug).first()
    if row is None:
        raise Http404("No author is called that.")
    page = cards.page_of(cards.listed(now).filter(bylines__author=row), before=before, size=LIST_ARTICLES)
    portrait = Shelf([row.portrait], [PORTRAIT]).picture(row.portrait, row.portrait_alt or row.name, [PORTRAIT])
    path = row.get_absolute_url()
    later = cards.read_mark(before) is not None
    return ListPage(
        title=f"{row.name}: older articles" if later else row.name,
        description=teaser.summary(row.biography, f"Articles by {row.name}."),
        canonical=f"{path}?before={before}" if later else path,
        crumbs=(Link("Home", "/"), Link("Authors", "/authors/"), Link(row.name, path)),
        feed=f"{path}feed.rss",
        kind="author",
        name=row.name,
        path=path,
        followed=path.rstrip("/").rpartition("/")[2],
        introduction=row.biography,
        role=row.role,
        portrait=portrait,
        cards=tuple(cards.cards_of(page.articles)),
        older=f"{path}?before={page.older}" if page.older else "",
        later_page=later,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an index: a topic or an author."""

    name: str
    path: str
    text: str
    portrait: Picture | None = None
    articles: int = 0
    anchor: str = ""  # on the first of its letter, where letters lead


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading, and the letters to jump by where there are many."""

    title: str
    entries: tuple[Entry, ...]
    letters: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage(Page):
    """All topics."""

    template: ClassVar[str] = "front/index.html"

    kind: str
    groups: tuple[Group, ...]


TOPIC_GROUPS = (
    (Topic.Kind.REGION, "Regions"),
    (Topic.Kind.COUNTRY, "Countries"),
    (Topic.Kind.GROUP, "Alliances and dialogues"),
    (Topic.Kind.ORGANISATION, "Organisations"),
    (Topic.Kind.THEME, "Themes"),
)
INDEX_ENTRIES = 200
MANY_ENTRIES = 40  # more than anyone looks through without letters


def by_letter(title: str, entries: list[Entry]) -> Group:
    """A group in the order of a dictionary, É beside E; a long one with its letters."""
    shelves = alphabet.shelves(entries, lambda entry: entry.name)
    ordered = [entry for shelf in shelves for entry in shelf.things]
    if len(ordered) <= MANY_ENTRIES:
        return Group(title, tuple(ordered))
    letters = []
    number = 0
    for shelf in shelves:
        anchor = f"{slugify(title) or 'letter'}-{shelf.key}"
        ordered[number] = replace(ordered[number], anchor=anchor)
        letters.append(Link(shelf.name, f"#{anchor}"))
        number += len(shelf.things)
    return Group(title, tuple(ordered), tuple(letters))


def topics() -> IndexPage:
    """All topics by kind, with how many articles each has; one of which nothing is published yet stands there, too."""
    shown = Topic.objects.annotate(written=Count("articles", filter=Q(articles__live=True)))
    rows = list(shown.order_by("name"))
    groups = []
    for kind, title in TOPIC_GROUPS:
        found = [
            Entry(t.name, t.get_absolute_url(), teaser.summary("", t.introduction, 140), articles=t.written)
            for t in rows
            if t.kind == kind
        ]
        if found:
            groups.append(by_letter(title, found))
    return IndexPage(
        title="Topics",
        description="Everything we write about: regions, countries, alliances, organisations and themes.",
        canonical="/topics/",
        crumbs=(Link("Home", "/"), Link("Topics", "/topics/")),
        kind="topics",
        groups=tuple(groups),
    )


# --- an article


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


# --- the rest of the house


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """A price as the form offers it: ``shown`` in words of the page's locale, ``note`` for a trial or an introduction."""

    id: int
    interval: str
    rate: str
    shown: str
    note: str = ""
    saving: str = ""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan with its prices in one currency: the standard ones, and those for who has less."""

    name: str
    description: str
    prices: tuple[PriceFacts, ...]
    reduced: tuple[PriceFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribePage(Page):
    template: ClassVar[str] = "front/subscribe.html"
    parameters: ClassVar[tuple[str, ...]] = ("article", "currency")

    came_from: Link | None = None
    slug: str = ""
    allowance: int = 0
    period: str = "month"
    plans: tuple[PlanFacts, ...] = ()
    currency: str = ""
    currencies: tuple[str, ...] = ()
    tax_included: bool = True
    sandbox: bool = False

    @property
    def address(self) -> str:
        """The path with what of the query makes it another page."""
        query = [("article", self.slug)] if self.slug else []
        if self.currency and self.currencies and self.currency != self.currencies[0]:
            query.append(("currency", self.currency))
        return "/subscribe/" + (f"?{urlencode(query)}" if query else "")


def subscribe(slug: str, currency: str, policy: Policy, publication: PublicationFacts) -> SubscribePage:
    """What All-Access promises and costs, and the article that made a reader ask (where ``slug`` is one)."""
    row = Article.objects.live().filter(slug=slug).only("title", "slug").first() if slug else None
    prices = _prices.get()
    currencies = _currencies(prices, publication.language)
    chosen = currency if currency in currencies else currencies[0] if currencies else ""
    return SubscribePage(
        title="All-Access",
        description="Everything we publish, the whole archive, without advertisements.",
        canonical="/subscribe/",
        crumbs=(Link("Home", "/"), Link("All-Access", "/subscribe/")),
        came_from=Link(row.title, row.path_on_site) if row else None,
        slug=row.slug if row else "",
        allowance=policy.allowance,
        period=policy.period,
        plans=_plans([price for price in prices if price.currency == chosen], publication.language),
        currency=chosen,
        currencies=currencies,
        tax_included=all(price.tax_included for price in prices if price.currency == chosen),
        sandbox=not choice.current_is_real(),
    )


def _load_prices() -> list[Price]:
    rows = Price.objects.filter(active=True, plan__active=True).select_related("plan")
    return list(rows.order_by("plan__position", "plan_id", "currency", "interval", "rate"))


_prices = Remembered(_load_prices)


def _currencies(prices: list[Price], language: str) -> tuple[str, ...]:
    """The currencies on offer, that of the publication's country first."""
    offered = sorted({price.currency for price in prices})
    home = money.currency_of(language)
    return tuple(sorted(offered, key=lambda currency: (currency != home, currency)))


def _plans(prices: list[Price], locale: str) -> tuple[PlanFacts, ...]:
    plans = []
    for plan, priced in groupby(prices, key=lambda price: price.plan):
        offered = list(priced)
        facts = [_price_facts(price, offered, locale) for price in offered]
        plans.append(
            PlanFacts(
                plan.name,
                plan.description,
                prices=tuple(sorted((f for f in facts if not f.rate), key=lambda f: f.interval, reverse=True)),
                reduced=tuple(sorted((f for f in facts if f.rate), key=lambda f: (f.rate, f.interval))),
            )
        )
    return tuple(plans)


def _price_facts(price: Price, others: list[Price], locale: str) -> PriceFacts:
    note = ""
    if price.trial_days:
        note = f"The first {price.trial_days} days are free, once for each reader."
    if price.first_amount is not None:
        first = money.shown(price.first_amount, price.currency, locale)
        times = f"the first {price.first_payments} payments" if price.first_payments > 1 else f"the first {price.interval}"
        note = f"{note} {first} for {times}.".strip()
    return PriceFacts(
        price.pk,
        price.interval,
        "" if price.rate == Price.Rate.STANDARD else price.get_rate_display().capitalize(),
        money.shown(price.amount, price.currency, locale),
        note,
        _saving(price, others, locale),
    )


def _saving(price: Price, others: list[Price], locale: str) -> str:
    """What a year costs less than its twelve months, in words; nothing where it does not."""
    if price.interval != Price.Interval.YEAR:
        return ""
    monthly = next((p for p in others if p.interval == Price.Interval.MONTH and p.rate == price.rate), None)
    saved = 12 * monthly.amount - price.amount if monthly else 0
    return money.shown(saved, price.currency, locale) if saved > 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPage(Page):
    template: ClassVar[str] = "front/about.html"

    people: tuple[Entry, ...]


def about(publication: PublicationFacts) -> AboutPage:
    """The publication on itself."""
    rows = list(Author.objects.exclude(role="").select_related("portrait").order_by("pk")[:12])
    shelf = Shelf((row.portrait for row in rows), [PORTRAIT])
    return AboutPage(
        title=f"About {publication.name}",
        description=teaser.summary(publication.about, publication.tagline),
        canonical="/about/",
        crumbs=(Link("Home", "/"), Link("About", "/about/")),
        people=tuple(
            Entry(row.name, row.get_absolute_url(), row.role, shelf.picture(row.portrait, "", [PORTRAIT])) for row in rows
        ),
    )
