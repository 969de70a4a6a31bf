"""Addresses that changed go on leading to what they led to, as an article's do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wagtail.contrib.redirects.models import Redirect

_SLUG = re.compile(r"[\w-]+")


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


def below_moved(path: str) -> str | None:
    """Where ``path`` leads that lies below an address that moved, as a year's does or that of two topics; None where none did.

    A query only for what may be below one.
    """
    _, folder, *parts = path.split("/")
    if folder not in ("topics", "authors") or len(parts) < 2 or not all(map(_SLUG.fullmatch, parts[:2])):
        return None
    now = led(f"/{folder}/", parts[:2])
    return "/".join(("", folder, *(now.get(part, part) for part in parts[:2]), *parts[2:])) if now else None


def led(folder: str, slugs: Iterable[str]) -> dict[str, str]:
    """Where the addresses of ``slugs`` in ``folder`` ("/topics/") lead to others in it: the slug each has there. One query."""
    paths = {Redirect.normalise_path(f"{folder}{slug}/"): slug for slug in slugs}
    rows = Redirect.objects.filter(old_path__in=paths, site=None).values_list("old_path", "redirect_link")
    inside = re.compile(rf"{re.escape(folder)}([\w-]+)/")
    return {paths[path]: match[1] for path, link in rows if (match := inside.fullmatch(link))}
