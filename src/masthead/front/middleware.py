"""What every request is told first: where it comes from, and who makes it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlparse

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.multipartparser import MultiPartParserError
from django.middleware.gzip import GZipMiddleware
from django.utils.encoding import iri_to_uri, uri_to_iri
from wagtail.contrib.redirects.middleware import RedirectMiddleware
from wagtail.contrib.redirects.models import Redirect

from masthead.access import services
from masthead.articles import addresses
from masthead.core import network, notices
from masthead.front import headers, marks, visitors

GetResponse = Callable[[HttpRequest], HttpResponse]
# What a mail leads to knows its reader by the address alone.
TOKEN_PAGES = ("/newsletters/unsubscribe/", "/newsletters/preferences/", "/newsletters/go/")
# Wagtail, files and probes know readers, not visitors; a private feed asks nobody who they are, and gives them no cookie; the
# sandbox stands for a provider's site elsewhere
ELSEWHERE = (
    "/newsroom/",
    "/static/",
    "/media/",
    "/health/",
    "/documents/",
    "/webhooks/",
    "/feeds/private/",
    "/sandbox/",
    *TOKEN_PAGES,
)


class Compress(GZipMiddleware):
    """Compresses answers, but those the edge keeps: it compresses each once.

    Pads at random, so that lengths tell nothing of a token (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """``response``, compressed where that is the server's own matter."""
        catch = request.META.get(marks.CATCH)
        return response if catch is not None and catch.mark is not None else super().process_response(request, response)


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


class PlainRequest:
    """Refuses what no page of ours sends: NUL characters, which PostgreSQL chokes on, forms in pieces, and
    bodies larger than any reader's form.

    Behind the newsroom's door pictures may be large: whoever is not logged in there is sent away before a byte of them is read.
    """

    _INSIDE = "/newsroom/"
    _DOOR = ("/newsroom/login/", "/newsroom/logout/", "/newsroom/forgotten/", "/newsroom/auth/")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        # addresses and our signed cookies are looked up by what cannot hold one; the session is looked up by its name
        if "%00" in query or "\0" in query or "\0" in request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""):
            return self._refuse()
        length = request.META.get("CONTENT_LENGTH") or "0"
        if self._outside(request) and length.isdecimal() and int(length[:18]) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):
            return HttpResponse("That is more than we take.\n", status=413, content_type="text/plain")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Look through the form, once its address is known to be there."""
        if request.method != "POST" or not self._outside(request):
            return None
        try:
            return self._refuse() if any("\0" in value for _, values in request.POST.lists() for value in values) else None
        except (BadRequest, MultiPartParserError, SuspiciousOperation):  # a boundary that is none, thousands of fields
            return self._refuse()

    def _outside(self, request: HttpRequest) -> bool:
        return not self.is_inside(request.path_info)

    @classmethod
    def is_inside(cls, path: str) -> bool:
        """Whether ``path`` lies behind the newsroom's door."""
        return path.startswith(cls._INSIDE) and not path.startswith(cls._DOOR)

    @staticmethod
    def _refuse() -> HttpResponse:
        return HttpResponse("That request cannot be read.\n", status=400, content_type="text/plain")


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
        policy = services.policy_to_show() if request.method in ("GET", "HEAD") else services.current_policy()
        visitor, stale = visitors.identify(request, policy)
        request.policy, request.visitor = policy, visitor  # type: ignore[attr-defined]
        catch = request.META.get(marks.CATCH)
        if catch is not None and catch.holds_for(visitor):
            response = headers.variant_elsewhere(request)
        else:
            response = self.get_response(request)
        if request.visitor_changed or (stale and response.status_code < 500):  # type: ignore[attr-defined]
            visitors.set_pass(request, response)
        return response


class Redirects(RedirectMiddleware):
    """Wagtail's, asked only where a redirect from the address is stored: it looks for the site and then as often as it can.

    That took longer than all the rest of an answer for an address that is not there, and crawlers ask for many.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """``response``, or where a redirect leads."""
        if response.status_code != 404:
            return response
        if self._stored(request):
            return super().process_response(request, response)
        moved = addresses.below_moved(request.path)
        if moved is None:
            return response
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{iri_to_uri(moved)}?{query}" if query else iri_to_uri(moved))

    @staticmethod
    def _stored(request: HttpRequest) -> bool:
        path = Redirect.normalise_path(request.get_full_path(), decode_unicode=False)
        bare = urlparse(path).path  # as Wagtail does: without ";parameters", too
        spelt = {path, bare, uri_to_iri(path), uri_to_iri(bare)}
        # PostgreSQL takes no NUL
        return Redirect.objects.filter(old_path__in=[each for each in spelt if "\0" not in each]).exists()
