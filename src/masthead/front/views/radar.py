"""The radar as a calendar that others follow."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from masthead.front import headers
from masthead.newsletters import radar


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """What was on in the last month and will be in the next year. The same for everybody."""
    response = HttpResponse(radar.export(radar.coming()), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="radar.ics"'
    return headers.suggestions(request, response)
