"""Which of our encodings a client likes best (RFC 9110, 12.5.3), and whether it holds a page already (13.1.2). Pure."""

from __future__ import annotations

IDENTITY, GZIP, BROTLI = range(3)
NAMES = ("identity", "gzip", "br")


def best_encoding(accept: str) -> int:
    """The encoding for a request with ``Accept-Encoding: accept``: the smallest of those it weighs highest.

    Nothing said means no encoding; what cannot be read counts as not said.
    """
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weight = 1.0
        parameter = parameter.strip()
        if parameter:
            try:
                weight = float(parameter[2:]) if parameter.startswith("q=") else 0.0
            except ValueError:
                weight = 0.0
        if name.strip():
            weights[name.strip()] = weight
    anything = weights.get("*", 0.0)
    brotli = weights.get("br", anything)
    gzip = weights.get("gzip", weights.get("x-gzip", anything))
    identity = weights.get("identity", 0.0)  # always allowed, preferred only where it is weighed higher
    if brotli > 0 and brotli >= gzip and brotli >= identity:
        return BROTLI
    if gzip > 0 and gzip >= identity:
        return GZIP
    return IDENTITY


def holds(if_none_match: str, etag: str) -> bool:
    """Whether a client that says ``If-None-Match`` holds what has ``etag`` (strong, with its quotes; compared weakly)."""
    text = if_none_match.strip()
    if text == "*":
        return True
    return any(part.strip().removeprefix("W/") == etag for part in text.split(","))
