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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from tantivy import FieldType, Occur, Query, Searcher

from masthead.library import languages, unspaced
from masthead.library.query import Phrase, Request, Wanted
from masthead.library.schema import SCHEMA

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

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields this visitor searches in full. The first holds all of them, where it may be believed."""
        if self.whole:
            return ("body",)
        return ("opening",) if self.openings else ("title", "standfirst", "topics")

    # Words ------------------------------------------------------------------------------------------------------------

    def groups(self, wanted: Wanted, *, rest: bool = True, apart: bool = False) -> list[Query]:
        """One query for each thing that has to match: words (with their synonyms), the prefix, phrases.

        Without ``rest`` the bag is left out; ``apart`` as in :meth:`senses`.
        """
        found = [self._word(sense, times, rest=rest) for sense, times in self.senses(wanted, apart=apart)]
        if prefix := self._prefix(wanted.prefix, rest=rest):
            found.append(prefix)
        found += [self._phrase(phrase, rest=rest) for phrase in wanted.phrases if not phrase.excluded]
        return found

    def senses(self, wanted: Wanted, *, apart: bool = False) -> list[tuple[list[Terms], int]]:
        """The words of ``wanted``, each as it was typed and as what means the same, with how often it was.

        Function words go, unless all are some, or written like the name they may be (US, WHO). What is written without spaces is
        one word up to a length, or with ``apart`` each of its pieces.
        """
        typed: list[str] = []
        left: list[tuple[int, int]] = []  # of each word: how many its run has from it to the end, and in all
        names: set[str] = set()
        for text in wanted.words:
            runs = languages.runs(text)
            typed += [word for run in runs for word in run]
            left += [(n, len(run)) for run in runs for n in range(len(run), 0, -1)]
            if text.isupper() and 2 <= len(text) <= 4:
                names.update(word for run in runs for word in run)
        silent = {word for word in typed if word not in names and languages.is_function_word(word, self.languages[0])}
        if len(silent) == len(set(typed)):
            silent = set()
        found: dict[Terms, int] = {}
        position = 0
        while position < len(typed):
            for length in range(min(LONGEST_NAME, len(typed) - position), 0, -1):
                run = tuple(typed[position : position + length])
                if run in self.synonyms:
                    break
            rest, length = left[position]
            if run not in self.synonyms and length <= LONGEST_RUN and not apart:
                run = tuple(typed[position : position + rest])
            if run[0] not in silent or len(run) > 1:
                found[run] = found.get(run, 0) + 1
            position += len(run)
            if run in self.synonyms and left[position - 1][0] > 1:
                position += 1  # a name within a longer run: the next piece is half of the name
        return [([run, *self.synonyms.get(run, ())], times) for run, times in found.items()][: self.most]

    def enough(self, wanted: Wanted) -> int:
        """How many of its words, apart, a longer question may be content with: one, but of pieces a third. Any text has some."""
        return max(1, sum(unspaced.is_run(typed[0]) for (typed, *_), _ in self.senses(wanted, apart=True)) // 3)

    def unsearched(self, wanted: Wanted) -> bool:
        """Whether it has words that this visitor cannot look for in the rest, however common they are."""
        return not self.whole and not all(self._is_word(typed) for (typed, *_), _ in self.senses(wanted))

    def _word(self, senses: Sequence[Terms], times: int, *, rest: bool) -> Query:
        queries = []
        for number, words in enumerate(senses):
            query = self._term(words[0], rest=rest) if len(words) == 1 else self._together(words, rest=rest)
            queries.append(Query.boost_query(query, SYNONYM) if number else query)
        # not the sum: an article that says both India and Indian is not twice about it
        query = queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries, 0.1)
        return Query.boost_query(query, times**REPEATED) if times > 1 else query

    def _term(self, word: str, *, rest: bool) -> Query:
        parts = []
        for term in languages.stems(word, self.languages):
            for name in self.fields:
                parts.append(_weighed(Query.term_query(SCHEMA, name, term), OPENING if name == "opening" else 1.0))
            if rest and self._is_word((word,)) and (bag := self._in_rest([term])):
                parts.append(bag)
        if unspaced.is_single(word):
            parts += self._beginning(word) + self._matching(f"{unspaced.ANY}{{1,4}}{word}")
        return _any(parts)

    def _together(self, words: Terms, *, rest: bool) -> Query:
        parts = [self._run(words, dict.fromkeys(self.fields, 1.0))]
        if rest and self._is_word(words) and (bag := self._in_rest([languages.stem(word, self.languages[0]) for word in words])):
            parts.append(bag)
        return _any(parts)

    def _is_word(self, words: Terms) -> bool:
        """Whether ``words`` tell no more of an order than a word does. The pieces of what has no spaces do, but for a name's."""
        return words in self.synonyms or not any(unspaced.tells_order(word) for word in words)

    def _in_rest(self, terms: Sequence[str]) -> Query | None:
        """The bag: all of ``terms`` somewhere in the text, for a constant score. None where any of them is too rare to tell."""
        if self.whole:
            return None
        number = max(1, self.counts.searcher.num_docs)
        rarity = 0.0
        for term in terms:
            count = self.counts.in_texts(term)
            if count < COMMON:
                return None
            rarity = max(rarity, math.log(1 + (number - count + 0.5) / (count + 0.5)))
        found = [Query.term_query(SCHEMA, "body", term, index_option="basic") for term in terms]
        return Query.const_score_query(_all(found), max(0.01, BAG * rarity))

    def _prefix(self, text: str, *, rest: bool) -> Query | None:
        """Words that begin with ``text``; what stands before its last word (as in "trade-of") has to match as words."""
        typed = languages.words(text)
        if not typed:
            return None
        *before, last = typed
        parts = [self._term(last, rest=rest)]
        if len(last) >= SHORTEST_PREFIX:
            parts += self._beginning(last)
        before = list(dict.fromkeys(before))[:MOST_TOGETHER]
        return _all([*(self._term(word, rest=rest) for word in before), _any(parts)])

    def _beginning(self, text: str) -> list[Query]:
        return self._matching(f"{text}.*")

    def _matching(self, pattern: str) -> list[Query]:
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
        return self._run(words, dict.fromkeys(self.fields, 1.0))

    def _run(self, words: Terms, fields: Mapping[str, float]) -> Query:
        """Two or more ``words`` in this order, in one of ``fields`` (with what it is worth there)."""
        parts = []
        for terms in dict.fromkeys(tuple(languages.stem(word, language) for word in words) for language in self.languages):
            parts += [_weighed(Query.phrase_query(SCHEMA, name, list(terms)), weight) for name, weight in fields.items()]
        return _any(parts)

    # What is worth more without being asked for ------------------------------------------------------------------------

    def extras(self, wanted: Wanted, *, apart: bool = False) -> list[Query]:
        """Words in a better place than the text, and neighbouring words of the search that stand together."""
        senses = self.senses(wanted, apart=apart)
        found = []
        for (typed, *others), times in senses:
            for words, share in [(typed, 1.0), *((other, SYNONYM) for other in others)]:
                if len(words) > 1:
                    found.append(self._run(words, {"title": PLACES["title"] * 2 * share}))
                    continue
                weight = share * times**REPEATED
                for term in languages.stems(words[0], self.languages):
                    for name in ("title", "standfirst", "topics"):
                        found.append(_weighed(Query.term_query(SCHEMA, name, term), PLACES[name] * weight))
                found.append(_weighed(Query.term_query(SCHEMA, "authors", words[0]), PLACES["authors"] * weight))
        places = {"title": NEAR_IN_TITLE}
        if len(senses) <= MOST_NEAR:
            places |= {name: NEAR_IN_TEXT for name in self.fields if name in ("body", "opening")}
        pairs = [((*one[0], *other[0])) for (one, _), (other, _) in pairwise(senses)][:MOST_NEAR]
        return [*found, *(self._run(pair, places) for pair in pairs)]

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
        found += [self._named("authors", "author", name) for name in wanted.authors]
        found += [self._named("topics", "topic", name) for name in wanted.topics]
        for since, until in moments:
            lower = None if since is None else math.floor(since.timestamp())
            upper = None if until is None else math.floor(until.timestamp())
            if lower is not None or upper is not None:
                # an end that is left open may not be said to be left out
                found.append(
                    Query.range_query(SCHEMA, "dated", FieldType.Integer, lower, upper, include_upper=upper is None)
                )
        return [Query.const_score_query(query, 0.0) for query in found]

    def _named(self, text_field: str, slug_field: str, name: str) -> Query:
        words = languages.words(name)[:MOST_TOGETHER]
        parts = [Query.term_query(SCHEMA, slug_field, name.strip().lower())]
        if words:
            stem = self.languages[0] if text_field == "topics" else ""
            parts.append(_all([Query.term_query(SCHEMA, text_field, languages.stem(word, stem)) for word in words]))
        return _any(parts)


def combined(
    groups: Sequence[Query],
    *,
    at_least: int | None = None,
    extras: Sequence[Query] = (),
    excluded: Sequence[Query] = (),
    filters: Sequence[Query] = (),
) -> Query:
    """The whole query: all of ``groups`` or ``at_least`` so many, better with ``extras``, no ``excluded``, within ``filters``."""
    parts: list[tuple[Occur, Query]] = []
    if groups and (at_least is None or at_least >= len(groups)):
        parts += [(Occur.Must, query) for query in groups]
    elif groups:
        some = Query.boolean_query([(Occur.Should, query) for query in groups], minimum_number_should_match=at_least)
        parts.append((Occur.Must, some))
    parts += [(Occur.Must, query) for query in filters]
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


def synonyms_of(groups: Iterable[Sequence[str]]) -> dict[Terms, list[Terms]]:
    """Groups of words and names that mean the same, as the matcher looks them up. A name in two groups means either."""
    found: dict[Terms, list[Terms]] = {}
    for group in groups:
        folded = list(dict.fromkeys(words for name in group if (words := tuple(languages.words(name)))))
        for words in folded:
            others = found.setdefault(words, [])
            others += [other for other in folded if other != words and other not in others]
    return found
