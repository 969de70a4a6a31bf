"""A library for a test: built, followed and asked without a web process around it."""

from __future__ import annotations

from dataclasses import dataclass

from masthead.access.services import current_policy
from masthead.core import clock
from masthead.library import building, search
from masthead.library.place import Place
from masthead.library.query import FromMapping, parse


class QuietLog:
    """A change log that never tells of anything: what is remembered stays remembered."""

    number = 0

    def latest(self, *keys: str) -> int:
        return 0

    def is_fresh(self) -> bool:
        return True


@dataclass(frozen=True)
class Shelf:
    """The index of one data directory, for a test."""

    place: Place

    def build(self) -> None:
        """Index what the database holds now."""
        building.build(self.place)
        search.library().forget()

    def follow(self) -> bool:
        """Write what the change log tells of since last time."""
        path = self.place.current()
        about = self.place.about(path)
        assert path is not None and about is not None
        follower = building.Follower(self.place, path, about)
        try:
            return follower.follow()
        finally:
            if follower._writer is not None:
                follower._writer.wait_merging_threads()  # a merge that ends now or a moment later changes statistics
            follower.rest(at_once=True)
            search.library().forget()

    def ask(self, text: str = "", *, whole: bool = False, **parameters: str | list[str]) -> search.Results:
        """What is found for ``text``, and further parameters of the address."""
        given = {name: [value] if isinstance(value, str) else value for name, value in parameters.items()}
        request = parse(FromMapping({"q": [text], **given}))
        return search.search(request, whole=whole, policy=current_policy(), now=clock.now())

    def found(self, text: str = "", *, whole: bool = False, **parameters: str | list[str]) -> set[int]:
        """The articles on the first page for ``text``."""
        results = self.ask(text, whole=whole, **parameters)
        assert results.ready
        return set(results.numbers)
