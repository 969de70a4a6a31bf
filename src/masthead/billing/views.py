"""The door webhooks come by. It verifies, stores and answers; a worker does the rest."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from masthead.billing import inbox
from masthead.billing.providers import Refused, choice

log = logging.getLogger(__name__)


@csrf_exempt  # signed by the provider
@require_POST
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """200 for what is stored, now or before; 400 for what is not to be believed, with no word of why."""
    if not choice.in_use(provider):
        raise Http404("No such provider is in use here.")
    try:
        inbox.receive(provider=provider, body=request.body, headers=request.headers)
    except Refused as refused:
        log.warning("a %s webhook was refused: %s", provider, refused.reason)
        return _answer(400)
    return _answer(200)


def _answer(status: int) -> HttpResponse:
    response = HttpResponse(status=status, content_type="text/plain")
    response["Cache-Control"] = "private, no-store"
    return response
