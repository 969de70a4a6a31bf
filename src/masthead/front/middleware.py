"""What every request is told first: where it comes from, and who makes it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from masthead.access import services
from masthead.core import network, notices
from masthead.front import visitors

GetResponse = Callable[[HttpRequest], HttpResponse]
# Wagtail, files and probes know readers, not visitors
ELSEWHERE = ("/newsroom/", "/static/", "/media/", "/health/", "/documents/", "/webhooks/")


class ClientAddress:
    """Sets ``request.client_address``, believing only trusted proxies; tells the operator of one that is not."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        remote = request.META.get("REMOTE_ADDR", "")
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        trusted = settings.MASTHEAD.trusted_proxies
        request.client_address = network.client_address(remote, forwarded, trusted)  # type: ignore[attr-defined]
        if forwarded and not self._trusted(remote, trusted):
            notices.tell(
                "untrusted-proxy",
                f"Requests come from {remote} with X-Forwarded-For, but MASTHEAD_TRUSTED_PROXIES does not name it: if it is your "
                "reverse proxy, all visitors count as one network and share its limits. If it is not, somebody tries headers.",
            )
        return self.get_response(request)

    @staticmethod
    def _trusted(remote: str, trusted: tuple[network.Network, ...]) -> bool:
        address = network.parse(remote)
        return address is not None and any(address in proxies for proxies in trusted)


class VisitorPass:
    """Sets ``request.visitor`` and ``request.policy``; gives whoever came with a cookie of ours and no good pass a new one.

    Views that change what a visitor may do set ``request.visitor_changed = True``: their own response then carries the new pass.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.visitor_changed = False  # type: ignore[attr-defined]
        if request.path.startswith(ELSEWHERE):
            return self.get_response(request)
        policy = services.current_policy()
        visitor, stale = visitors.identify(request, policy)
        request.policy, request.visitor = policy, visitor  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.visitor_changed or (stale and response.status_code < 500):  # type: ignore[attr-defined]
            visitors.set_pass(request, response)
        return response
