"""The index, written: built anew beside the one in use, and kept up to date with the change log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from tantivy import Index, IndexWriter, Query

from masthead.core import change_keys, changelog
from masthead.library import documents, schema, soundness
from masthead.library.place import About, Place

HEAP = 60_000_000  # bytes a writing thread; below it tantivy writes many small files
THREADS = 2  # while building
LITTLE = 16_000_000  # bytes for the changes of a day
PORTION = 2 * documents.BATCH  # articles that are written before anybody looks what was published meanwhile: about a second
MOST_PORTIONS = 100
_RANGE = re.compile(r"articles:(\d{1,18})-(\d{1,18})")

Progress = Callable[[int, int], None]


def build(place: Place, progress: Progress = lambda done, total: None) -> Path:
    """Build an index of everything beside the one in use, and use it. Returns where it is.

    Its place in the change log is read first, and what changed meanwhile is written at the end. Raises ``Busy``, and ``OSError``
    or ``ValueError`` (tantivy's) where it cannot be written; what was in use stays so.
    """
    with place.building():
        total, done = documents.count(), 0
        place.tell(0, total)
        about = documents.about_now(changelog.latest())
        path = place.new()
        try:
            index = Index(schema.SCHEMA, path=str(path))
            schema.register(index, about.language)
            maker = documents.Maker(about)
            writer = index.writer(HEAP * THREADS, THREADS)
            for numbers in documents.batches():
                for document in maker.documents(numbers):
                    writer.add_document(document)
                done += len(numbers)
                progress(done, total)
                place.tell(done, total)
            writer.commit()
            writer.wait_merging_threads()
            about = replace(about, languages=tuple(maker.languages))
            place.write_about(path, about)
            # what changed meanwhile stands in the index in use: nobody is to miss it for the moment after the change
            Follower(place, path, about).catch_up()
            place.use(path)
        except BaseException:
            place.discard(path)
            raise
    return path


class Follower:
    """Writes what the change log tells into the index at ``path``. Held by one process at a time (``Place.lock``).

    Many changes are written in portions, single articles before what comes by the thousand. What the index says of itself is put
    down when nothing is left: whoever goes on after a killed one reads the same part of the log once more.
    """

    def __init__(self, place: Place, path: Path, about: About) -> None:
        self.path = path
        self.about = about
        self._ahead = about  # what it will say once what is behind is written
        self._behind: dict[int, None] = {}  # articles, in the order in which they are written
        self._place = place
        self._index = Index.open(str(path))
        schema.register(self._index, about.language)
        self._writer: IndexWriter | None = None
        self._used = 0.0

    def follow(self) -> bool:
        """Write what has changed since last time, or a portion of it. Returns whether the index may remain.

        Where it has to be built anew (for another language, say), what changes is written nevertheless, and in its own way: it is
        in use until the new one is there. What fails to be written is tried again next time.
        """
        before = self._ahead
        number, rows = changelog.state(before.number, timedelta(0))
        if number < before.number or (rows and not self._of_this_log(documents.logged(before.number))):
            self._ahead = before.at(number, documents.logged(number))
            return False  # another database, or an older one put back
        remains = True
        if rows:
            keys = {key for _, key in rows}
            last = max(number, rows[-1][0])
            about = before.at(last, documents.logged(last))
            stale = {int(key.partition(":")[2]) for key in keys if key.startswith("article:")}
            many = {n for key in keys if (ends := _RANGE.fullmatch(key)) for n in documents.between(int(ends[1]), int(ends[2]))}
            everything = bool(keys & {change_keys.EVERYTHING, change_keys.POLICY})
            if stale or many or everything:
                now = documents.about_now(about.number)
                remains = _alike(now, about)
                if everything:
                    many |= self._named_anew(now)
                # names that are new stand on articles the log itself names; of others it will tell with the next number
                names = now.names if everything else tuple(sorted((dict(now.names) | dict(about.names)).items()))
                about = replace(about, names=names)
            self._behind = dict.fromkeys([*sorted(stale), *self._behind, *sorted(many)])
            self._ahead = about
            self._write(max(PORTION, len(stale)))
        else:
            self._write(PORTION)
        return remains

    def catch_up(self) -> None:
        """Follow until nothing is left, and then let go; not for ever, since others may write as quickly as we do."""
        for _ in range(MOST_PORTIONS):
            self.follow()
            if not self._behind and self.about.number == changelog.latest():
                break
        self.rest(at_once=True)

    def _named_anew(self, now: About) -> set[int]:
        """The articles that carry a topic or an author that goes by another name now, is new, or is no more."""
        was, new = dict(self._ahead.names), dict(now.names)
        stale = documents.named({name for name, digest in new.items() if was.get(name) != digest})
        # of what is no more nothing but the index knows whose it was
        for slug in {was[name].partition(":")[0] for name in was.keys() - new.keys()}:
            for field in ("topic", "region", "author"):
                stale |= self._numbers(Query.term_query(schema.SCHEMA, field, slug)).keys()
        return stale

    def reconcile(self) -> int | None:
        """Look for what the log did not tell of (it is a day long): articles that are missing, others, or no more, and new names.

        Returns how many articles there are to write; None where the index has to be built anew.
        """
        # what changes while we compare is told by the log, from the number we have followed it to
        now = documents.about_now(self._ahead.number)
        if not _alike(now, self._ahead) or not self._of_this_log(now.moment):
            return None
        wanted, held = documents.versions(), self._numbers(Query.all_query())
        stale = {n for n, version in wanted.items() if held.get(n) != version} | (held.keys() - wanted.keys())
        stale |= self._named_anew(now)
        self._ahead = replace(self._ahead, names=now.names)
        self._behind |= dict.fromkeys(sorted(stale))
        self._write(PORTION)
        return len(stale)

    def _of_this_log(self, moment: str) -> bool:
        """Whether the log that has our number at ``moment`` is the one we followed. Where nobody knows, it is.

        That of an older database that was put back may have gone on beyond it since.
        """
        return not moment or not self._ahead.moment or moment == self._ahead.moment

    def _numbers(self, query: Query) -> dict[int, int]:
        """Every article in the index that matches ``query``, with its version."""
        self._index.reload()
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return {}
        addresses = [address for _, address in searcher.search(query, searcher.num_docs, count=False).hits]
        if not addresses:
            return {}
        numbers = searcher.fast_field_values("number", addresses)
        return {int(n or 0): int(v or 0) for n, v in zip(numbers, searcher.fast_field_values("rendered", addresses), strict=True)}

    def _write(self, most: int) -> None:
        """Write the first ``most`` articles of what is behind."""
        numbers = list(islice(self._behind, most))
        if numbers:
            writer = self._writer or self._begin()
            self._writer, self._used = writer, time.monotonic()
            maker = documents.Maker(self._ahead)
            try:
                for at in range(0, len(numbers), documents.BATCH):
                    batch = numbers[at : at + documents.BATCH]
                    for number in batch:
                        # by a query: given a number, tantivy-py's deletion by term makes a signed one of it, which no article has
                        writer.delete_documents_by_query(Query.term_query(schema.SCHEMA, "number", number))
                    for document in maker.documents(batch):
                        writer.add_document(document)
                writer.commit()
            except BaseException:
                self.rest(at_once=True)
                raise
            for number in numbers:
                del self._behind[number]
            self._ahead = replace(self._ahead, languages=tuple(maker.languages))
        # the languages at once: whoever searches asks for words as they are stemmed in each of them
        reached = replace(self.about, languages=self._ahead.languages) if self._behind else self._ahead
        if reached != self.about:
            self._place.write_about(self.path, reached)
            self.about = reached

    def _begin(self) -> IndexWriter:
        writer = self._index.writer(LITTLE, 1)
        for file in soundness.litter(self.path):
            file.unlink(missing_ok=True)
        return writer

    def rest(self, *, at_once: bool = False) -> None:
        """Give the writer's memory back, where it has not been needed for a while."""
        if self._writer is not None and (at_once or time.monotonic() - self._used > 60):
            self._writer = None  # what was not committed is forgotten with it


def _alike(one: About, other: About) -> bool:
    """Whether texts are indexed in the same way for both."""
    return (one.language, one.timezone, one.teaser) == (other.language, other.timezone, other.teaser)
