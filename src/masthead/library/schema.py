"""What the index holds of an article. Pure.

Two fields hold all that is said of an article, headline and names included: ``opening`` with so much of the text as anybody may
see (all of it, where the article is open), ``body`` with the whole. Which of them a query may use, and how, is decided in one
place, :mod:`masthead.library.matching`.

Change anything here, and raise :data:`VERSION`: an index of another version is built anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tantivy import Document, Index, Schema, SchemaBuilder

from masthead.library import languages, unspaced

VERSION = 6

STEMMED = ("title", "standfirst", "topics", "opening", "body")
FACETS = ("topic", "region", "author", "format", "access")


def build() -> Schema:
    """The schema; tokenizers are registered by :func:`register`."""
    builder = SchemaBuilder()
    builder.add_unsigned_field("number", stored=True, indexed=True, fast=True)
    for name in STEMMED:
        builder.add_text_field(name, tokenizer_name="stemmed")
    builder.add_text_field("authors", tokenizer_name="plain")
    # other names of its topics that are several words, each one term: no single word of theirs is a name (:func:`name_of`)
    builder.add_text_field("names", tokenizer_name="raw", index_option="basic")
    # words as they stand in what anybody may see: for prefixes, suggestions and misspellings
    builder.add_text_field("words", tokenizer_name="plain", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field("year", indexed=True, fast=True)
    builder.add_text_field("month", tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("dated", indexed=True, fast=True)  # seconds since 1970; negative before
    # The same, and among equals the number: what is sorted by it stands in one order on every machine, from one page to the next
    builder.add_integer_field("turn", indexed=False, fast=True)
    builder.add_unsigned_field("rendered", indexed=False, fast=True)  # microseconds: which version of the article this is
    return builder.build()


SCHEMA = build()
_TURNS = 2**22


def register(index: Index, language: str) -> None:
    """Give ``index`` the analyzers its fields name; ``language`` is the publication's."""
    index.register_tokenizer("stemmed", languages.stemming(language))
    index.register_tokenizer("plain", languages.plain())


def name_of(words: Iterable[str], language: str) -> str:
    """The term of a name of several folded ``words``, in the publication's ``language``."""
    return " ".join(languages.stem(word, language) for word in words)


def document(
    *,
    number: int,
    language: str,
    own_language: str,
    texts: dict[str, str],
    authors: str,
    facets: dict[str, tuple[str, ...]],
    year: int | None,
    month: str,
    dated: int,
    rendered: int,
    names: Sequence[str] = (),
) -> Document:
    """One article as the index takes it. ``texts`` has the fields of :data:`STEMMED`; ``opening`` and ``body`` hold text alone.

    A text in another language than the publication's is stemmed here, by its own, and one in a script without spaces cut: a field
    has one analyzer only.
    """
    made = Document()
    made.add_unsigned("number", number)
    foreign = own_language != language
    texts = {name: languages.told_apart(languages.composed(text)) for name, text in texts.items()}
    authors = languages.composed(authors)
    head = "\n".join((texts["title"], texts["standfirst"], texts["topics"], authors))
    opening, body = (f"{head}\n{texts[name]}" for name in ("opening", "body"))
    unusual = unspaced.unusual(body)  # it has all the others in it
    for name, text in {**texts, "opening": opening, "body": body}.items():
        if (foreign and name != "topics") or unusual:  # topics are named by the publication
            made.add_pre_tokenized_text(name, languages.tokens(text, language if name == "topics" else own_language))
        else:
            made.add_text(name, text)
    for name, text in (("authors", authors), ("words", opening)):
        if unusual:
            made.add_pre_tokenized_text(name, languages.tokens(text))
        else:
            made.add_text(name, text)
    for name, values in (*facets.items(), ("names", names)):
        for value in values:
            made.add_text(name, value)
    if year is not None:
        made.add_unsigned("year", year)
    if month:
        made.add_text("month", month)
    made.add_integer("dated", dated)
    made.add_integer("turn", dated * _TURNS + number % _TURNS)
    made.add_unsigned("rendered", rendered)
    return made
