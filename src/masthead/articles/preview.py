"""Previews of a draft as each kind of reader. The page itself is ``front``'s, two floors up, so it registers its renderer
here.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

MODES = [
    ("anonymous", "Anonymous visitor"),
    ("choices", "Registered, choices left"),
    ("spent", "Registered, none left"),
    ("subscriber", "Subscriber"),
]

Renderer = Callable[[Any, str, HttpRequest], HttpResponse]
_renderer: list[Renderer] = []


def register(renderer: Renderer) -> None:
    """Say who renders previews: ``renderer(article, mode, request)``. Called at start-up by ``front``."""
    _renderer[:] = [renderer]


def render(article: Any, mode: str, request: HttpRequest) -> HttpResponse:
    """The preview of ``article`` (possibly unsaved) in ``mode``, one of :data:`MODES`."""
    return _renderer[0](article, mode, request)
