"""What tests of the library share: a data directory of their own, and an index of what the test database holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from masthead.core import remembered
from masthead.library.keeper import place
from shelves import QuietLog, Shelf


@pytest.fixture
def remembering() -> Iterator[None]:
    """Synonyms and ranking are looked up once, not for each of a thousand questions."""
    remembered.follow(QuietLog())
    yield
    remembered.follow(None)


@pytest.fixture
def data(settings: Any, tmp_path: Path) -> Path:
    """An empty data directory for this test alone."""
    path = tmp_path / "data"
    path.mkdir()
    settings.MASTHEAD = replace(settings.MASTHEAD, data=path)
    return path


@pytest.fixture
def shelf(data: Path, db: None) -> Shelf:
    """The library of the test's own data directory; nothing is built yet."""
    return Shelf(place())


@pytest.fixture
def built(shelf: Shelf) -> Callable[[], Shelf]:
    """Index everything; call it when the articles are there."""

    def build() -> Shelf:
        shelf.build()
        return shelf

    return build
