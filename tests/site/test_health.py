"""What a load balancer asks."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from masthead.front.views import health


@pytest.fixture(autouse=True)
def _ask_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)


def test_live_needs_no_database() -> None:
    """pytest-django refuses any query in a test without the ``db`` mark."""
    answer = Client().get("/health/live")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")


@pytest.mark.django_db
def test_ready() -> None:
    assert Client().get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing_and_ready_soon_after() -> None:
    row = MigrationRecorder.Migration.objects.filter(app="core").latest("name")
    row.delete()
    assert Client().get("/health/ready").status_code == 503
    row.save()
    assert Client().get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_not_ready_while_the_database_is_away() -> None:
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert b"gone" not in answer.content  # what is wrong inside is nobody's business outside
