"""What Django cannot even make a request of, met before it tries.

Django reads the query string in the encoding a request claims for its *form*; one that is no text encoding (``base64``) or knows
no replacement characters (``idna``) fails there, before any middleware can answer. Browsers send forms in UTF-8 and say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
UTF_8 = frozenset({"utf-8", "utf8", "utf_8"})


def utf8_only(application: Application) -> Application:
    """``application``, spared other encodings: a form in one is refused, and one named without a form is passed over."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        claimed = environ.get("CONTENT_TYPE", "")
        if not claimed or _is_plain(claimed):
            return application(environ, start_response)
        if environ.get("REQUEST_METHOD") in ("GET", "HEAD"):
            return application({**environ, "CONTENT_TYPE": ""}, start_response)
        body = b"Please send forms in UTF-8, as browsers do.\n"
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start_response("400 Bad Request", headers)
        return [body]

    return answer


def _is_plain(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except ValueError:  # kilobytes of it
        return False
    return str(parameters.get("charset", "utf-8")).lower() in UTF_8
