"""What every test shares. The database and its settings are in ``settings_under_test.py``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import databases
from databases import Database
from publications import Publications

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


@pytest.fixture(scope="session")
def publications(tmp_path_factory: pytest.TempPathFactory) -> Publications:
    """Data directories that need not be made anew."""
    folder = tmp_path_factory.getbasetemp()
    return Publications(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(scope="session")
def database(publications: Publications) -> Database:
    """The kind of database under test."""
    return databases.of_this_run(publications)


@pytest.fixture(scope="session")
def django_db_setup(database: Database, django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """In the place of pytest-django's: a copy of tables that are made once, and what is committed put back in a moment."""
    from django.test import TransactionTestCase

    with django_db_blocker.unblock():
        database.set_up()
    TransactionTestCase._fixture_teardown = lambda _: database.put_back()
    yield
    with django_db_blocker.unblock():
        database.tear_down()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last process of the run removes what all of them copied."""
    if not hasattr(config, "workerinput"):
        databases.forget()


@pytest.fixture(scope="module")
def written_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], Any]]:
    """For a module's fixture that writes rows all its tests begin with: ``with written_once(): ...``. What a test changes of
    them is undone as ever, for its transaction lies in this one; so none of the module may want a real commit.
    """
    from django.db import transaction

    around = transaction.atomic()
    with django_db_blocker.unblock():
        around.__enter__()
    yield django_db_blocker.unblock
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


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
