"""Where the counted links of editions lead. What is counted is that a link was followed, never by whom.

Programs look at the links in a mail before anybody does; they are led on and not counted, as far as they can be told: who only
asks for the head, fetches ahead, says its name, or is no browser that goes to a page.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from masthead.core import clock
from masthead.core.network import limit_network
from masthead.front import arrivals
from masthead.front.crowd import Crowd
from masthead.front.views.mail_choices import plain
from masthead.insights.robots import is_robot
from masthead.newsletters import clicks
from masthead.newsletters.models import EditionLink, Mailing

log = logging.getLogger(__name__)

_crowd = Crowd()

NOT_OURS = "This address is not complete, or it is not one of ours. Please open it from the mail once more.\n"


@require_safe
def go(request: HttpRequest, token: str) -> HttpResponse:
    """302 to where a link of an edition leads, which our table says and not the address; 404 for what was never mailed."""
    link = clicks.read(token)
    row = (
        EditionLink.objects.filter(edition=link.edition, number=link.number).select_related("edition__newsletter").first()
        if link
        else None
    )
    if link is None or row is None:
        return _kept_nowhere(plain(NOT_OURS, status=404))
    edition = row.edition
    # of an edition that has not gone out, its editors follow the links
    if edition.frozen is not None and _is_person(request):
        try:
            network = limit_network(request.client_address)  # type: ignore[attr-defined]
            if Mailing.load().clicks and _crowd.lets_in(network, row.pk, clock.now().timestamp()):
                clicks.count(link_id=row.pk, standing=link.standing, variant=link.variant)
        except DatabaseError:  # a reader is led on, whatever becomes of the count
            log.warning("a click was not counted", exc_info=True)
    return _kept_nowhere(HttpResponseRedirect(arrivals.led_by(row.url, arrivals.name_of(edition.newsletter.slug, edition.key))))


def _is_person(request: HttpRequest) -> bool:
    if request.method != "GET":
        return False
    ahead = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    if any("prefetch" in request.headers.get(name, "") or "preview" in request.headers.get(name, "") for name in ahead):
        return False
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":  # fetched as a picture, or by a script
        return False
    return not is_robot(request.headers.get("User-Agent", ""))


def _kept_nowhere(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
