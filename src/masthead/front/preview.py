"""A draft as each kind of reader would see it: a made-up visitor goes through the same ``decide()``. Nothing is stored."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from masthead.access.policy import ArticleFacts, Grant, Policy, Visitor, decide
from masthead.access.services import current_policy
from masthead.articles.models import Article
from masthead.core import clock
from masthead.front import headers
from masthead.front.content.article import draft_page
from masthead.front.content.publication import publication_facts
from masthead.front.pageview import view_of
from masthead.front.render import render_page


def visitor_for(mode: str, policy: Policy) -> Visitor:
    """Who looks in preview ``mode`` (``articles.preview.MODES``)."""
    try:
        period = policy.period_at(clock.now()).name
    except ValueError:
        period = ""
    return {
        "choices": Visitor(reader="preview", choices_left=policy.allowance, period=period),
        "spent": Visitor(reader="preview", choices_left=0, period=period),
        "subscriber": Visitor(reader="preview", grants=(Grant("subscription"),), period=period),
    }.get(mode) or Visitor(instant_left=policy.instant_per_device)


def render(article: Article, mode: str, request: HttpRequest) -> HttpResponse:
    """The preview page of ``article`` in ``mode``."""
    policy, now = current_policy(), clock.now()
    publication = publication_facts()
    decision = decide(policy, ArticleFacts(article.pk or 0, article.access), visitor_for(mode, policy), now)
    view = view_of(article.path_on_site, decision.standing, decision, institution=None, locale=publication.language)
    page = draft_page(article, opens=view.opens, policy=policy, now=now)
    return headers.preview(HttpResponse(render_page(view, page, publication, now).html))
