"""A visitor's browser for tests: follows the forms by hand and reads the mails handed over."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from masthead.articles.models import Article
from masthead.core.models import OutgoingMail
from masthead.readers.models import Reader

handler: Any = None  # what answers every new browser instead of Django itself: the edge, in its tests


class Browser(Client):
    """One browser with its cookies. ``address`` is the network it comes from."""

    def __init__(self, address: str = "192.0.2.1", **defaults: Any) -> None:
        super().__init__(REMOTE_ADDR=address, headers={"Sec-Fetch-Site": "same-origin"}, **defaults)
        if handler is not None:
            self.handler = handler

    def open(self, article: Article) -> tuple[str, str]:
        """Look at ``article``: the decision on its page, and the page."""
        response = self.get(article.path_on_site)
        assert response.status_code == 200
        html = response.content.decode()
        decisions = re.findall(r'<article[^>]*data-decision="([a-z]+)"', html)
        assert len(decisions) == 1, "exactly one <article data-decision>"
        return decisions[0], html

    def decision(self, article: Article) -> str:
        return self.open(article)[0]

    def keep_reading(self, article: Article, email: str = "ada@example.org", **fields: Any) -> Any:
        return self.post("/keep-reading/", {"email": email, "article": article.slug, **fields})

    def confirm(self, email: str = "ada@example.org") -> Any:
        return self.post("/confirm/", {"code": code_for(email)})

    def choose(self, article: Article) -> Any:
        return self.post("/unlock/", {"article": article.slug})

    def log_in(self, reader: Reader) -> Browser:
        """Log in as ``reader`` by mailed code."""
        assert self.post("/login/", {"email": reader.email}).status_code == 303
        assert self.confirm(reader.email).status_code == 303
        return self


def mails_to(email: str) -> list[OutgoingMail]:
    """The mails handed over for ``email``, oldest first."""
    return list(OutgoingMail.objects.filter(to=email).order_by("pk"))


def code_for(email: str) -> str:
    """The newest code mailed to ``email``: alone on a line of the text part."""
    (code,) = re.findall(r"^(\d{6})$", mails_to(email)[-1].text, re.MULTILINE)
    return code


def link_for(email: str) -> str:
    """The path of the newest link mailed to ``email``."""
    found = re.search(r"https?://[^/\s]+(/confirm/[^/\s]+/)", mails_to(email)[-1].text)
    assert found
    return found[1]
