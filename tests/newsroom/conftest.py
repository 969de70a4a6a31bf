"""The newsroom's people, and how they come in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from factories import make_reader
from masthead.articles.bulk import ensure_index
from masthead.readers.models import Reader
from newsroom_people import PASSWORD, log_in


@pytest.fixture
def staff(db: None) -> Callable[..., Reader]:
    """Make somebody who works here in a role (or an administrator, without one); the site has the publication's address."""
    ensure_index()  # migrations leave the roles and the tree, but a site called localhost

    def make(role: str = "", email: str = "", **fields: object) -> Reader:
        reader = make_reader(email or f"{role.lower() or 'admin'}@example.org", is_staff=True, is_superuser=not role, **fields)
        reader.set_password(PASSWORD)
        reader.save()
        if role:
            reader.groups.add(Group.objects.get(name=role))
        return reader

    return make


@pytest.fixture
def as_role(staff: Callable[..., Reader]) -> Callable[..., Client]:
    """A browser logged in to the newsroom in a role; ``client.reader`` is who it is."""

    def make(role: str = "", email: str = "") -> Client:
        client = Client()
        client.reader = staff(role, email)  # type: ignore[attr-defined]
        assert log_in(client, client.reader).status_code == 302  # type: ignore[attr-defined]
        return client

    return make
