"""Passages: what shows why an article was found. Escaped always, and nothing that was not handed over."""

from __future__ import annotations

import re
import time
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.library.passages import LENGTH, Marker, _start, marked, marker, passage

ENGLISH = ("en",)
TAGS = re.compile(r"</?mark>")


def mark(*words: str, prefix: str = "", languages: tuple[str, ...] = ENGLISH) -> Marker:
    return marker(words, prefix, languages)


def text_of(html: str) -> str:
    return unescape(TAGS.sub("", html))


letters = st.text(alphabet=st.sampled_from("abcéßæñ <>&\"'…-.\u0301\u00ad日🙂"), max_size=400)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(letters, max_size=4),
    st.lists(st.sampled_from(["a", "ab", "strasse", "aeon", "bc", "b"]), max_size=3),
    st.sampled_from(["", "a", "bc"]),
)
def test_any_text_is_escaped_and_nothing_is_added(paragraphs: list[str], words: list[str], prefix: str) -> None:
    import unicodedata

    html = passage(paragraphs, marker(words, prefix, ENGLISH))
    assert not re.search(r"<(?!/?mark>)|>(?<!mark>)", html)
    assert html.count("<mark>") == html.count("</mark>")
    assert "<mark></mark>" not in html
    shown = text_of(html)
    assert len(shown) <= LENGTH + 2
    inner = shown.removeprefix("…").removesuffix("…").rstrip(" ,;:")
    whole = [unicodedata.normalize("NFC", text).replace("\u00ad", "") for text in paragraphs] or [""]
    assert any(inner in text or shown.rstrip(" ,;:") in text for text in whole)


def test_words_are_marked_by_their_stems_whole_and_whatever_their_accents() -> None:
    html = passage(["Ministers in Türkiye met a minister's aide; administer nothing."], mark("minister", "turkiye"))
    assert html.startswith("<mark>Ministers</mark> in <mark>Türkiye</mark> met a <mark>minister</mark>&#x27;s aide; administer")


def test_letters_that_fold_to_two() -> None:
    assert marked("Die Straße nach Łódź, Æon & Söhne", mark("strasse", "lodz", "aeon", languages=("de",))) == (
        "Die <mark>Straße</mark> nach <mark>Łódź</mark>, <mark>Æon</mark> &amp; Söhne"
    )


def test_accents_of_their_own() -> None:
    assert (
        marked("Cafe\u0301 Infra\u00adstruktur", mark("cafe", "infrastruktur")) == "<mark>Café</mark> <mark>Infrastruktur</mark>"
    )


def test_each_language_marks_by_its_own_stems() -> None:
    french = mark("gouvernement", languages=("en", "fr"))
    assert "<mark>gouvernements</mark>" in passage(["Les gouvernements négocient."], french)


def test_beginnings() -> None:
    assert marked("Trade, traders and tirade", mark(prefix="trad")) == "<mark>Trade</mark>, <mark>traders</mark> and tirade"


def test_the_stretch_with_most_of_the_words_is_shown() -> None:
    filler = "Nothing of interest happens here at all. " * 20
    html = passage(
        [filler, f"{filler}Gas arrives. {filler}The gas pipeline of the north. {filler}"], mark("gas", "pipeline", "north")
    )
    assert "<mark>gas</mark> <mark>pipeline</mark> of the <mark>north</mark>" in html
    assert html.startswith("…")
    assert html.endswith("…")
    assert not re.search(r"…\S*[a-z]…", html)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60), st.sampled_from("abc")), min_size=1, max_size=30),
    st.integers(60, 120),
)
def test_the_stretch_is_the_first_with_most_different_words(steps: list[tuple[int, int, str]], length: int) -> None:
    places, at = [], 0
    for gap, long, term in steps:  # one behind the other, as they are found
        places.append((at + gap, at + gap + long, term))
        at += gap + long

    def different(begin: int) -> int:
        return len({term for other, end, term in places if begin <= other and end <= begin + length - 30})

    chosen = _start(places, length)
    best = max(different(begin) for begin, _, _ in places)
    assert chosen == next(begin for begin, _, _ in places if different(begin) == best)


def test_a_paragraph_as_long_as_a_book_takes_no_longer_than_its_length() -> None:
    # an imported text may have lost its breaks, and "th*" marks a word in seven of it
    text = "the treaty of the general and the minister " * 8_000
    begun = time.process_time()
    assert "<mark>" in passage([text], mark("treaty", "general", "minister", prefix="th"))
    assert time.process_time() - begun < 4, "word by word against word it takes minutes"


def test_without_any_of_them_the_beginning_is() -> None:
    assert passage(["One & two.", "Three."], mark("zeppelin")) == "One &amp; two."
    assert passage([], mark("zeppelin")) == ""
    assert passage(["One."], mark()) == "One."


def test_markup_in_what_is_searched_marks_nothing_odd() -> None:
    assert marked("<b>b</b> & amp", mark("b", "amp")) == (
        "&lt;<mark>b</mark>&gt;<mark>b</mark>&lt;/<mark>b</mark>&gt; &amp; <mark>amp</mark>"
    )


@given(st.lists(st.text(max_size=20), max_size=5), st.text(max_size=10))
def test_any_words_make_a_marker(words: list[str], prefix: str) -> None:
    from masthead.library import languages

    folded = [word for text in words for word in languages.words(text)]
    beginning = languages.words(prefix)
    marked("Some text of whatever.", marker(folded, beginning[-1] if beginning else "", ("en", "fr")))
