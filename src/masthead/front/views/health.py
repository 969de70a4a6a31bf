"""What a load balancer and the supervisor ask: does this process answer, and can it serve?"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

# Migrations are never unapplied under a running process, so a yes is kept; only a no is asked again.
_migrated = False


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """This process answers. Says nothing of the database: restarting a process mends no database."""
    return _answer(200, "live")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and has every migration; 503 otherwise, and traffic should go elsewhere."""
    global _migrated
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return _answer(503, "the database does not answer")
    return _answer(200, "ready") if _migrated else _answer(503, "migrations are missing")


def _answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type="text/plain", headers={"Cache-Control": "no-store"})
