"""The library's face: what is found for whom. Of who asks it knows one thing: whether everything is open to them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import tantivy
from django.conf import settings
from tantivy import Occur, Query

from masthead.access.policy import Policy, Standing, Visitor, standing
from masthead.articles.models import Topic
from masthead.core import changelog
from masthead.core.remembered import Remembered
from masthead.library import languages, spelling, unspaced, wording, world
from masthead.library.matching import MOST_NEAR, Matcher, Synonyms, combined, synonyms_of
from masthead.library.models import Ranking
from masthead.library.passages import Marker, marker
from masthead.library.place import Place, place_in
from masthead.library.query import DEEPEST, PAGE, Order, Request, Wanted, read
from masthead.library.reading import Library, State
from masthead.library.schema import FACETS, SCHEMA
from masthead.library.soundness import is_damage

log = logging.getLogger("masthead.library")

FEW = 3  # hits below which we help: another spelling, fewer words
SHORT = 3  # words, all of which have to be there as long as any article has them
ENOUGH = 10  # hits, below which a longer search is content with some of its words
ALL = 1_000  # words
MOST_SLIPS = 5  # misspelt words
RERANKED = 200  # of the best hits, those in which the date counts
FACET_VALUES = 12
YEARS = 400
MOST_MARKED = 12  # ways to say a word
UNSEARCHED = "What is written without spaces is looked for in headlines and openings; with All-Access, everywhere."


@dataclass(frozen=True, slots=True)
class Results:
    """What was found. ``numbers`` are articles, in order; ``total`` all that match.

    ``facets`` and ``timeline`` count what this visitor may search in full: for whoever may not read everything they leave out
    what matched in the rest only. ``marks`` finds the words in a text. ``seconds`` were spent in tantivy.
    """

    request: Request
    ready: bool = True
    done: int = 0  # while the index is being built: articles so far, of
    of: int = 0
    numbers: tuple[int, ...] = ()
    total: int = 0
    facets: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    timeline: tuple[tuple[str, int], ...] = ()  # ("2019", 12), and where a year is chosen also ("2019-03", 2)
    undated: int = 0  # of what is counted, what stands in no year
    suggestion: str = ""  # another spelling of the whole text
    corrected: str = ""  # what was searched for instead, where the text as typed finds nothing
    at_least: int | None = None  # so many of the words had to match; None for all of them, as they were typed
    half_blind: bool = False  # something asked for looks only at openings for this visitor (a phrase, an exclusion)
    notes: tuple[str, ...] = ()
    marks: Marker = field(default_factory=lambda: marker((), "", ("en",)))
    seconds: float = 0.0

    @property
    def loosened(self) -> bool:
        """Whether not all words had to match as they were typed."""
        return self.at_least is not None

    @property
    def pages(self) -> int:
        """How many pages can be looked at."""
        return min(DEEPEST, ceil(self.total / PAGE))


def reads_everything(visitor: Visitor, now: datetime) -> bool:
    """Whether the library may search all of every article for ``visitor``: they have a grant without article."""
    return standing(visitor, now) in (Standing.SUBSCRIBER, Standing.STAFF) or bool(visitor.institution)


def library() -> Library:
    """This data directory's index, opened once."""
    return _library(place_in(settings.MASTHEAD.data))


@lru_cache(maxsize=4)
def _library(place: Place) -> Library:
    return Library(place)


@cache
def _of_the_world() -> Synonyms:
    return synonyms_of(world.synonyms(), world.overlapping())


def _load_synonyms() -> Synonyms:
    ours: list[tuple[str, ...]] = []
    for name, kind, aliases in Topic.objects.values_list("name", "kind", "aliases"):
        others = [line.strip() for line in aliases.splitlines() if line.strip()]
        if kind == Topic.Kind.THEME:
            # what belongs to a theme means the theme, and not whatever else belongs to it: straits are no law of the sea
            ours += [(name, other) for other in others]
        elif others:
            ours.append((name, *others))
        if unspaced.unusual(name) and not others:  # what is written without spaces is known for a word by being a name
            ours.append((name,))
    return synonyms_of(ours, world.overlapping(), _of_the_world())


_synonyms = Remembered(_load_synonyms, changelog.LIST)


class _Asking:
    """One search: the state it looks at, and how long it has looked."""

    def __init__(self, state: State, policy: Policy, *, whole: bool, now: datetime) -> None:
        self.state = state
        self.now = now
        self.seconds = 0.0
        self.matcher = Matcher(
            languages=tuple(dict.fromkeys((state.about.language, *state.about.languages))),
            counts=state.counts,
            synonyms=_synonyms.get(),
            whole=whole,
            # a shorter teaser was decided and the index does not know yet: what it calls an opening may be shut by now
            openings=state.about.teaser <= policy.teaser_paragraphs,
        )

    def moments(self, wanted: Wanted) -> list[tuple[datetime | None, datetime | None]]:
        """What the dates asked for mean, and that nothing dated later than now is shown."""
        zone = ZoneInfo(self.state.about.timezone)
        since = datetime(wanted.since.year, wanted.since.month, wanted.since.day, tzinfo=zone) if wanted.since else None
        until = datetime(wanted.until.year, wanted.until.month, wanted.until.day, tzinfo=zone) if wanted.until else None
        found = [(since, until)] if since or until else []
        if self.state.latest > self.now.timestamp():
            found.append((None, self.now + timedelta(seconds=1)))
        return found

    def query(self, request: Request, wanted: Wanted, *, rest: bool = True, at_least: int | None = None) -> Query:
        """What matches ``wanted``. While it is typed, that is also what its last word means as it stands.

        Without ``rest`` it is to be counted: what only brings a better order is left out.
        """
        query = self._query(request, wanted, rest=rest, at_least=at_least)
        if not (request.typing and wanted.prefix):
            return query
        complete = read(request.text)
        senses = self.matcher.senses(complete)
        if len(senses) > MOST_NEAR:
            return query  # of so many words the last one hardly matters, and asking twice is what costs
        if not senses or (len(senses[-1].ways) == 1 and len(senses[-1].typed) == 1):
            return query  # it means nothing but itself, which the prefix finds
        return Query.boolean_query(
            [(Occur.Should, query), (Occur.Should, self._query(request, complete, rest=rest, at_least=at_least))]
        )

    def _query(self, request: Request, wanted: Wanted, *, rest: bool, at_least: int | None) -> Query:
        apart = at_least is not None
        groups, phrases = self.matcher.groups(wanted, rest=rest, apart=apart), self.matcher.phrases(wanted, rest=rest)
        if not groups and (wanted.words or wanted.prefix):
            phrases.append(Query.empty_query())  # what was typed is no word of any text: that is not to ask for nothing
        ranked = rest and request.order == Order.RELEVANCE and bool(groups or phrases)
        return combined(
            groups,
            at_least=at_least,
            required=phrases,
            extras=self.matcher.extras(wanted, apart=apart) if ranked else (),
            excluded=self.matcher.excluded(wanted),
            filters=self.matcher.filters(request, wanted, self.moments(wanted)),
        )

    def count(self, query: Query) -> int:
        begun = time.perf_counter()
        found: Any = self.state.searcher.search(query, limit=1)
        self.seconds += time.perf_counter() - begun
        return int(found.count)

    def stands(self, word: str, least: int = 1) -> bool:
        """Whether at least so many articles have ``word`` (folded) in what anybody may see of them now.

        Counted: the dictionary goes on naming the words of what was withdrawn or has been shut since, and knows no dates.
        """
        said = Query.term_query(SCHEMA, "words", word, index_option="basic")
        return self.count(combined([said], filters=self.shown())) >= least

    def shown(self) -> list[Query]:
        """What keeps articles out that are dated later than now."""
        return self.matcher.filters(Request(), Wanted(), self.moments(Wanted()))

    def hits(self, query: Query, request: Request) -> tuple[tuple[int, ...], int]:
        """The articles of the page asked for, and how many there are in all."""
        begun = time.perf_counter()
        searcher = self.state.searcher
        result: Any  # tantivy's stub forgets the count
        offset = (request.page - 1) * PAGE
        if request.order != Order.RELEVANCE:
            order = _ORDERS[request.order]
            result = searcher.search(query, PAGE, order_by_field="turn", offset=offset, order=order)
            addresses = [address for _, address in result.hits]
        elif offset < RERANKED:
            result = searcher.search(query, RERANKED + PAGE)
            # beyond them the date does not count any more; so none is shown twice, wherever one page ends
            best, after = result.hits[:RERANKED], result.hits[RERANKED:]
            found = [address for _, address in best]
            dates, held = searcher.fast_field_values("dated", found), searcher.fast_field_values("number", found)
            factor = _recency(self.now)
            # what is equal stands in the same order on every machine: where a document lies depends on who wrote what when
            order_of = sorted(
                range(len(best)),
                key=lambda n: (-(best[n][0] or 0.0) * factor(int(dates[n] or 0)), -int(dates[n] or 0), -int(held[n] or 0)),
            )
            addresses = [*(best[n][1] for n in order_of), *(address for _, address in after)][offset : offset + PAGE]
        else:
            result = searcher.search(query, PAGE, offset=offset)
            addresses = [address for _, address in result.hits]
        numbers = searcher.fast_field_values("number", addresses) if addresses else []
        self.seconds += time.perf_counter() - begun
        return tuple(int(number or 0) for number in numbers), int(result.count)

    def counted(self, query: Query, names: dict[str, int]) -> dict[str, tuple[tuple[str, int], ...]]:
        """How often each value of the facets in ``names`` occurs among what matches: the so many most frequent."""
        begun = time.perf_counter()
        wanted = {name: {"terms": {"field": name, "size": size}} for name, size in names.items()}
        found = self.state.searcher.aggregate(query, wanted)
        self.seconds += time.perf_counter() - begun
        return {
            name: tuple((_key(bucket["key"]), int(bucket["doc_count"])) for bucket in found[name]["buckets"]) for name in names
        }


def _key(value: object) -> str:
    return f"{int(value):04}" if isinstance(value, float | int) else str(value)


def search(request: Request, *, whole: bool, policy: Policy, now: datetime, facets: bool = True) -> Results:
    """What is found for ``request``. ``whole``: for a visitor to whom everything is open (:func:`reads_everything`).

    Never raises for anything typed. Where there is no index yet, or a damaged one, the results say so.
    """
    shelf = library()
    state = shelf.state()
    if state is None:
        done, of = shelf.place.progress()
        return Results(request, ready=False, done=done, of=of)
    asking = _Asking(state, policy, whole=whole, now=now)
    try:
        return _search(asking, request, facets=facets)
    except BaseException as error:
        if not is_damage(error):
            raise
        _damaged(shelf, error)
        return Results(request, ready=False)


def _damaged(shelf: Library, error: BaseException) -> None:
    """A file is damaged or gone: whoever writes is to look, and so are we."""
    log.warning("the library could not be searched: %s", error)
    shelf.place.doubt()
    shelf.forget()


def _search(asking: _Asking, request: Request, *, facets: bool) -> Results:
    wanted = read(request.text, typing=request.typing)
    senses = len(asking.matcher.senses(wanted))
    query, at_least, corrected = asking.query(request, wanted), None, ""
    numbers, total = asking.hits(query, request)
    # while it is typed, a word of which anything is found may simply go on
    helping = request.text and (total < FEW if not request.typing else not total)
    suggestion = _respelt(asking, request.text, read(request.text) if request.typing else wanted) if helping else ""
    if not total and suggestion:
        again = read(suggestion)
        tried = asking.query(request, again)
        found = asking.hits(tried, request)
        if found[1]:
            corrected, wanted, query, (numbers, total) = suggestion, again, tried, found
            senses = len(asking.matcher.senses(wanted))
    # the longer a question, the less each of its words is meant
    if total < (1 if senses <= SHORT else ENOUGH):
        for few in (*((ALL,) if asking.matcher.breaks(wanted) else ()), *asking.matcher.few(wanted)):
            some = asking.query(request, wanted, at_least=few)
            found = asking.hits(some, request)
            if found[1] > total:
                query, at_least, (numbers, total) = some, few, found
            if total >= FEW or (total and few != ALL):
                break  # what has fewer of its words would only stand behind
    counted: dict[str, tuple[tuple[str, int], ...]] = {}
    timeline: tuple[tuple[str, int], ...] = ()
    undated = 0
    if facets and total:
        whole = asking.matcher.whole
        open_query = query if whole else asking.query(request, wanted, rest=False, at_least=at_least)
        counted = asking.counted(open_query, {**dict.fromkeys(FACETS, FACET_VALUES), "year": YEARS})
        timeline = counted.pop("year")
        if request.year is None:  # each article has one access
            undated = sum(number for _, number in counted["access"]) - sum(number for _, number in timeline)
        if request.year is not None:
            anywhen = replace(request, year=None, month=None)
            all_years = asking.query(anywhen, wanted, rest=False, at_least=at_least)
            timeline = asking.counted(all_years, {"year": YEARS})["year"]
            in_year = asking.query(replace(request, month=None), wanted, rest=False, at_least=at_least)
            timeline += asking.counted(in_year, {"month": 12})["month"]
        timeline = tuple(sorted(timeline))
    if suggestion and suggestion != corrected and asking.count(asking.query(request, read(suggestion), rest=False)) <= total:
        suggestion = ""
    return Results(
        request,
        numbers=numbers,
        total=total,
        facets=counted,
        timeline=timeline,
        undated=undated,
        suggestion="" if corrected else suggestion,
        corrected=corrected,
        at_least=at_least,
        half_blind=not asking.matcher.whole and bool(wanted.phrases or wanted.excluded),
        notes=(*request.notes, *wanted.notes, *([UNSEARCHED] if asking.matcher.unsearched(wanted) else ())),
        marks=_marker(asking.matcher, wanted, apart=at_least is not None),
        seconds=asking.seconds,
    )


def _marker(matcher: Matcher, wanted: Wanted, *, apart: bool) -> Marker:
    senses = matcher.senses(wanted, apart=apart)
    main = matcher.languages[0]
    # several words that are one thing are marked where they stand together: each alone means something else
    ways = [sense.typed for sense in senses] + [words for sense in senses for words, _ in sense.ways[1:MOST_MARKED]]
    quoted = [text for phrase in wanted.phrases if not phrase.excluded for text in phrase.text.split()]
    ways += [run for text in quoted for run in languages.runs(text, main)]
    words = [unspaced.together(way) if all(map(unspaced.is_run, way)) else " ".join(way) for way in ways]
    if "en" in matcher.languages:
        words += [other for word in words for other in wording.spellings(word)]
    prefix = languages.words(wanted.prefix)
    telling = [word for word in words if not languages.is_function_word(word, main)] or words
    return marker([*telling, *prefix], prefix[-1] if prefix else "", matcher.languages)


def _respelt(asking: _Asking, text: str, wanted: Wanted) -> str:
    """``text`` with each word that hardly anybody wrote in the spelling that many did; empty where nothing is to be mended."""
    if not asking.matcher.openings:
        return ""
    begun = time.perf_counter()
    mended = text
    typed = (*wanted.words, *(phrase.text for phrase in wanted.phrases))
    rare = [
        (word, held)
        for word in dict.fromkeys(word for one in typed for word in languages.words(one))
        if not unspaced.is_run(word) and (held := asking.state.counts.in_openings(word)) < FEW
    ]
    # nobody slips so often: a text in a language that is not ours would only cost time
    for word, held in rare if len(rare) <= MOST_SLIPS else ():
        if other := spelling.nearest(word, asking.state.searcher, held, asking.stands):
            mended = _replaced(mended, word, other)
    asking.seconds += time.perf_counter() - begun
    return mended if mended != text else ""


def _replaced(text: str, word: str, other: str) -> str:
    """``text`` with ``other`` for every ``word`` (folded) in it."""
    pieces = []
    for piece in text.split(" "):
        bare = piece.strip("\"'“”„«».,;:!?()-*")
        if bare and languages.words(bare) == [word]:
            pieces.append(piece.replace(bare, other))
        else:
            pieces.append(piece)
    return " ".join(pieces)


# --- order

_ORDERS = {Order.NEWEST: tantivy.Order.Desc, Order.OLDEST: tantivy.Order.Asc}
_YEAR = 365.25 * 86400  # seconds


def _load_ranking() -> tuple[float, float]:
    row = Ranking.objects.first() or Ranking()
    return row.recency, max(row.half_life, 0.05)


_ranking = Remembered(_load_ranking, changelog.POLICY)


def _recency(now: datetime) -> Callable[[int], float]:
    """How much more an article is worth for being young: a function of its date in seconds since 1970."""
    strength, half_life = _ranking.get()
    moment = now.timestamp()

    def factor(dated: int) -> float:
        return 1.0 + float(strength * 0.5 ** (max(0.0, (moment - dated) / _YEAR) / half_life))

    return factor


# --- while typing


def completions(text: str, *, policy: Policy, now: datetime, most: int = 8) -> list[str]:
    """What ``text`` may become: its last word completed, by how many articles say so in what anybody may see."""
    state = library().state()
    typed = " ".join(text.split())
    if state is None or not typed or text[-1:].isspace():
        return []
    asking = _Asking(state, policy, whole=False, now=now)
    if not asking.matcher.openings:
        return []
    before, _, last = typed.rpartition(" ")
    words = languages.words(last)
    if len(words) != 1 or len(words[0]) < 2 or unspaced.is_run(words[0]):
        return []
    try:
        return _completed(asking, before, words[0], most)
    except BaseException as error:
        if not is_damage(error):
            raise
        _damaged(library(), error)
        return []


def _completed(asking: _Asking, before: str, beginning: str, most: int) -> list[str]:
    within = asking.query(Request(text=before), read(before), rest=False) if before else None
    found = asking.state.searcher.terms_with_prefix("words", beginning, within, most * 4)
    main = asking.matcher.languages[0]
    kept: dict[str, str] = {}  # one of each stem: the most frequent
    for term, _ in found:
        stem = languages.stem(term, main)
        if stem not in kept and not languages.is_function_word(term, main) and asking.stands(term):
            kept[stem] = term
            if len(kept) == most:
                break
    return [f"{before} {languages.shown(term)}".strip() for term in kept.values()]
