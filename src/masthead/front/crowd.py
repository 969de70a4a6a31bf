"""How much one network may add to a counter: kept in this process's memory, for this hour, as salted hashes.

Whoever has one mail could otherwise keep the database's writer busy, or decide which of two subjects is better. What an office
or a school behind one address follows is far below it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter

MOST = 50  # an hour of one link, from one network
KEPT = 50_000  # pairs; beyond that nothing new is let in before the hour ends


class Crowd:
    """What came in this hour. The salt is made anew with the hour and stands nowhere else, so that nothing leads back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hour = -1
        self._salt = b""
        self._seen: Counter[bytes] = Counter()

    def lets_in(self, network: str, thing: int, now: float) -> bool:
        """Whether one more of ``thing`` from ``network`` counts at ``now`` (Unix time, seconds)."""
        hour = int(now // 3600)
        with self._lock:
            if hour != self._hour:
                self._hour, self._salt = hour, secrets.token_bytes(16)
                self._seen.clear()
            key = hashlib.blake2b(f"{thing} {network}".encode(), key=self._salt, digest_size=8).digest()
            if self._seen[key] >= MOST or (key not in self._seen and len(self._seen) >= KEPT):
                return False
            self._seen[key] += 1
            return True
