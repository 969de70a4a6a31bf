"""Preparing is quick when there is nothing to do, and right about whether there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from wagtail.models import Site

from masthead.library import keeper
from masthead.site import preparation


@pytest.mark.django_db
def test_file_names_tell_what_the_executor_tells() -> None:
    """The shortcut agrees with Django, also about squashed migrations of libraries."""
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    assert preparation.migrations_applied()


@pytest.mark.django_db
def test_a_missing_migration_is_noticed() -> None:
    MigrationRecorder.Migration.objects.filter(app="core", name__startswith="0002").delete()
    assert not preparation.migrations_applied()


@pytest.mark.django_db
def test_a_version_s_index_is_there_before_it_serves(settings: Any, tmp_path: Path) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, data=tmp_path)
    preparation.index()
    here = keeper.place()
    found = here.current()
    assert found is not None and here.about(found) is not None
    preparation.index()
    assert here.current() == found, "once is enough"


@pytest.mark.django_db
def test_what_cannot_be_indexed_now_is_left_to_the_worker(settings: Any, tmp_path: Path, capsys: Any) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, data=tmp_path)
    with keeper.place().building():
        preparation.index()
    assert "the worker will" in capsys.readouterr().err


@pytest.mark.django_db
def test_the_newsroom_s_site_follows_the_publication_s_address(settings: Any) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, base_url="https://news.example")
    preparation.prepare(fill=False)
    site = Site.objects.get()
    assert (site.hostname, site.port, site.root_page.slug) == ("news.example", 443, "articles")


@pytest.mark.django_db
def test_nothing_is_run_where_nothing_is_missing() -> None:
    with patch.object(preparation, "call_command") as call:
        preparation.prepare(fill=False)
    call.assert_not_called()


@pytest.mark.django_db
def test_that_the_demo_will_be_filled_in_is_known_before_anything_is_written() -> None:
    seen: list[bool] = []
    with (
        patch.object(preparation, "place_site", lambda: seen.append(preparation.filling())),
        patch.object(preparation, "fill_demo") as fill_demo,
    ):
        preparation.prepare(fill=False)
        preparation.prepare(fill=True)
    assert seen == [False, True] and fill_demo.call_count == 1


@pytest.mark.django_db
def test_in_an_empty_database_before_the_last_migration_is_applied() -> None:
    done: list[object] = []
    with (
        patch.object(preparation, "migrations_applied", return_value=False),
        patch.object(preparation, "_has_table", return_value=False),
        patch.object(preparation, "call_command", lambda *which, **_: done.append(which)),
    ):
        preparation.migrate(announce=lambda: done.append("announced"))
    assert done[:3] == [("migrate", "core"), "announced", ("migrate",)]
