"""robots.txt: what crawlers need not fetch, and where the sitemaps are."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from masthead.front import headers

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
    return headers.variant(request, HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8"))
