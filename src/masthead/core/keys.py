"""Keys derived from the secret key, and keyed hashes: what we must compare but need not know.

Each purpose has a key of its own, so that a hash taken for one table says nothing in another.
"""

import hashlib
import hmac
import secrets

from django.conf import settings


def derive(purpose: str, secret: str | None = None) -> bytes:
    """A 32-byte key for ``purpose``, from the secret key (or from ``secret``, a former one)."""
    return hmac.digest((secret or settings.SECRET_KEY).encode(), f"masthead:{purpose}".encode(), hashlib.sha256)


def keyed_hash(purpose: str, value: str) -> str:
    """A 64-digit hexadecimal HMAC of ``value``: equal values of one purpose compare equal, and nothing else is told."""
    return hmac.new(derive(purpose), value.encode(), hashlib.sha256).hexdigest()


def subject() -> str:
    """A fresh opaque identifier (22 URL-safe characters, 128 bits)."""
    return secrets.token_urlsafe(16)


class Mac:
    """HMAC-SHA256 under one key, for who needs thousands: what is the key's alone is done once, a third of the time remains."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > 64:
            key = hashlib.sha256(key).digest()
        key = key.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))

    def digest(self, message: bytes) -> bytes:
        """The 32 bytes for ``message``."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()
