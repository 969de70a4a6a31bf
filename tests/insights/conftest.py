"""Counters begin empty, and nobody flushes them but the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from masthead.insights import counting, store


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    store._marked.cache_clear()
    counting._begin_anew()
    yield
    counting.stop()
    counting._begin_anew()
