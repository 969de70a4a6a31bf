"""Searches whose address names a topic or an author by a slug it had once: they are asked by the one it has now."""

from __future__ import annotations

from dataclasses import replace

from masthead.articles import addresses
from masthead.articles.models import Author, Topic
from masthead.core import changelog
from masthead.core.remembered import Remembered
from masthead.library.query import Request

_FOLDERS = {"topic": "/topics/", "region": "/topics/", "author": "/authors/"}


def _load() -> dict[str, frozenset[str]]:
    return {
        "/topics/": frozenset(Topic.objects.values_list("slug", flat=True)),
        "/authors/": frozenset(Author.objects.values_list("slug", flat=True)),
    }


_slugs = Remembered(_load, changelog.LIST)


def renamed(request: Request) -> Request:
    """``request`` with today's slugs; itself where it has them. A query only for what nothing is called."""
    if not (request.topic or request.region or request.author):
        return request
    changes: dict[str, tuple[str, ...]] = {}
    slugs = _slugs.get()
    for kind, folder in _FOLDERS.items():
        known = slugs[folder]
        held: tuple[str, ...] = getattr(request, kind)
        if unknown := [slug for slug in held if slug not in known]:
            now = {old: new for old, new in addresses.led(folder, unknown).items() if new in known}
            if now:
                changes[kind] = tuple(dict.fromkeys(now.get(slug, slug) for slug in held))
    return replace(request, **changes) if changes else request  # type: ignore[arg-type]
