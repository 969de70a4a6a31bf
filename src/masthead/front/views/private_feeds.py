"""A reader's private feeds: whoever has the address reads them, and nobody is asked who they are.

So the feed holds what anybody may read, and its address is never told to a log, a cache or an index.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from masthead.access import services as access
from masthead.core import clock
from masthead.front import headers
from masthead.front.content.publication import publication_facts
from masthead.front.views import feeds
from masthead.library import keeping


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed of a saved search, of something followed, or of all of that. 404 for one that has ended or never was."""
    found = keeping.feed_of(token)
    if found is None:
        raise Http404("There is no such feed.")
    publication = publication_facts()
    policy = access.policy_to_show()
    chosen = keeping.articles_of(found, policy=policy, now=clock.now(), most=feeds.ITEMS)
    if chosen is None:
        response = HttpResponse("The library is being prepared.\n", status=503, content_type="text/plain; charset=utf-8")
        return headers.secret_address(request, headers.later(response, 300))
    if found.search is not None:
        name, path = found.search.name, f"/library/?{found.search.query}"
    elif found.follow is not None:
        thing = found.follow.topic or found.follow.author
        name, path = (thing.name, thing.get_absolute_url()) if thing else ("", "/")
    else:
        name, path = "what you follow", "/"
    title = f"{publication.name}: {name}"
    text = feeds.written(publication, chosen, policy, title=title, path=path, description=title)
    return headers.secret_address(request, HttpResponse(text, content_type=feeds.RSS))
