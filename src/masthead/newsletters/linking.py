"""The links of an edition: each address once, numbered from 1, whoever the edition is rendered for."""

from __future__ import annotations

from masthead.newsletters import clicks
from masthead.newsletters.mime import place
from masthead.newsletters.models import Edition, EditionLink

LONGEST = EditionLink._meta.get_field("url").max_length or 1000


class Linked:
    """Addresses in full: as they are, or through ours where they are ``counted``.

    Rendering the same edition again finds the numbers it gave before. :meth:`register` writes what is new.
    """

    def __init__(self, edition: Edition, base: str, *, standing: str, variant: str, counted: bool) -> None:
        self._edition, self._base = edition, base
        self._standing, self._variant, self._counted = standing, variant, counted
        self._numbers: dict[str, int] = {}
        self._new: list[EditionLink] = []
        if counted:
            self._numbers = dict(EditionLink.objects.filter(edition=edition).values_list("url", "number"))

    def plain(self, address: str, label: str, article: int | None) -> str:
        """``address`` in full."""
        return f"{self._base}{address}" if address.startswith("/") and not address.startswith("//") else address

    def html(self, address: str, label: str, article: int | None) -> str:
        """What to link: ``address`` in full, or ours that leads there and counts. ``label`` says it in reports."""
        full = self.plain(address, label, article)
        countable = full.startswith(("https://", "http://")) and len(full) <= LONGEST and place("to")[0] not in full
        if not self._counted or not countable:
            return full
        number = self._numbers.get(full)
        if number is None:
            number = self._numbers[full] = max(self._numbers.values(), default=0) + 1
            self._new.append(EditionLink(edition=self._edition, number=number, url=full, article_id=article, label=label[:200]))
        return clicks.address(self._edition.pk, number, self._standing, self._variant)

    def register(self) -> None:
        """Write the links that were not known before."""
        EditionLink.objects.bulk_create(self._new)
        self._new = []
