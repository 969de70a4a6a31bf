"""Structured data for search engines (schema.org), from what the page shows anyway. Pure.

``isAccessibleForFree`` follows from the article's access, never from the visitor. There is no ``hasPart`` selector, since the
rest of a shut article is not in the page.
"""

from __future__ import annotations

import json
from typing import Any

from masthead.access.policy import Access
from masthead.articles.pictures import Picture
from masthead.front.content.article import ArticlePage
from masthead.front.content.home import HomePage
from masthead.front.content.lists import ListPage
from masthead.front.content.page import Page
from masthead.front.content.publication import PublicationFacts
from masthead.front.editions import ArchivePage, EditionPage
from masthead.front.guides import RelationPage, TopicPage

CONTEXT = "https://schema.org"


def absolute(address: str, publication: PublicationFacts) -> str:
    """``address`` (a path, or an address already) in full."""
    return f"{publication.base_url}{address}" if address.startswith("/") else address


def of(page: Page, publication: PublicationFacts) -> list[dict[str, Any]]:
    """All that describes ``page``."""
    things = []
    if isinstance(page, ArticlePage):
        things.append(article(page, publication))
    if isinstance(page, HomePage):
        home = {"@context": CONTEXT, "@type": "WebSite", "name": publication.name, "url": absolute("/", publication)}
        things += [home, {"@context": CONTEXT, **publisher(publication)}]
    if isinstance(page, TopicPage | RelationPage):
        things.append(collection(page, publication))
    if isinstance(page, ListPage) and page.kind == "author" and not page.later_page:
        things.append(person(page, publication))
    if isinstance(page, ArchivePage):
        things.append({"@context": CONTEXT, **periodical(page.name, page.path, publication)})
    if isinstance(page, EditionPage):
        things.append(issue(page, publication))
    if len(page.crumbs) > 1:
        things.append(breadcrumbs(page, publication))
    return things


def article(page: ArticlePage, publication: PublicationFacts) -> dict[str, Any]:
    """A ``NewsArticle``."""
    address = absolute(page.path, publication)
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "NewsArticle",
        "@id": f"{address}#article",
        "url": address,
        "mainEntityOfPage": address,
        "headline": page.headline[:110],
        "description": page.description,
        "inLanguage": publication.language,
        "isAccessibleForFree": page.access == Access.OPEN,
        "author": [{"@type": "Person", "name": a.name, "url": absolute(a.path, publication)} for a in page.authors]
        or [{"@type": "Organization", "name": publication.name, "url": absolute("/", publication)}],
        "publisher": publisher(publication),
    }
    if page.topics:
        found["articleSection"] = page.topics[0].name
        found["keywords"] = [topic.name for topic in page.topics]
    if page.dated and page.date_precision != "none":
        found["datePublished"] = page.dated.isoformat(timespec="seconds")
        found["dateModified"] = max(page.modified or page.dated, page.dated).isoformat(timespec="seconds")
    images = [image(picture, publication) for picture in (page.shared, page.picture) if picture]
    if images:
        found["image"] = images
    return found


def image(picture: Picture, publication: PublicationFacts) -> dict[str, Any]:
    """An ``ImageObject``."""
    largest = picture.srcset.rpartition(", ")[2].partition(" ")[0] or picture.src
    return {"@type": "ImageObject", "url": absolute(largest, publication), "width": picture.width, "height": picture.height}


def publisher(publication: PublicationFacts) -> dict[str, Any]:
    """The publication as an organisation."""
    found: dict[str, Any] = {"@type": "NewsMediaOrganization", "name": publication.name, "url": absolute("/", publication)}
    if publication.logo:
        found["logo"] = image(publication.logo, publication)
    return found


KINDS = {"region": "Place", "country": "Country", "organisation": "Organization"}


def collection(page: TopicPage | RelationPage, publication: PublicationFacts) -> dict[str, Any]:
    """A guide: what it is about, and the articles it shows."""
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "CollectionPage",
        "name": page.name,
        "url": absolute(page.path, publication),
        "description": page.description,
    }
    if isinstance(page, TopicPage):
        found["about"] = {"@type": KINDS.get(page.topic_kind, "Thing"), "name": page.name}
        shown = (*page.key, *page.cards)
    else:
        found["about"] = [
            {"@type": "Thing", "name": each.name, "url": absolute(each.path, publication)} for each in (page.first, page.second)
        ]
        shown = page.cards
    listed = dict.fromkeys(absolute(card.path, publication) for card in shown)
    items = [{"@type": "ListItem", "position": place, "url": address} for place, address in enumerate(listed, 1)]
    if items:
        found["mainEntity"] = {"@type": "ItemList", "itemListElement": items}
    return found


def person(page: ListPage, publication: PublicationFacts) -> dict[str, Any]:
    """The author a page is about."""
    found: dict[str, Any] = {"@type": "Person", "name": page.name, "url": absolute(page.path, publication)}
    if page.role:
        found["jobTitle"] = page.role
    if page.introduction:
        found["description"] = page.introduction
    if page.portrait:
        found["image"] = absolute(page.portrait.src, publication)
    return {"@context": CONTEXT, "@type": "ProfilePage", "mainEntity": found}


def periodical(name: str, path: str, publication: PublicationFacts) -> dict[str, Any]:
    """A newsletter."""
    return {"@type": "Periodical", "name": name, "url": absolute(path, publication), "publisher": publisher(publication)}


def issue(page: EditionPage, publication: PublicationFacts) -> dict[str, Any]:
    """One edition of a newsletter."""
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "PublicationIssue",
        "name": page.title,
        "url": absolute(page.canonical, publication),
        "datePublished": page.letter.date.isoformat(),
        "inLanguage": publication.language,
        "isAccessibleForFree": True,
        "isPartOf": periodical(page.letter.title, page.newsletter.path, publication),
    }
    if page.shared:
        found["image"] = image(page.shared, publication)
    return found


def breadcrumbs(page: Page, publication: PublicationFacts) -> dict[str, Any]:
    """Where the page stands."""
    items = [
        {"@type": "ListItem", "position": position, "name": crumb.name, "item": absolute(crumb.path, publication)}
        for position, crumb in enumerate(page.crumbs, 1)
    ]
    return {"@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": items}


def script(page: Page, publication: PublicationFacts) -> str:
    """All of it as JSON that cannot end the element it stands in."""
    text = json.dumps(of(page, publication), ensure_ascii=False, separators=(",", ":"))
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
