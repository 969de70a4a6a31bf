"""A search as tantivy is asked it; and the rule that keeps the rest of shut articles from being guessed. Pure.

*No oracle.* Whoever may not read everything searches what anybody may see (headline, standfirst, names, opening) in full, and the
rest of an article as a bag of words: a stemmed word of it may match, without its place, how often it stands there or how long the
text is, and only if at least :data:`COMMON` articles have it. Phrases, prefixes, exclusions, suggestions, counts and timeline
never look at the rest. So two texts with the same common words cannot be told apart, however many questions are asked:
tests/library/test_no_oracle.py plays that attacker.

The bag is the ``body`` field, asked for one term at a time with a constant score: :meth:`Matcher._in_rest` alone does that.

Of what is written without spaces the index holds overlapping pairs of characters, and those of a sentence do tell its order. In
the bag they count where together they are a name the editors gave, and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, datetime
from functools import lru_cache, wraps
from itertools import pairwise
from typing import Any, Concatenate, ParamSpec, TypeVar

from tantivy import FieldType, Occur, Query, Searcher

from masthead.library import languages, unspaced, wording
from masthead.library.query import Phrase, Request, Wanted
from masthead.library.schema import SCHEMA, name_of

COMMON = 5  # articles that must have a word before the rest of a shut article is found by it

# Measured on four collections and on headlines half remembered: docs/explanation/library.md, `script/bench relevance`. Words are
# weighed in one field that holds everything a visitor searches (splitting a text in two costs a tenth of the ranking); what says
# that a word stands in a better place adds a little to it.
PLACES = {"title": 0.2, "standfirst": 0.1, "topics": 0.3, "authors": 0.5}
OPENING = 0.5
BAG = 1.0  # times a word's rarity: what finding it somewhere in the rest is worth
SYNONYM = 0.6
REPEATED = 0.8  # a word asked for n times counts n ** this
NEAR_IN_TEXT, NEAR_IN_TITLE = 0.1, 0.3  # for neighbouring words of the search that stand together
NEAR_IN_SHORT, FEW = 0.3, 3  # in the text, for so few words that they are likely a name
VERBATIM = 0.5  # for all that was typed, as it was typed: a sentence, or a headline
ALL_IN_TITLE = 0.5
OF_YEAR = 1.0  # for being of a year that is asked for among the words
MOST_NEAR = 8  # pairs, and words from which on pairs are looked for in headlines only: phrases are what costs
MOST_SENSES = 24  # different words
LONGEST_NAME = 8  # words of what means the same as something else
MOST_TOGETHER = 24  # words of one phrase, or of one word with hyphens
LONGEST_RUN = 5  # pieces of what is written without spaces, up to which it is taken for one word
SHORTEST_PREFIX = 2

Terms = tuple[str, ...]
Moments = tuple[datetime | None, datetime | None]  # from, and until before
Synonyms = Mapping[Terms, Sequence[Terms]]  # folded words to the folded words that mean the same


@dataclass(slots=True)
class Counts:
    """How many articles have a term, remembered for as long as one state of the index is looked at."""

    searcher: Searcher
    _rest: dict[str, int] = field(default_factory=dict)
    _held: dict[tuple[str, str], int] = field(default_factory=dict)

    def rarity(self, count: int) -> float:
        """How much a term tells that stands in ``count`` articles: what BM25 takes it for."""
        number = max(1, self.searcher.num_docs)
        return math.log(1 + (max(0, number - count) + 0.5) / (count + 0.5))

    def held(self, name: str, term: str) -> int:
        """About how many articles have ``term`` in the field ``name``, which has to be one this visitor searches in full."""
        key = name, term
        known = self._held.get(key)
        if known is None:
            if len(self._held) > 50_000:
                self._held.clear()
            known = self._held[key] = self.searcher.doc_freq(name, term)
        return known

    def in_texts(self, term: str) -> int:
        """How many articles have ``term`` anywhere in their text.

        Counted, not taken from the dictionary: that goes on counting former versions of an article until segments are merged, so
        that five corrections of one article would make its rarest word common.
        """
        known = self._rest.get(term)
        if known is None:
            known = self.searcher.doc_freq("body", term)
            if known >= COMMON:
                found: Any = self.searcher.search(Query.term_query(SCHEMA, "body", term), limit=1)  # its stub forgets the count
                known = int(found.count)
            if len(self._rest) > 20_000:
                self._rest.clear()
            self._rest[term] = known
        return known

    def in_openings(self, word: str) -> int:
        """About how many articles have ``word`` in what anybody may see of them."""
        return self.searcher.doc_freq("words", word)


@dataclass(frozen=True, slots=True)
class Sense:
    """Something that is asked for: ``ways`` to say it, each with its worth, the first as typed; and how often it was."""

    ways: tuple[tuple[Terms, float], ...]
    times: int = 1

    @property
    def typed(self) -> Terms:
        """As it was typed."""
        return self.ways[0][0]


_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def _once(
    method: Callable[Concatenate[Matcher, _Given], _Answer],
) -> Callable[Concatenate[Matcher, _Given], _Answer]:
    """Has a matcher work something out once: one search asks for the same words four to ten times."""

    @wraps(method)
    def answer(self: Matcher, /, *given: _Given.args, **named: _Given.kwargs) -> _Answer:
        key = method, given, *named.items()
        known: _Answer
        try:
            known = self.known[key]
        except KeyError:
            if len(self.known) > _MOST_KNOWN:
                self.known.clear()
            known = self.known[key] = method(self, *given, **named)
        return known

    return answer


_MOST_KNOWN = 50_000  # a search needs some hundreds; who asks one matcher a thousand questions keeps no more


@lru_cache(maxsize=50_000)  # and no more: readers type what they like
def _forms(word: str, some: tuple[str, ...]) -> tuple[str, ...]:
    """The terms that ``word`` may stand under: stemmed by each language, and spelt otherwise in English."""
    forms = languages.stems(word, some)
    if "en" in some:
        forms += tuple(languages.stem(other, "en") for other in wording.spellings(word))
    return tuple(dict.fromkeys(forms))


@dataclass(frozen=True, slots=True)
class Matcher:
    """Makes tantivy queries. ``whole``: for somebody to whom everything is open. ``openings``: whether the index may be believed
    about where openings end (not while a shorter one has just been decided).
    """

    languages: tuple[str, ...]
    counts: Counts
    synonyms: Synonyms
    whole: bool
    openings: bool = True
    most: int = MOST_SENSES
    known: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields this visitor searches in full. The first holds all of them, where it may be believed."""
        if self.whole:
            return ("body",)
        return ("opening",) if self.openings else ("title", "standfirst", "topics")

    # Words ------------------------------------------------------------------------------------------------------------

    def groups(self, wanted: Wanted, *, rest: bool = True, apart: bool = False) -> list[Query]:
        """One query for each word that has to match (in any way to say it), and for the prefix.

        Without ``rest`` the bag is left out; ``apart`` as in :meth:`senses`.
        """
        found = [self._word(sense, rest=rest) for sense in self.senses(wanted, apart=apart)]
        if prefix := self._prefix(wanted.prefix, rest=rest):
            found.append(prefix)
        return found

    def phrases(self, wanted: Wanted, *, rest: bool = True) -> list[Query]:
        """One query for each phrase, all of which have to match."""
        return [self._phrase(phrase, rest=rest) for phrase in wanted.phrases if not phrase.excluded]

    @_once
    def senses(self, wanted: Wanted, *, apart: bool = False) -> Sequence[Sense]:
        """The words of ``wanted``, each as it was typed and as what means the same, with how often it was.

        Function words go, unless all are some. What belongs together is one word: what is written without spaces (up to a
        length), F-35, function words alone (to be or not to be); but not with ``apart``.
        """
        runs = self._typed(wanted)
        typed = [word for run in runs for word in run]
        # how many words its run has, from each word to the end and in all
        left = [(n, len(run)) for run in runs for n in range(len(run), 0, -1)]
        silent = {word for word in typed if languages.is_function_word(word, self.languages[0])}
        if len(silent) == len(set(typed)):
            silent = set()
            if not apart and 1 < len(typed) <= MOST_TOGETHER:
                return [Sense(((tuple(typed), 1.0),))]
        found: dict[Terms, int] = {}
        position = 0
        while position < len(typed):
            run = self._named(typed, position)
            if not run:
                rest, length = left[position]
                kept = not apart and (length <= LONGEST_RUN or not unspaced.is_run(typed[position]))
                run = tuple(typed[position : position + (rest if kept else 1)])
            if run[0] not in silent or len(run) > 1:
                found[run] = found.get(run, 0) + 1
            position += len(run)
            if left[position - 1][0] > 1 and unspaced.is_run(typed[position]):
                position += run in self.synonyms  # a name within a longer run: the next piece is half of the name
        return [Sense(self._ways(run), times) for run, times in found.items()][: self.most]

    @_once
    def _typed(self, wanted: Wanted) -> Sequence[Terms]:
        """The words of ``wanted`` in order, those that belong together as one."""
        runs = [run for text in wanted.words for run in languages.runs(text, self.languages[0])]
        # who searches for "us china" means no pronoun; whose sentence begins with a capital may
        if len(runs) <= MOST_NEAR and all(text == text.lower() for text in wanted.words):
            runs = [tuple(languages.meant(word, self.languages[0]) for word in run) for run in runs]
        joined: list[Terms] = []
        for run in runs:
            if joined and len(joined[-1]) == len(run) == 1 and wording.belong_together(joined[-1][0], run[0]):
                joined[-1] += run
            else:
                joined.append(run)
        return joined

    def _named(self, typed: Sequence[str], position: int) -> Terms:
        """The longest name at ``position`` that means the same as another; empty where there is none."""
        for length in range(min(LONGEST_NAME, len(typed) - position), 0, -1):
            if (run := tuple(typed[position : position + length])) in self.synonyms:
                return run
        return ()

    def _ways(self, run: Terms) -> tuple[tuple[Terms, float], ...]:
        """``run``, and what means the same: each worth no more than what was typed, however rare it is."""
        others = dict.fromkeys(self.synonyms.get(run, ()), SYNONYM)
        for guess in wording.written(run):
            if self._rarity(guess) or not self.whole:
                others[guess] = 1.0
        rarity = self._rarity(run)
        ways = [(run, 1.0)]
        for other, worth in others.items():
            its = self._rarity(other)
            ways.append((other, worth * (min(1.0, rarity / its) if rarity and its else 1.0)))
        return tuple(ways)

    @_once
    def _rarity(self, words: Terms) -> float:
        """How much ``words`` tell together; 0 where one of them stands nowhere."""
        counts = [sum(self.counts.held(self.fields[0], term) for term in self._forms(word)) for word in words]
        return sum(map(self.counts.rarity, counts)) if all(counts) else 0.0

    def _forms(self, word: str) -> tuple[str, ...]:
        """The terms that ``word`` may stand under."""
        return _forms(word, self.languages)

    @_once
    def _weighed_forms(self, word: str) -> Sequence[tuple[str, float]]:
        """The forms of ``word`` that there are, each with its worth: a form is rarer than the word, but tells no more."""
        forms = self._forms(word)
        if len(forms) == 1:
            return [(forms[0], 1.0)]
        counts = [(term, self.counts.held(self.fields[0], term)) for term in forms]
        rarity = self.counts.rarity(sum(count for _, count in counts))
        there = [(term, min(1.0, rarity / self.counts.rarity(count))) for term, count in counts if count or not self.openings]
        return there or [(forms[0], 1.0)]

    def breaks(self, wanted: Wanted) -> bool:
        """Whether something in it belongs together that could be taken apart."""
        return len(self.senses(wanted, apart=True)) > len(self.senses(wanted))

    def few(self, wanted: Wanted) -> list[int]:
        """With how many of its words, apart, a longer question may be content: first with most, then with fewer."""
        apart = self.senses(wanted, apart=True)
        pieces = sum(unspaced.is_run(sense.typed[0]) for sense in apart)
        if len(self.senses(wanted)) + bool(wanted.prefix) == 1 and not pieces:
            return []  # of one word no part means anything
        number = len(apart) + bool(wanted.prefix)
        return list(dict.fromkeys(max(1, n) for n in (math.ceil(number * 2 / 3), pieces // 3) if n < number))

    def unsearched(self, wanted: Wanted) -> bool:
        """Whether it has words that this visitor cannot look for in the rest, however common they are."""
        return not self.whole and not all(self._is_word(sense.typed) for sense in self.senses(wanted))

    @_once
    def _word(self, sense: Sense, *, rest: bool) -> Query:
        queries = []
        for words, worth in sense.ways:
            query = self._term(words[0], rest=rest) if len(words) == 1 else self._together(words, rest=rest)
            queries.append(_weighed(query, worth))
        # not the sum: an article that says both India and Indian is not twice about it
        query = queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries, 0.1)
        return Query.boost_query(query, sense.times**REPEATED) if sense.times > 1 else query

    def _term(self, word: str, *, rest: bool) -> Query:
        parts = []
        for term, worth in self._weighed_forms(word):
            for name in self.fields:
                parts.append(_weighed(Query.term_query(SCHEMA, name, term), worth * (OPENING if name == "opening" else 1.0)))
        if rest and self._is_word((word,)) and (bag := self._in_rest((word,))):
            parts.append(bag)
        if unspaced.is_single(word):
            parts += [*self._beginning(word), *self._matching(f"{unspaced.ANY}{{1,4}}{word}")]
        return _any(parts)

    def _together(self, words: Terms, *, rest: bool) -> Query:
        parts = [self._run(words, dict.fromkeys(self.fields, 1.0)), self._called_so(words)]
        if rest and self._is_word(words) and (bag := self._in_rest(words)):
            parts.append(bag)
        return _any(parts)

    def _is_word(self, words: Terms) -> bool:
        """Whether ``words`` tell no more of an order than a word does. The pieces of what has no spaces do, but for a name's."""
        return words in self.synonyms or not any(unspaced.tells_order(word) for word in words)

    def _in_rest(self, words: Terms) -> Query | None:
        """The bag: all of ``words`` somewhere in the text, for a constant score. None where any of them is too rare to tell."""
        if self.whole:
            return None
        rarity, found = 0.0, []
        for word in words:
            counts = {term: self.counts.in_texts(term) for term in self._forms(word)}
            common = [term for term, count in counts.items() if count >= COMMON]
            if not common:
                return None
            rarity = max(rarity, self.counts.rarity(sum(counts[term] for term in common)))
            found.append(_any([Query.term_query(SCHEMA, "body", term, index_option="basic") for term in common]))
        return Query.const_score_query(_all(found), max(0.01, BAG * rarity))

    def _prefix(self, text: str, *, rest: bool) -> Query | None:
        """Words that begin with ``text``; what stands before its last word (as in "trade-of") has to match as words."""
        typed = languages.words(text)
        if not typed:
            return None
        *before, last = typed
        parts = [self._term(last, rest=rest)]
        last = last.rstrip(languages.ACRONYM)  # US may become USSR
        if len(last) >= SHORTEST_PREFIX:
            parts += self._beginning(last)
        before = list(dict.fromkeys(before))[:MOST_TOGETHER]
        return _all([*(self._term(word, rest=rest) for word in before), _any(parts)])

    def _beginning(self, text: str) -> Sequence[Query]:
        return self._matching(f"{text}.*")

    @_once
    def _matching(self, pattern: str) -> Sequence[Query]:
        """Words that match a regular expression, never in the rest.

        What the analyzer leaves of a word, letters and digits and the signs on them, means nothing else in one.
        """
        worth = {"title": 2.0, "authors": 2.0}
        if self.openings:
            worth["words"] = 0.8
        if self.whole:
            worth["body"] = 0.5
        return [Query.const_score_query(Query.regex_query(SCHEMA, name, pattern), score) for name, score in worth.items()]

    # Phrases ----------------------------------------------------------------------------------------------------------

    def _phrase(self, phrase: Phrase, *, rest: bool) -> Query:
        words = tuple(languages.words(phrase.text)[:MOST_TOGETHER])
        if not words:
            return Query.empty_query()
        # one word in quotation marks is a word as such: without synonyms, but of the rest it may say as little as any
        if len(words) == 1:
            return self._term(words[0], rest=rest)
        return _any([self._run(words, dict.fromkeys(self.fields, 1.0)), self._called_so(words)])

    def _called_so(self, words: Terms) -> Query:
        """What has a topic of which ``words`` are another name. That it is said in the text is worth more."""
        return _weighed(Query.term_query(SCHEMA, "names", name_of(words, self.languages[0])), SYNONYM)

    def _run(self, words: Terms, fields: Mapping[str, float]) -> Query:
        """Two or more ``words`` in this order, in one of ``fields`` (with what it is worth there)."""
        runs = dict.fromkeys(tuple(languages.stem(word, language) for word in words) for language in self.languages)
        rarities = {terms: [self.counts.held(self.fields[0], term) for term in terms] for terms in runs}
        told = self._rarity(words)
        parts = []
        for terms, counts in rarities.items():
            own = sum(map(self.counts.rarity, counts))
            worth = min(1.0, told / own) if told and len(runs) > 1 else 1.0  # as with single words: rarer, but it tells no more
            parts += [_weighed(Query.phrase_query(SCHEMA, name, list(terms)), worth * weight) for name, weight in fields.items()]
        return _any(parts)

    # What is worth more without being asked for ------------------------------------------------------------------------

    @_once
    def extras(self, wanted: Wanted, *, apart: bool = False) -> Sequence[Query]:
        """Words in a better place than the text, and neighbouring words of the search that stand together."""
        senses = self.senses(wanted, apart=apart)
        found = []
        for sense in senses:
            for words, worth in sense.ways:
                if len(words) > 1:
                    found.append(self._run(words, {"title": PLACES["title"] * 2 * worth}))
                    continue
                weight = worth * sense.times**REPEATED
                for term, share in self._weighed_forms(words[0]):
                    for name in ("title", "standfirst", "topics"):
                        found.append(_weighed(Query.term_query(SCHEMA, name, term), PLACES[name] * weight * share))
                found.append(_weighed(Query.term_query(SCHEMA, "authors", words[0]), PLACES["authors"] * weight))
        text = [name for name in self.fields if name in ("body", "opening")]
        places = {"title": NEAR_IN_TITLE}
        if len(senses) <= MOST_NEAR:
            places |= dict.fromkeys(text, NEAR_IN_SHORT if len(senses) <= FEW else NEAR_IN_TEXT)
        pairs = [one.typed + other.typed for one, other in pairwise(senses)][:MOST_NEAR]
        found += [self._run(pair, places) for pair in pairs]
        verbatim = tuple(word for run in self._typed(wanted) for word in run)
        if 2 < len(verbatim) <= MOST_TOGETHER:
            found.append(self._run(verbatim, dict.fromkeys(["title", *text], VERBATIM)))
        if 1 < len(senses) <= MOST_NEAR:
            # all of them in the headline: that is what somebody remembers who is looking for this one
            found.append(_weighed(_all([self._in_title(sense) for sense in senses]), ALL_IN_TITLE))
            years = [int(word) for sense in senses for word in sense.typed if word.isdigit() and len(word) == 4]
            found += [Query.const_score_query(Query.term_query(SCHEMA, "year", year), OF_YEAR) for year in years]
        return found

    def _in_title(self, sense: Sense) -> Query:
        ways = []
        for words, worth in sense.ways:
            if len(words) > 1:
                ways.append(self._run(words, {"title": worth}))
            else:
                forms = self._weighed_forms(words[0])
                ways += [_weighed(Query.term_query(SCHEMA, "title", term), worth * share) for term, share in forms]
        return _any(ways)

    # What is left out, and filters -----------------------------------------------------------------------------------------

    def excluded(self, wanted: Wanted) -> list[Query]:
        """What must not match; of the rest of shut articles nothing can be said."""
        phrases = [*wanted.excluded, *(phrase.text for phrase in wanted.phrases if phrase.excluded)]
        return [self._phrase(Phrase(text, excluded=True), rest=False) for text in phrases]

    def filters(self, request: Request, wanted: Wanted, moments: Sequence[Moments]) -> list[Query]:
        """Facets, author:, topic: and ``moments`` (from, until), as queries that add nothing to the score."""
        found: list[Query] = []
        for name in ("topic", "region", "author"):
            found += [Query.term_query(SCHEMA, name, value) for value in getattr(request, name)]
        for name in ("format", "access"):
            if values := getattr(request, name):
                found.append(Query.term_set_query(SCHEMA, name, list(values)))
        if request.year is not None and request.month is not None:
            found.append(Query.term_query(SCHEMA, "month", f"{request.year:04}-{request.month:02}"))
        elif request.year is not None:
            found.append(Query.term_query(SCHEMA, "year", request.year))
        found += [self._called("authors", "author", name) for name in wanted.authors]
        found += [self._called("topics", "topic", name) for name in wanted.topics]
        for since, until in moments:
            lower = None if since is None else math.floor(since.timestamp())
            upper = None if until is None else math.floor(until.timestamp())
            if lower is not None or upper is not None:
                # an end that is left open may not be said to be left out
                found.append(Query.range_query(SCHEMA, "dated", FieldType.Integer, lower, upper, include_upper=upper is None))
        if wanted.since or wanted.until:  # what bears no date was written neither before nor after any
            years = (wanted.since.year if wanted.since else 0, wanted.until.year if wanted.until else MAXYEAR)
            found.append(Query.range_query(SCHEMA, "year", FieldType.Unsigned, *years))
        return [Query.const_score_query(query, 0.0) for query in found]

    def _called(self, text_field: str, slug_field: str, name: str) -> Query:
        words = languages.words(name)[:MOST_TOGETHER]
        parts = [Query.term_query(SCHEMA, slug_field, name.strip().lower())]
        if words:
            stem = self.languages[0] if text_field == "topics" else ""
            parts.append(_all([Query.term_query(SCHEMA, text_field, languages.stem(word, stem)) for word in words]))
        if text_field == "topics":
            parts.append(self._called_so(tuple(words)))
        return _any(parts)


def combined(
    groups: Sequence[Query],
    *,
    at_least: int | None = None,
    required: Sequence[Query] = (),
    extras: Sequence[Query] = (),
    excluded: Sequence[Query] = (),
    filters: Sequence[Query] = (),
) -> Query:
    """The whole query: all of ``groups`` or ``at_least`` so many, all that is ``required``, better with ``extras``, none that is
    ``excluded``, within ``filters``.
    """
    parts: list[tuple[Occur, Query]] = []
    if groups and (at_least is None or at_least >= len(groups)):
        parts += [(Occur.Must, query) for query in groups]
    elif groups:
        some = Query.boolean_query([(Occur.Should, query) for query in groups], minimum_number_should_match=at_least)
        parts.append((Occur.Must, some))
    parts += [(Occur.Must, query) for query in (*required, *filters)]
    if not parts:
        parts.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
    parts += [(Occur.Should, query) for query in extras]
    parts += [(Occur.MustNot, query) for query in excluded]
    return Query.boolean_query(parts)


def _weighed(query: Query, weight: float) -> Query:
    return query if weight == 1.0 else Query.boost_query(query, weight)


def _any(queries: Sequence[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, query) for query in queries])


def _all(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def synonyms_of(
    groups: Iterable[Sequence[str]], overlapping: Iterable[str] = (), known: Synonyms | None = None
) -> dict[Terms, Sequence[Terms]]:
    """Groups of words and names that mean the same, as the matcher looks them up. A name in two groups means either.

    Those that are ``overlapping``, part of what others are called, mean the same, but nobody who says the same means them.
    They come to those that are ``known``.
    """
    found: dict[Terms, Sequence[Terms]] = dict(known or {})
    vague = {tuple(languages.words(name)) for name in overlapping}
    for group in groups:
        folded = {words: name for name in group if (words := tuple(languages.words(name)))}
        for words, name in folded.items():
            # as it is looked up once it is typed: People's Republic without its s
            typed = tuple(word for text in name.split() for run in languages.runs(text, "en") for word in run)
            for key in {words, typed}:
                others = found.get(key, ())
                more = [other for other in folded if other not in (key, *others) and (other == words or other not in vague)]
                found[key] = (*others, *more)
    return found
