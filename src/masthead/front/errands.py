"""What a stranger was about to do when they were sent to log in: follow a topic or an author, save a search.

Logging in does none of it. It leads back to the page where they were, whose button they press: a link does nothing but lead.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from masthead.articles import addresses
from masthead.articles.models import Author, Topic
from masthead.library import keeping


@dataclass(frozen=True, slots=True)
class Errand:
    """``field`` and ``value`` are what a form or an address says of it, ``title`` what it is called, ``back`` where to do it."""

    field: str
    value: str
    title: str
    back: str

    @property
    def query(self) -> str:
        """As an address carries it."""
        return urlencode({self.field: self.value})

    @property
    def login(self) -> str:
        """The log-in that leads back."""
        return f"/login/?{self.query}"


def followed(given: QueryDict) -> Topic | Author | None:
    """The ``topic`` or ``author`` (a slug) that a form or an address names."""
    for name, model in (("topic", Topic), ("author", Author)):
        slug = given.get(name, "").strip()
        if slug and slug.isprintable():  # half a character: no database is asked for that
            found: Topic | Author | None = model.objects.filter(slug=slug[:120]).first()
            if found is None and (now := addresses.led(f"/{name}s/", [slug[:120]])):
                found = model.objects.filter(slug__in=now.values()).first()  # as a page still open calls what was renamed
            if found is not None:
                return found
    return None


def to_follow(thing: Topic | Author) -> Errand:
    """The errand of following ``thing``."""
    field = "topic" if isinstance(thing, Topic) else "author"
    return Errand(field, thing.slug, f"Follow {thing.name}", f"{thing.get_absolute_url()}#follow")


def to_save(query: str) -> Errand | None:
    """The errand of saving the search of a query string; None where there is nothing in it, or too much."""
    canonical = keeping.canonical_query(query)
    if not 0 < len(canonical) <= keeping.LONGEST_QUERY:
        return None
    return Errand("search", canonical, "Save this search", f"/library/?{canonical}#save-search")


def errand_in(given: QueryDict | str) -> Errand | None:
    """The errand a form, an address or (as text) a query string tells of, if any."""
    if isinstance(given, str):
        given = QueryDict(given)
    thing = followed(given)
    return to_follow(thing) if thing is not None else to_save(given.get("search", ""))
