"""The edge: who may be shown what is held, and what is held for them (DESIGN 4). It never meets the database.

A request is answered from memory where three things are known of it: its visitor (from the pass, or because it carries no
cookie of ours), what the decision for its path asks about, and a variant for the view that ``decide()`` then leads to. Anything
not known is a *miss*: Django answers it and, by a mark, may leave its page here. A miss is always right, only slower; so wherever
something looks odd, it is a miss.

:class:`Edge` is a WSGI application in front of another. A server that parses requests itself may ask :meth:`Edge.find` directly
and hand over only misses (``edge.protocol``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from masthead.access import networks, passes
from masthead.access.policy import Policy, Visitor, decide, standing
from masthead.core import network
from masthead.edge import holders
from masthead.edge.flights import Flights
from masthead.edge.holders import Cookies, Holder, Memo, Profiles
from masthead.edge.log import PATIENCE, Log
from masthead.edge.negotiation import IDENTITY, best_encoding, holds
from masthead.edge.store import MOST_MEMOS, Page, Store
from masthead.edge.variant import NEVER, PRIVATE, PUBLIC, Headers, Variant
from masthead.front import headers
from masthead.front.marks import CATCH, Catch, Mark
from masthead.front.pageview import view_of

log = logging.getLogger("masthead.edge")

GRACE = 1.0  # seconds a stale variant is shown while a younger one is made; with half a second between looks at the log: below 2
COVERED = ("/articles/", "/topics/", "/authors/", "/archive/", "/feeds/", "/sitemap", "/subscribe/", "/newsletters/", "/about/")
# Secret addresses, of our mail and of feeds: one reader's, or counted. A HEAD has to stay one, nobody waits for another's answer,
# and what a feed cannot tell while the library is prepared says nothing of the database.
PASSED_BY = ("/newsletters/unsubscribe/", "/newsletters/preferences/", "/newsletters/go/", "/feeds/private/")
# Asked for from a page whose address names an edition, the offer is led to an address with it (front.arrivals): Django's to say
OFFER, NAMES_EDITION = "/subscribe/", "via="
COVERED_WHOLE = frozenset({"/", "/news-sitemap.xml", "/opensearch.xml", "/robots.txt"})
CONTROL = (headers.PUBLIC, headers.PRIVATE)
MOST_REMEMBERED = 10_000  # addresses, encodings
LONGEST_REMEMBERED = 200  # bytes of a header among them: anybody can send others of 64 kB
MOST_FIELDS = 50  # of a query

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Found(NamedTuple):
    """A variant for a request, and whether it may be kept by others (``PUBLIC`` or ``PRIVATE``)."""

    variant: Variant
    privacy: int
    holder: Holder


class Edge:
    """What one process holds, and how it answers from it.

    ``application`` is Django's. ``keys`` are those passes are read with. ``limit`` bounds what is held, in bytes. ``count`` is
    told of every page shown: the variant's tallies, the visitor's subject (or ""), the peer, X-Forwarded-For and the user agent.
    ``read_log`` reads the change log now. ``now`` is the clock, a Unix time. Nothing is held or answered from memory before
    :meth:`learn` was first called.
    """

    def __init__(
        self,
        application: Application,
        *,
        keys: Mapping[str, bytes],
        cookies: Iterable[str],
        trusted: Sequence[network.Network] = (),
        limit: int = 64 * 2**20,
        tallies: Callable[[Mark], tuple[Any, Any] | None] = lambda mark: None,
        count: Callable[[tuple[Any, Any], str, str, str, str], None] | None = None,
        read_log: Callable[[], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.application = application
        self.log = Log()
        self.store = Store(limit)
        self.flights = Flights()
        self.read_log = read_log
        self.licences: Sequence[networks.Licence] = ()
        self._keys = dict(keys)
        self._by_header = passes.by_header(keys)
        self._ours = frozenset(name.encode() for name in cookies)
        # what may begin the name of a cookie of ours; a header without it needs no closer look
        self._hint = _common(self._ours) or b"="
        self._trusted = tuple(trusted)
        self._tallies = tallies
        self._count = count
        self._now = now
        self._memo = Memo()
        self._profiles = Profiles()
        self._policy = Policy()
        self._nobody = Holder(-1, expires=0.0)
        self._period = ""  # the present one's name; it ends when nobody's holder does
        self._deadline = 0.0
        self._encodings: dict[bytes, int] = {}
        self._institutions: dict[tuple[str, str], str | None] = {}

    # --- what changes

    def learn(self, rows: Iterable[tuple[int, str]], number: int, policy: Policy, licences: Sequence[networks.Licence]) -> None:
        """Take in what the change log says: ``rows`` since the last time, where it stands, and what the decision needs to know.

        Where the log has gone back (a restored backup), everything held is let go.
        """
        if 0 <= number < self.log.number:
            self.log = Log()
            self.store.clear()
            self._memo = Memo()
        now = self._now()
        if policy != self._policy:
            self._policy = policy
            self._memo = Memo()
            self._nobody = Holder(-1, expires=0.0)
        if licences != self.licences:
            self.licences = licences
        self._institutions = {}
        named = self.log.apply(rows, number, time.monotonic())
        if named:
            self.store.stale(named, now)
        self._deadline = now + PATIENCE

    def failed(self) -> None:
        """The change log could not be read."""
        self.log.failing = True

    # --- answering from memory

    def find(
        self, url: bytes, cookie: bytes | None, peer: str, forwarded: str, claimed: list[Variant] | None = None
    ) -> Found | None:
        """What is held for a GET of ``url`` (path and query as sent), or None for a miss.

        ``cookie`` is the Cookie header, ``peer`` the address that connected, ``forwarded`` its X-Forwarded-For. Who passes
        ``claimed`` promises to have Django make a younger one of every variant put there; others are shown the old one meanwhile.
        """
        now = self._now()
        if now >= self._deadline:
            return None
        privacy = PRIVATE
        if cookie is None or self._hint not in cookie:
            holder = self._nobody
            privacy = PUBLIC
        else:
            known = self._memo.get(cookie)
            if known is None:
                known = self._hold(cookie, now)
                if known is None:
                    return None
                if known is self._nobody:
                    privacy = PUBLIC
            holder = known
        if now >= holder.expires:
            if holder is not self._nobody:
                return None
            holder = self._anonymous(now)
        if holder.checked != self.log.version and not self._in_force(holder):
            return None
        page = self._page(url) if b"?" in url else self.store.pages.get(url)
        if page is None:
            return None
        who: object = holder.profile
        if holder.singles is not None and page.article is not None and page.article.id in holder.singles:
            who = (who, holder.singles[page.article.id])
        institution = None
        if self.licences:
            institution = self._institution(peer, forwarded, now)
            if institution is not None:
                privacy = PRIVATE
                who = (who, institution)
        memo = page.memo  # before its variants: whoever replaces one of them replaces this, too
        variant = memo.get(who)
        if variant is None:
            visitor = self._visitor(holder, cookie, now)
            variant = self._variant(page, visitor, institution, now) if visitor is not None else None
            if variant is None:
                return None
            if len(memo) >= MOST_MEMOS:
                memo.clear()
            memo[who] = variant
        if now >= variant.good_until and not self._still_shown(variant, now, claimed):
            return None
        variant.used = True
        return Found(variant, privacy, holder)

    def _page(self, url: bytes) -> Page | None:
        """The page of ``url``, its query read as Django reads it. (Keys hold values as they are, addresses encoded ones: a query
        that is looked up as it was sent finds what another one put there.)
        """
        path, mark, query = url.partition(b"?")
        page = self.store.pages.get(path)
        if page is None or not mark:
            return page
        if b"%00" in query or b"\0" in query:
            return None
        if not page.parameters:
            return page if page.variants else None
        if query.count(b"&") >= MOST_FIELDS:
            return None
        try:
            text = query.decode()
        except UnicodeDecodeError:
            text = query.decode("latin-1")
        given = dict(parse_qsl(text, keep_blank_values=True))
        wanted = [f"{name}={given[name]}" for name in page.parameters if given.get(name)]
        return self.store.pages.get(b"?".join([path, "&".join(wanted).encode()])) if wanted else page

    def _hold(self, cookie: bytes, now: float) -> Holder | None:
        found = Cookies(cookie, self._ours)
        if not found.any:
            return self._nobody
        if found.token is None:
            return None
        holder = holders.read(found.token, self._by_header, self._profiles, now)
        if holder is None or holder.policy_version != self._policy.version:
            return None
        if now >= self._nobody.expires:
            self._anonymous(now)
        if not self._period or holder.period != self._period:
            return None
        self._memo.put(cookie, holder)
        return holder

    def _in_force(self, holder: Holder) -> bool:
        log = self.log
        version, number = log.version, holder.number
        for subject in (holder.reader, holder.device):
            if subject and (number > log.number or log.latest_of(subject) > number):
                return False
        holder.checked = version
        return True

    def _anonymous(self, now: float) -> Holder:
        """Nobody, for as long as a period lasts (or a minute, under a policy that makes no sense)."""
        moment = datetime.fromtimestamp(now, UTC)
        try:
            period = self._policy.period_at(moment)
            self._period, expires = period.name, period.ends.timestamp()
        except ValueError:
            self._period, expires = "", now + 60
        self._nobody = Holder(self._profiles.number(self._stranger(), moment), expires=expires)
        return self._nobody

    def _stranger(self) -> Visitor:
        return Visitor(instant_left=self._policy.instant_per_device)

    def _visitor(self, holder: Holder, cookie: bytes | None, now: float) -> Visitor | None:
        """The visitor ``holder`` stands for; None where the cookie does not say so any more."""
        if holder is self._nobody:
            return self._stranger()
        token = Cookies(cookie, self._ours).token if cookie is not None else None
        held = passes.read(token.decode("latin-1"), self._keys, datetime.fromtimestamp(now, UTC)) if token else None
        return held.visitor if held is not None else None

    def _institution(self, peer: str, forwarded: str, now: float) -> str | None:
        asked = (peer, forwarded)
        known = self._institutions
        if asked in known:
            return known[asked]
        address = network.client_address(peer, forwarded, self._trusted)
        found = networks.match(self.licences, address, datetime.fromtimestamp(now, UTC))
        if len(known) < MOST_REMEMBERED and len(forwarded) < LONGEST_REMEMBERED:
            known[asked] = found
        return found

    def _variant(self, page: Page, visitor: Visitor, institution: str | None, now: float) -> Variant | None:
        if page.uniform:
            return next(iter(list(page.variants.values())), None)  # a copy: another thread may add one
        if institution is not None:
            visitor = replace(visitor, institution=institution)
        moment = datetime.fromtimestamp(now, UTC)
        path = page.key.decode()
        if page.article is not None:
            decision = decide(self._policy, page.article, visitor, moment)
            view = view_of(path, decision.standing, decision, institution=institution, locale=page.locale)
        else:
            view = view_of(path, standing(visitor, moment), None, institution=institution, locale=page.locale)
        return page.variants.get(view)

    def _still_shown(self, variant: Variant, now: float, claimed: list[Variant] | None) -> bool:
        """Whether ``variant`` is shown although it is not the newest: while the log is away, or while a younger one is made."""
        if now >= variant.until:
            return False
        if self.log.failing:
            return True
        if not variant.stale_at <= now < variant.stale_at + GRACE:  # a clock that was put back does not make it young again
            return False
        if variant.rendering:
            return claimed is None or variant not in claimed
        if claimed is not None:
            variant.rendering = True
            claimed.append(variant)
        return False

    # --- as a WSGI application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not (path in COVERED_WHOLE or path.startswith(COVERED)):
            return self.application(environ, start_response)
        if path.startswith(PASSED_BY):
            return self.application(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        if path == OFFER and NAMES_EDITION in environ.get("HTTP_REFERER", "") and NAMES_EDITION not in query:
            return self.application(environ, start_response)
        cookie = environ["HTTP_COOKIE"].encode("latin-1") if "HTTP_COOKIE" in environ else None
        url = (f"{path}?{query}" if query else path).encode("latin-1")
        peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        if "?" in path:  # it was sent encoded, and names another page than what it looks like
            return self.application(environ, start_response)

        claimed: list[Variant] = []

        def look() -> Found | None:
            return self.find(url, cookie, peer, forwarded, claimed)

        try:
            found = look()
            if found is None and self._behind(cookie):
                found = look()
            if found is None:
                key = self._flight(url, cookie, peer, forwarded)
                if key is None:
                    return self._ask_django(environ, start_response, url, look)
                with self.flights.lead(key) as first:
                    # the one before may have landed between our look and now
                    found = look()
                    if found is None and first:
                        return self._ask_django(environ, start_response, url, look)
            if found is None:
                return self._ask_django(environ, start_response, url, look)
            return self._answer(found, environ, start_response)
        finally:
            for variant in claimed:
                variant.rendering = False

    def _behind(self, cookie: bytes | None) -> bool:
        """Read the log where this visitor's pass is younger than what we know of it: what they did must count at once."""
        if self.read_log is None or cookie is None or self._hint not in cookie:
            return False
        token = Cookies(cookie, self._ours).token
        holder = holders.read(token, self._by_header, self._profiles, self._now()) if token else None
        if holder is None or (holder.number <= self.log.number and holder.policy_version == self._policy.version):
            return False
        self.read_log()
        return True

    def _flight(self, url: bytes, cookie: bytes | None, peer: str, forwarded: str) -> object | None:
        """What makes two misses the same one; None for a visitor whom only Django knows."""
        now = self._now()
        if now >= self._deadline:
            return None
        if cookie is None or self._hint not in cookie:
            holder: Holder | None = self._nobody if now < self._nobody.expires else self._anonymous(now)
        else:
            holder = self._memo.get(cookie) or self._hold(cookie, now)
        if holder is None or holder.singles:
            return None
        return (url, holder.profile, self._institution(peer, forwarded, now) if self.licences else None)

    def _ask_django(
        self, environ: dict[str, Any], start_response: Callable[..., Any], url: bytes, look: Callable[[], Found | None]
    ) -> Iterable[bytes]:
        catch = Catch(lambda visitor: self._held_for(url, visitor))
        # the number is read before anything is rendered: what changes meanwhile makes the page stale
        before, known, began = self.log, self.log.number, self._now()
        told: list[Any] = []

        def told_by_django(status: str, given: Headers, exc_info: Any = None) -> Callable[[bytes], Any]:
            told[:] = [status, given, exc_info]
            return _no_write

        # a GET also for a HEAD: what is kept has to have a body
        body = self.application({**environ, CATCH: catch, "REQUEST_METHOD": "GET"}, told_by_django)
        if catch.found is not None:
            _close(body)
            catch.found.used = True
            return self._send_to_known(catch.found, catch.subject, told[1], environ, start_response)
        if catch.mark is None or not str(told[0]).startswith("200"):  # marked, and something went wrong after that
            if told and str(told[0]).startswith("503"):
                self.failed()  # the database is away: what is held is as good as it gets
                held = look()
                if held is not None:
                    _close(body)
                    return self._answer(held, environ, start_response)
            start_response(*told[:2], *([told[2]] if told[2] else []))
            if environ["REQUEST_METHOD"] == "HEAD":
                _close(body)
                return []
            return body
        try:
            content = b"".join(body)
        finally:
            _close(body)
        given = told[1]
        mark: Mark = catch.mark
        variant = Variant(
            mark.view,
            content,
            given,
            number=known,
            keys=mark.keys,
            until=_timestamp(mark.until),
            fresh_until=_timestamp(mark.fresh_until),
            tallies=self._tallies(mark),
        )
        if before is self.log and known >= 0:
            self._keep(variant, mark, began)
        return self._send_to_known(variant, catch.subject, given, environ, start_response)

    def _held_for(self, url: bytes, visitor: Visitor) -> Variant | None:
        """A variant, not stale, for a visitor whom Django knows: then only their new pass has to be made, and no page."""
        now = self._now()
        page = self._page(url)
        if page is None or now >= self._deadline:
            return None
        variant = self._variant(page, visitor, visitor.institution, now)
        return variant if variant is not None and now < variant.good_until else None

    def _send_to_known(
        self, variant: Variant, subject: str, given: Headers, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Send ``variant`` to ``subject`` with what Django said (``given``): their cookies, and whether others may keep it."""
        control = next((value for name, value in given if name.lower() == "cache-control"), headers.PRIVATE)
        cookies = [(name, value) for name, value in given if name.lower() == "set-cookie"]
        self._tell(variant, subject, environ)
        return self._send(variant, control, cookies, environ, start_response)

    def _keep(self, variant: Variant, mark: Mark, began: float) -> None:
        self.store.keep(
            mark.view.path.encode(),
            variant,
            article=mark.article,
            parameters=mark.parameters,
            uniform=not mark.view.standing,
        )
        # whatever was learnt while it was being made did not find it in the store
        if self.log.latest("*", "policy", *mark.keys) > variant.number:
            variant.stale(began)  # not now: a page that took seconds to make is that much older

    def _answer(self, found: Found, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._tell(found.variant, found.holder.subject, environ)
        return self._send(found.variant, CONTROL[found.privacy], [], environ, start_response)

    def _send(
        self, variant: Variant, control: str, cookies: Headers, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        held = environ.get("HTTP_IF_NONE_MATCH")
        if held is not None and holds(held, variant.etag):
            start_response("304 Not Modified", [*variant.headers_held(control), *cookies])
            return []
        encoding = self.encoding(environ.get("HTTP_ACCEPT_ENCODING", "").encode("latin-1"))
        self.prepare(variant, encoding)
        start_response("200 OK", [*variant.headers(encoding, control), *cookies])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [variant.body(encoding)]

    # --- for servers that ask directly

    def encoding(self, accept: bytes) -> int:
        """The encoding for ``Accept-Encoding: accept``."""
        known = self._encodings.get(accept)
        if known is None:
            known = best_encoding(accept.decode("latin-1")) if len(accept) < 1000 else IDENTITY
            if len(self._encodings) < MOST_REMEMBERED and len(accept) < LONGEST_REMEMBERED:
                self._encodings[accept] = known
        return known

    def prepare(self, variant: Variant, encoding: int) -> None:
        """Have ``variant`` at hand in ``encoding`` (some milliseconds, the first time)."""
        before = variant.size
        variant.body(encoding)
        if variant.size != before:
            self.store.grown(variant)

    def _tell(self, variant: Variant, subject: str, environ: dict[str, Any]) -> None:
        if environ["REQUEST_METHOD"] == "GET" and "prefetch" not in environ.get("HTTP_SEC_PURPOSE", ""):
            peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
            self.tell(variant, subject, peer, forwarded, environ.get("HTTP_USER_AGENT", ""))

    def tell(self, variant: Variant, subject: str, peer: str, forwarded: str, agent: str) -> None:
        """Have it counted that ``variant`` was shown."""
        if self._count is not None and variant.tallies is not None:
            self._count(variant.tallies, subject, peer, forwarded, agent)


def _timestamp(moment: datetime | None) -> float:
    return NEVER if moment is None else moment.timestamp()


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _no_write(data: bytes) -> None:
    raise TypeError("Django answers with an iterable")


def _common(names: frozenset[bytes]) -> bytes:
    first, last = min(names), max(names)
    length = next((i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:length]
