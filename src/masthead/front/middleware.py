"""What every request is told first: where it comes from, and who makes it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from masthead.core import network, notices

GetResponse = Callable[[HttpRequest], HttpResponse]


class ClientAddress:
    """Sets ``request.client_address``, believing only trusted proxies; tells the operator of one that is not."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        remote = request.META.get("REMOTE_ADDR", "")
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        trusted = settings.MASTHEAD.trusted_proxies
        request.client_address = network.client_address(remote, forwarded, trusted)  # type: ignore[attr-defined]
        return self.get_response(request)
