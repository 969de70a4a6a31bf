"""A search as tantivy is asked it; and the rule that keeps the rest of shut articles from being guessed. Pure.

*No oracle.* Whoever may not read everything searches what anybody may see (headline, standfirst, names, opening) in full, and the
rest of an article as a bag of words: a stemmed word of it may match, without its place, how often it stands there or how long the
text is, and only if at least :data:`COMMON` articles have it. Phrases, prefixes, exclusions, suggestions, counts and timeline
never look at the rest. So two texts with the same common words cannot be told apart, however many questions are asked:
tests/library/test_no_oracle.py plays that attacker.

The bag is the ``body`` field, asked for one term at a time with a constant score: :meth:`Matcher._in_rest` alone does that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from tantivy import FieldType, Occur, Query, Searcher

from masthead.library import languages
from masthead.library.query import Phrase, Request, Wanted
from masthead.library.schema import SCHEMA

COMMON = 5  # articles that must have a word before the rest of a shut article is found by it
# Measured, not guessed: see docs/performance.md. Headline and standfirst stand in opening and body already, which know their
# length; what they weigh by themselves comes on top, and more of it is worse: with 2 for the headline two of four collections
# fall below plain BM25. A word of an opening is in the bag as well, which is why it weighs half.
WEIGHTS = {"title": 0.2, "standfirst": 0.1, "topics": 0.2, "opening": 0.5, "body": 1.0}
AUTHORS = 1.0
BAG = 1.0  # of a word's rarity: what finding it somewhere in the rest is worth
SYNONYM = 0.6
NEAR = {"title": 0.3, "standfirst": 0.1, "topics": 0.1, "opening": 0.1, "body": 0.1}  # for two words that stand together
PAIRS = 8  # of neighbours looked for: phrases are what takes time
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

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields in which this visitor's words are looked for in full."""
        text = ("body",) if self.whole else ("opening",) if self.openings else ()
        return ("title", "standfirst", "topics", *text)

    # Words ------------------------------------------------------------------------------------------------------------

    def groups(self, wanted: Wanted, *, rest: bool = True) -> list[Query]:
        """One query for each thing that has to match: words (with their synonyms), the prefix, phrases.

        Without ``rest`` the bag is left out.
        """
        found = [self._word(sense, rest=rest) for sense in self.senses(wanted)]
        if prefix := self._prefix(wanted.prefix, rest=rest):
            found.append(prefix)
        found += [self._phrase(phrase) for phrase in wanted.phrases if not phrase.excluded]
        return found

    def senses(self, wanted: Wanted) -> list[list[Terms]]:
        """The words of ``wanted``, each as it was typed and as what means the same. Function words go, unless all are some."""
        typed = [word for text in wanted.words for word in languages.words(text)]
        silent = {word for word in typed if languages.is_function_word(word, self.languages[0])}
        if len(silent) == len(set(typed)):
            silent = set()
        found: list[list[Terms]] = []
        position = 0
        while position < len(typed):
            for length in range(min(4, len(typed) - position), 0, -1):
                run = tuple(typed[position : position + length])
                if length == 1 or run in self.synonyms:
                    break
            position += len(run)
            if run[0] not in silent or len(run) > 1:
                found.append([run, *self.synonyms.get(run, ())])
        return found

    def _word(self, senses: Sequence[Terms], *, rest: bool) -> Query:
        queries = []
        for number, words in enumerate(senses):
            query = self._term(words[0], rest=rest) if len(words) == 1 else self._together(words, rest=rest)
            queries.append(Query.boost_query(query, SYNONYM) if number else query)
        # not the sum: an article that says both India and Indian is not twice about it
        return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries, 0.1)

    def _term(self, word: str, *, rest: bool) -> Query:
        parts = []
        for term in languages.stems(word, self.languages):
            parts += [Query.boost_query(Query.term_query(SCHEMA, name, term), WEIGHTS[name]) for name in self.fields]
            if rest and (bag := self._in_rest([term])):
                parts.append(bag)
        parts.append(Query.boost_query(Query.term_query(SCHEMA, "authors", word), AUTHORS))
        return _any(parts)

    def _together(self, words: Terms, *, rest: bool) -> Query:
        parts = [self._run(words)]
        if rest and (bag := self._in_rest([languages.stem(word, self.languages[0]) for word in words])):
            parts.append(bag)
        return _any(parts)

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
            # what the analyzer leaves of a word is letters and digits: nothing of it means anything in a regular expression
            pattern = f"{last}.*"
            parts.append(Query.const_score_query(Query.regex_query(SCHEMA, "title", pattern), 2.0))
            parts.append(Query.const_score_query(Query.regex_query(SCHEMA, "authors", pattern), 2.0))
            if self.openings:
                parts.append(Query.const_score_query(Query.regex_query(SCHEMA, "words", pattern), 0.8))
            if self.whole:
                parts.append(Query.const_score_query(Query.regex_query(SCHEMA, "body", pattern), 0.5))
        return _all([*(self._term(word, rest=rest) for word in before), _any(parts)])

    # Phrases ----------------------------------------------------------------------------------------------------------

    def _phrase(self, phrase: Phrase) -> Query:
        words = tuple(languages.words(phrase.text))
        if not words:
            return Query.empty_query()
        # one word in quotation marks is a word as such: without synonyms, but of the rest it may say as little as any
        return self._term(words[0], rest=not phrase.excluded) if len(words) == 1 else self._run(words)

    def _run(self, words: Terms) -> Query:
        """Two or more ``words`` in this order, in one of the fields this visitor searches in full."""
        parts = []
        for terms in dict.fromkeys(tuple(languages.stem(word, language) for word in words) for language in self.languages):
            parts += [
                Query.boost_query(Query.phrase_query(SCHEMA, name, list(terms)), WEIGHTS[name]) for name in self.fields
            ]
        parts.append(Query.boost_query(Query.phrase_query(SCHEMA, "authors", list(words)), AUTHORS))
        return _any(parts)

    def near(self, wanted: Wanted) -> list[Query]:
        """What is worth more without being asked for: neighbouring words of the search that stand together in the text."""
        main = self.languages[0]
        typed = [tuple(languages.stem(word, main) for word in sense[0]) for sense in self.senses(wanted)]
        pairs = dict.fromkeys((*one, *other) for one, other in pairwise(typed) if one != other)
        return [
            Query.boost_query(Query.phrase_query(SCHEMA, name, list(pair)), NEAR[name])
            for pair in list(pairs)[:PAIRS]
            for name in self.fields
        ]

    # What is left out, and filters -----------------------------------------------------------------------------------------

    def excluded(self, wanted: Wanted) -> list[Query]:
        """What must not match; of the rest of shut articles nothing can be said."""
        phrases = [*wanted.excluded, *(phrase.text for phrase in wanted.phrases if phrase.excluded)]
        return [self._phrase(Phrase(text, excluded=True)) for text in phrases]

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
        words = languages.words(name)
        parts = [Query.term_query(SCHEMA, slug_field, name.strip().lower())]
        if words:
            stem = self.languages[0] if text_field == "topics" else ""
            parts.append(_all([Query.term_query(SCHEMA, text_field, languages.stem(word, stem)) for word in words]))
        return _any(parts)


def combined(
    groups: Sequence[Query],
    *,
    at_least: int | None = None,
    near: Sequence[Query] = (),
    excluded: Sequence[Query] = (),
    filters: Sequence[Query] = (),
) -> Query:
    """The whole query: all of ``groups`` or ``at_least`` so many, better with ``near``, no ``excluded``, within ``filters``."""
    parts: list[tuple[Occur, Query]] = []
    if groups and (at_least is None or at_least >= len(groups)):
        parts += [(Occur.Must, query) for query in groups]
    elif groups:
        some = Query.boolean_query([(Occur.Should, query) for query in groups], minimum_number_should_match=at_least)
        parts.append((Occur.Must, some))
    parts += [(Occur.Must, query) for query in filters]
    if not parts:
        parts.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
    parts += [(Occur.Should, query) for query in near]
    parts += [(Occur.MustNot, query) for query in excluded]
    return Query.boolean_query(parts)


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
