"""A menu item for those who may open what it leads to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from wagtail.admin.menu import MenuItem

from masthead.newsroom.views.base import may


class Guarded(MenuItem):
    """Shown to whoever has any of ``permissions``; with none, to all who work here."""

    def __init__(self, *args: Any, permissions: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.permissions = permissions

    def is_shown(self, request: HttpRequest) -> bool:
        return may(request, *self.permissions)
