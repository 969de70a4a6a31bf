"""How people come into the newsroom, for its tests."""

from __future__ import annotations

from django.test import Client

from masthead.readers.models import Reader

PASSWORD = "correct horse battery"


def log_in(client: Client, reader: Reader, password: str = PASSWORD, **extra: object) -> object:
    """Through the newsroom's own form, as a person does it."""
    return client.post("/newsroom/login/", {"login": reader.email, "password": password}, **extra)
