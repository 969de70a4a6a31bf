"""Addresses that were left: what the newsroom stored of them leads on, and where nothing is stored little is asked."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.contrib.redirects.models import Redirect
from wagtail.models import Site

from masthead.articles.addresses import moved

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("/old/", "/old/"),
        ("/old", "/old/?utm_source=mail"),
        ("/old?page=2", "/old/?page=2"),
        ("/été", "/%C3%A9t%C3%A9/"),
        ("/%C3%A9t%C3%A9", "/%C3%A9t%C3%A9/?x=1"),
    ],
)
def test_a_stored_address_leads_on(stored: str, asked: str) -> None:
    Redirect.objects.create(old_path=stored.rstrip("/"), redirect_link="/new/")
    answer = Client().get(asked)
    assert (answer.status_code, answer.headers["Location"]) == (301, "/new/")


def test_a_sites_own_comes_before_anybodys() -> None:
    Redirect.objects.create(old_path="/old", redirect_link="/anybodys/")
    Redirect.objects.create(old_path="/old", redirect_link="/own/", site=Site.objects.get())
    assert Client().get("/old/").headers["Location"] == "/own/"


@pytest.mark.parametrize("asked", ["/nowhere/?x=%C3%A9", "/x%00y/?q=1"])
def test_where_nothing_is_stored_it_is_asked_once_and_no_site_is_looked_for(asked: str) -> None:
    client = Client()
    client.get("/nowhere/")  # what is asked once in a process's life
    with CaptureQueriesContext(connection) as asking:
        assert client.get(asked).status_code == 404
    asked_of = [query["sql"] for query in asking]
    assert sum("wagtailredirects" in sql for sql in asked_of) == 1
    assert not [sql for sql in asked_of if "ORDER BY" in sql and "wagtailcore_site" in sql]


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/topics/old/2024/", "/topics/new/2024/"),
        ("/topics/old/india/", "/topics/new/india/"),
        ("/topics/india/old/feed.rss", "/topics/india/new/feed.rss"),
        ("/topics/india/old/2024/?before=x", "/topics/india/new/2024/?before=x"),
        ("/authors/old/page/", "/authors/else/page/"),
    ],
)
def test_what_lies_below_an_address_that_moved_leads_on_with_it(asked: str, leads: str) -> None:
    moved("/topics/old/", "/topics/new/")
    moved("/authors/old/", "/authors/else/")
    answer = Client().get(asked)
    assert (answer.status_code, answer.headers["Location"]) == (301, leads)


@pytest.mark.parametrize(
    "asked", ["/topics/none/2024/", "/topics/../old/", "/topics/old\\x/2024/", "/articles/old/2024/", "/topics//old/"]
)
def test_nothing_else_does(asked: str) -> None:
    moved("/topics/old/", "/topics/new/")
    assert Client().get(asked).status_code == 404
