"""robots.txt: what crawlers need not fetch, and where the sitemaps are."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from masthead.front import headers
from masthead.front.marks import Mark
from masthead.front.pageview import view_of_all

PRIVATE = (
    "/account/",
    "/confirm/",
    "/gift/",
    "/keep-reading/",
    "/login/",
    "/logout/",
    "/newsroom/",
    "/unlock/",
    "/advertisements/",
    "/api/",
    "/library/suggest.json",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Teasers are for everybody; forms and accounts for no crawler."""
    base = settings.MASTHEAD.base_url
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in PRIVATE),
        "",
        f"Sitemap: {base}/sitemap.xml",
        f"Sitemap: {base}/news-sitemap.xml",
        "",
    ]
    response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
    return headers.variant(request, response, Mark(view_of_all(request.path, "")))
