"""OpenSearch: how a browser searches the library from its address bar (https://github.com/dewitt/opensearch)."""

from __future__ import annotations

from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from masthead.front import headers
from masthead.front.content.publication import publication_facts
from masthead.front.marks import Mark
from masthead.front.pageview import view_of_all

SHORT = 16  # characters of a short name, and
LONG = 48  # of a long one, as the specification has it


@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """Where the library is searched, and where it suggests what may be meant."""
    publication = publication_facts()
    base = settings.MASTHEAD.base_url
    short = publication.name if len(publication.name) <= SHORT else f"{publication.name[: SHORT - 1].rstrip()}…"
    icon = publication.logo.src if publication.logo else static("masthead/icon.svg")
    kind = "image/svg+xml" if icon.endswith(".svg") else "image/png"
    library = f"{base}/library/"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
        f"<ShortName>{escape(short)}</ShortName>"
        f"<LongName>{escape(publication.name[:LONG])}</LongName>"
        f"<Description>{escape(f'Search everything {publication.name} has published.')}</Description>"
        f"<Language>{escape(publication.language)}</Language><InputEncoding>UTF-8</InputEncoding>"
        f'<Image width="32" height="32" type="{kind}">{escape(f"{base}{icon}" if icon.startswith("/") else icon)}</Image>'
        f'<Url type="text/html" template="{escape(library)}?q={{searchTerms}}"/>'
        f'<Url type="application/x-suggestions+json" template="{escape(library)}suggest.json?q={{searchTerms}}"/>'
        f'<Url type="application/opensearchdescription+xml" rel="self" template="{escape(base)}/opensearch.xml"/>'
        "</OpenSearchDescription>\n"
    )
    response = HttpResponse(body, content_type="application/opensearchdescription+xml; charset=utf-8")
    return headers.variant(request, response, Mark(view_of_all(request.path, publication.language)))
