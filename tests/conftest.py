"""What every test shares. The database and its settings are in ``settings_under_test.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _empty_cache_after_use(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget cached answers between tests that touch the database; a rolled-back row must not live on in Redis."""
    yield
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        from django.conf import settings

        if settings.MASTHEAD.cache_url:  # the table is rolled back with everything else
            from django.core.cache import cache

            # by prefix, never FLUSHDB: somebody else may keep something in that database
            client = cache._cache.get_client(write=True)
            for key in client.scan_iter(f"{settings.CACHES['default']['KEY_PREFIX']}:*"):
                client.delete(key)


@pytest.fixture
def data_dir(settings: object) -> Path:
    """The data directory of this test process."""
    return Path(settings.MASTHEAD.data)  # type: ignore[attr-defined]
