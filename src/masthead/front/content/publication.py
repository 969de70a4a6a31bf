"""What every page says of the publication, and what several ask of it; remembered until the change log says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from masthead.articles.cards import Link
from masthead.articles.models import Article
from masthead.articles.pictures import Picture
from masthead.core import changelog, clock
from masthead.core.models import Publication
from masthead.core.remembered import Remembered
from masthead.core.timezones import zone
from masthead.newsletters.models import Newsletter


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
