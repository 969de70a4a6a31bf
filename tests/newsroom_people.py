"""How people come into the newsroom, for its tests."""

from __future__ import annotations

from django.test import Client, RequestFactory

from masthead.readers import sessions
from masthead.readers.models import Reader

PASSWORD = "correct horse battery"


def log_in(client: Client, reader: Reader, password: str = PASSWORD, **extra: object) -> object:
    """Through the newsroom's own form, as a person does it."""
    return client.post("/newsroom/login/", {"login": reader.email, "password": password}, **extra)


def in_by_code(client: Client, reader: Reader) -> None:
    """Log ``client`` in as the six digits do it."""
    request = RequestFactory().get("/")
    request.session = client.session
    sessions.log_in(request, reader, method="code", device=None)
    request.session.save()
    client.cookies["masthead_session"] = request.session.session_key
