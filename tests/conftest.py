"""What every test shares. The database and its settings are in ``settings_under_test.py``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

# How long an example takes, or making one up, says something of the machine and what else runs there: nothing fails for it.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")


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


@pytest.fixture(autouse=True)
def _forget_the_last_edition() -> Iterator[None]:
    """The note of the last edition lies beside the database; one that is rolled back must not be taken for one put back."""
    yield
    (Path(os.environ["MASTHEAD_DATA"]) / "last-edition.json").unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test that commits empties every table at its end, also of what migrations put there: put that back for the next one."""
    marker = item.get_closest_marker("django_db")
    committed = (marker and marker.kwargs.get("transaction")) or {"transactional_db", "live_server"} & set(
        getattr(item, "fixturenames", ())
    )
    if committed:
        with item.config.stash[blocker_key].unblock():
            _let_kept_rows_go()
    answer = yield
    if committed and nextitem is not None:  # after the last one there is no database any more
        with item.config.stash[blocker_key].unblock():
            _put_first_rows_back()
    return answer


blocker_key: pytest.StashKey[Any] = pytest.StashKey()


@pytest.fixture(autouse=True, scope="session")
def _keep_blocker(django_db_blocker: Any, request: pytest.FixtureRequest) -> None:
    request.config.stash[blocker_key] = django_db_blocker


def _let_kept_rows_go() -> None:
    """Emptying tables deletes rows on SQLite, which append-only ones refuse."""
    from django.db import connection

    from masthead.billing import append_only

    append_only.lift(connection)


def _put_first_rows_back() -> None:
    from django.db import connection
    from wagtail.models import Collection

    from masthead.articles.bulk import ensure_index
    from masthead.billing import append_only
    from masthead.newsroom import setup

    append_only.put(connection)
    ensure_index()
    if Collection.get_first_root_node() is None:
        Collection.add_root(name="Root")
    setup.ensure()


@pytest.fixture(autouse=True, scope="session")
def _no_counting_threads() -> None:
    """Tests that look at counters write them themselves: a thread that writes would wait for a test's transaction."""
    from masthead.insights import counting

    counting.autostart = False


@pytest.fixture
def shelve(db: None) -> Iterator[Callable[[], None]]:
    """Puts what the database holds on the library's shelves: call it when all is written. It is empty before and after."""
    import shutil

    from masthead.library import keeper, search
    from shelves import Shelf

    def clear() -> None:
        shutil.rmtree(keeper.place().root, ignore_errors=True)
        search.library().forget()

    clear()
    yield Shelf(keeper.place()).build
    clear()


@pytest.fixture
def data_dir(settings: object) -> Path:
    """The data directory of this test process."""
    return Path(settings.MASTHEAD.data)  # type: ignore[attr-defined]
