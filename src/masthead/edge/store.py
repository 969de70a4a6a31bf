"""What the edge holds: variants by page, bounded by bytes, the least recently used let go first. Pure.

Reading takes no lock: every structure read on the way to an answer is only ever replaced or added to in one step.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

from masthead.access.policy import ArticleFacts
from masthead.core.change_keys import EVERYTHING, POLICY
from masthead.edge.variant import Variant
from masthead.front.pageview import PageView

MOST_MEMOS = 500  # of one page


class Page:
    """One path (with the parameters that matter): what the decision asks about, and its variants by view.

    ``memo`` finds a variant by whatever stands for the visitor, once their view was worked out. It is replaced by an empty one
    whenever ``variants`` changes; who adds to it holds on to the one that was there before they looked at ``variants``.
    """

    __slots__ = ("article", "key", "locale", "memo", "parameters", "uniform", "variants")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.article: ArticleFacts | None = None
        self.locale = ""
        self.uniform = False  # looks the same to everyone
        self.parameters: tuple[str, ...] = ()
        self.variants: dict[PageView, Variant] = {}
        self.memo: dict[object, Variant] = {}


class Store:
    """All pages. ``limit`` is in bytes and counts what variants hold, with an allowance for the objects around them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.pages: dict[bytes, Page] = {}
        self._queue: deque[tuple[Page, Variant]] = deque()
        self._gone = 0  # bytes of what is let go but stands in the queue
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many variants are held."""
        return sum(len(page.variants) for page in list(self.pages.values()))

    def keep(
        self, key: bytes, variant: Variant, *, article: ArticleFacts | None, parameters: tuple[str, ...], uniform: bool
    ) -> None:
        """Hold ``variant`` of the page ``key``, instead of an older one of the same view. Too large a one is not held."""
        view = variant.view
        if variant.size > self.limit // 4:
            return
        with self._lock:
            page = self._page(key)
            held = page.variants.get(view)
            if held is not None and held.number > variant.number:
                return
            if page.article != article or page.locale != view.locale:
                # an older rendering than those that taught us otherwise has nothing to say
                if any(other.number > variant.number for other in page.variants.values()):
                    return
                for other in list(page.variants.values()):
                    self._let_go(page, other)
            if held is not None and page.variants.get(view) is held:
                self._let_go(page, held)
            page.article, page.locale, page.parameters, page.uniform = article, view.locale, parameters, uniform
            page.variants[view] = variant
            page.memo = {}
            self.pages[key] = page
            base, mark, _ = key.partition(b"?")
            if mark and parameters and base not in self.pages:
                self._page(base).parameters = parameters
            variant.counted = variant.size
            self.size += variant.counted
            self._queue.append((page, variant))
            self._shrink()

    def grown(self, variant: Variant) -> None:
        """``variant`` has other bytes than it had when it was last counted."""
        with self._lock:
            if variant.counted:
                variant.weigh()  # two threads may have compressed it at once
                self.size += variant.size - variant.counted
                variant.counted = variant.size
                self._shrink()

    def stale(self, named: Mapping[str, int], now: float) -> int:
        """Mark as stale what depends on a key of ``named`` and is older than its number; says how many variants."""
        everything = max(named.get(EVERYTHING, 0), named.get(POLICY, 0))
        keys, count = set(named), 0
        for page in list(self.pages.values()):
            for variant in list(page.variants.values()):
                # nearly all depend on nothing that changed: ten thousand variants are passed over in a few milliseconds
                if not everything and keys.isdisjoint(variant.keys):
                    continue
                latest = max((named[key] for key in variant.keys if key in named), default=0)
                if variant.number < max(everything, latest):
                    variant.stale(now)
                    count += 1
        return count

    def clear(self) -> None:
        """Hold nothing."""
        with self._lock:
            self.pages = {}
            self._queue.clear()
            self.size = self._gone = 0

    def _page(self, key: bytes) -> Page:
        page = self.pages.get(key)
        if page is None:
            page = self.pages[key] = Page(key)
        return page

    def _shrink(self) -> None:
        # second chance: what was used since it was last looked at goes to the end once more
        if self._gone > self.limit // 8:
            self._queue = deque(entry for entry in self._queue if entry[1].counted)
            self._gone = 0
        chances = len(self._queue)
        while self.size > self.limit and self._queue:
            page, variant = self._queue.popleft()
            view = variant.view
            if page.variants.get(view) is not variant:
                continue  # let go before
            if variant.used and chances > 0:
                variant.used = False
                chances -= 1
                self._queue.append((page, variant))
                continue
            self._let_go(page, variant)

    def _let_go(self, page: Page, variant: Variant) -> None:
        if page.variants.pop(variant.view, None) is not None:
            self.size -= variant.counted
            self._gone += variant.counted
            variant.counted = 0
        page.memo = {}
        if not page.variants and self.pages.get(page.key) is page:
            del self.pages[page.key]
