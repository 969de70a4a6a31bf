"""Addresses that are secrets (a private feed's, a mailed link's) are told to no log: whoever reads one could use them."""

from __future__ import annotations

import logging
import re

# a mistyped address, with a slash too many, still tells the secret
_SECRET = re.compile(r"(/(?:feeds/+private|confirm|gift|newsletters/+(?:unsubscribe|preferences))/+)[^/\s?\"']{8,}")


class HideTokens(logging.Filter):
    """Puts dots where a record names such an address. Django logs the path of every request that fails."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: the record is written, without secrets."""
        if isinstance(record.msg, str):
            record.msg = hidden(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(hidden(value) if isinstance(value, str) else value for value in record.args)
        return True


def hidden(text: str) -> str:
    """``text`` without the secret part of its addresses."""
    return _SECRET.sub(r"\1…", text)
