"""What every page has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from masthead.ads.models import Advertisement
from masthead.articles.cards import Link

TOP, IN_ARTICLE, SIDE = Advertisement.Slot.TOP.value, Advertisement.Slot.IN_ARTICLE.value, Advertisement.Slot.SIDE.value


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
