"""Addresses that changed go on leading to what they led to, as an article's do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wagtail.contrib.redirects.models import Redirect


def pair(one: str, other: str) -> str:
    """The address of two topics' page, whichever way round their slugs are given."""
    return "/topics/{}/{}/".format(*sorted((one, other)))


def moved(old: str, new: str, *, below: Iterable[str] = ("feed.rss",)) -> None:
    """Have the address ``old`` lead to ``new`` from now on, with what lies ``below`` both; part of the caller's transaction.

    What led to ``old`` already leads to ``new`` at once, and ``new`` itself to nowhere else.
    """
    for rest in ("", *below):
        path = Redirect.normalise_path(old + rest)
        Redirect.objects.filter(redirect_link=old + rest).update(redirect_link=new + rest)
        Redirect.objects.filter(old_path__in=(path, Redirect.normalise_path(new + rest)), site=None).delete()
        Redirect.add_redirect(old + rest, redirect_to=new + rest, automatically_created=True)


def led(folder: str, slugs: Iterable[str]) -> dict[str, str]:
    """Where the addresses of ``slugs`` in ``folder`` ("/topics/") lead to others in it: the slug each has there. One query."""
    paths = {Redirect.normalise_path(f"{folder}{slug}/"): slug for slug in slugs}
    rows = Redirect.objects.filter(old_path__in=paths, site=None).values_list("old_path", "redirect_link")
    inside = re.compile(rf"{re.escape(folder)}([\w-]+)/")
    return {paths[path]: match[1] for path, link in rows if (match := inside.fullmatch(link))}
