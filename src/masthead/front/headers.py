"""The headers of reader pages: who may keep an answer and for how long, and what a page may load. All of it, in one file.

| request                                             | Cache-Control                                            |
|-----------------------------------------------------|----------------------------------------------------------|
| none of our cookies, address in no licensed network | public, max-age=0, s-maxage=60, stale-while-revalidate=30 |
| anything else                                       | private, no-cache                                        |
| a private feed, whose address is the secret         | private, no-cache; noindex; no cookie is set             |
| a preview of a draft                                | private, no-store                                        |
| what is not there                                   | private, no-cache                                        |
| suggestions while typing, as the first two          | public or private, max-age=60                            |

A search is answered for whoever asks: private, no-cache. All vary by Cookie, and what may be asked for again carries an ETag made
from the bytes. Cookies that are not ours change nothing.
"""

from __future__ import annotations

from hashlib import sha256

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import get_conditional_response, patch_vary_headers

from masthead.access import passes
from masthead.billing.providers import choice
from masthead.front import marks
from masthead.readers import devices

PUBLIC = "public, max-age=0, s-maxage=60, stale-while-revalidate=30"
PRIVATE = "private, no-cache"
NEVER = "private, no-store"
OUR_COOKIES = (passes.COOKIE, devices.COOKIE, "masthead_session")

# Pictures and embeds may come from elsewhere, programs never. A pasted advertising tag runs in a sandboxed document of its own.
# Chromium holds a form's redirect against form-action, too: the page where one pays has to be named.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: https:",
        "frame-src 'self' https:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action {forms}",
        "frame-ancestors 'self'",
    )
)


def content_security_policy() -> str:
    """What a reader page may load, and where its forms may lead."""
    return _POLICY.format(forms=" ".join(("'self'", *choice.origins())))


# The publisher pasted it and it may do what advertising does, but as nobody: no origin, no cookies, no way into the page.
SANDBOX = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
# Uploaded files are looked at, never run (an SVG can hold a program).
UPLOADED = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox"


def is_public(request: HttpRequest) -> bool:
    """Whether what is answered to ``request`` would be answered to anybody without our cookies."""
    visitor = getattr(request, "visitor", None)
    if visitor is not None and visitor.institution:
        return False
    if request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):  # the answer sets a cookie, which is nobody else's
        return False
    return not any(name in request.COOKIES for name in OUR_COOKIES)


def variant(request: HttpRequest, response: HttpResponse, mark: marks.Mark) -> HttpResponse:
    """``response`` with the headers of a page that depends on nothing personal; 304 where the visitor holds it already.

    Where the edge waits for it, it is told by ``mark`` whom else it may show the page, and does the rest itself.
    """
    response["Cache-Control"] = PUBLIC if is_public(request) else PRIVATE
    response["Content-Security-Policy"] = content_security_policy()
    patch_vary_headers(response, ["Cookie"])
    catch = request.META.get(marks.CATCH)
    if catch is not None:
        catch.mark = mark
        response["ETag"] = etag_of(response.content)
        return response
    onlooker = request.META.get(marks.ONLOOKER)
    if onlooker is not None:
        visitor = request.visitor  # type: ignore[attr-defined]
        onlooker.mark, onlooker.subject = mark, visitor.reader or visitor.device or ""
    return conditional(request, response)


def variant_elsewhere(request: HttpRequest) -> HttpResponse:
    """What stands for a page that the edge holds: it says who may keep the answer, and carries this visitor's cookies."""
    return HttpResponse(headers={"Cache-Control": PUBLIC if is_public(request) else PRIVATE})


def etag_of(content: bytes) -> str:
    """The strong ETag of a page of these bytes."""
    return f'"{sha256(content).hexdigest()[:32]}"'


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """``response`` with an ETag from its bytes, or 304 with the same headers where the visitor holds it already."""
    if response.status_code != 200:
        return response
    etag = etag_of(response.content)
    response["ETag"] = etag
    answer = get_conditional_response(request, etag=etag, response=response)
    if isinstance(answer, HttpResponseNotModified):
        for name in ("Cache-Control", "Content-Security-Policy", "Vary", "ETag", "X-Robots-Tag", "Referrer-Policy"):
            if name in response:
                answer[name] = response[name]
        patch_vary_headers(answer, ["Accept-Encoding"])  # as on the page itself, which is compressed on its way out
    return answer


def personal(response: HttpResponse) -> HttpResponse:
    """``response`` with the headers of a page for one reader only."""
    response["Cache-Control"] = PRIVATE
    response["Content-Security-Policy"] = content_security_policy()
    patch_vary_headers(response, ["Cookie"])
    return response


def suggestions(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """``response`` with the headers of what is the same for everybody and is asked for at each letter.

    Public only as pages are: the answer to whoever comes with a cookie of ours may set another.
    """
    response["Cache-Control"] = f"{'public' if is_public(request) else 'private'}, max-age=60"
    patch_vary_headers(response, ["Cookie"])
    return response


def secret_address(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """``response`` with the headers of what whoever knows its address may read: for nobody's cache but theirs, and no index."""
    response["Cache-Control"] = PRIVATE
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    response["Content-Security-Policy"] = content_security_policy()
    return conditional(request, response)


def later(response: HttpResponse, seconds: int) -> HttpResponse:
    """``response``, which says to come again in so many seconds: no failure, and not worth a line of the log for each request."""
    response["Retry-After"] = str(seconds)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's way to be told
    return response


def preview(response: HttpResponse) -> HttpResponse:
    """``response`` with the headers of a draft, which nobody keeps."""
    response["Cache-Control"] = NEVER
    response["X-Robots-Tag"] = "noindex"
    response["Content-Security-Policy"] = content_security_policy()
    patch_vary_headers(response, ["Cookie"])
    return response
