"""What is found: each rule of searching, on a handful of articles. What must not be found is in test_no_oracle.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import import_article, make_author, make_topic
from masthead.articles import bulk
from masthead.core import clock
from masthead.core.models import Publication
from masthead.library import languages, search
from masthead.library.matching import synonyms_of
from shelves import Shelf

pytestmark = pytest.mark.django_db


def article(text: str, title: str = "Untitled", **fields: Any) -> int:
    """An open article, unless said otherwise, that says ``text`` and nothing else of interest."""
    return int(import_article(title, paragraphs=[text], **{"access": "open", **fields}).pk)


# --- words


def test_all_words_have_to_be_there_wherever(built: Callable[[], Shelf]) -> None:
    both = article("Pipelines carry gas.")
    article("Gas is light.")
    apart = article("A pipeline.", title="Gas", standfirst="Nothing")
    shelf = built()
    assert shelf.found("gas pipeline") == {both, apart}


def test_words_are_folded_and_stemmed(built: Callable[[], Shelf]) -> None:
    number = article("Ministers in Türkiye negotiated; São Paulo listened.")
    shelf = built()
    for text in ("minister", "MINISTERS", "turkiye", "Türkiye", "negotiating", "sao paulo", "SÃO"):
        assert shelf.found(text) == {number}, text


def test_a_letter_and_its_accent_may_be_two_characters(built: Callable[[], Shelf]) -> None:
    number = article("Sa\u0303o Paulo, Infra\u00adstruktur")
    shelf = built()
    assert shelf.found("São") == shelf.found("sao") == shelf.found("Sa\u0303o") == {number}
    assert shelf.found("infrastruktur") == {number}


def test_a_text_is_stemmed_by_its_own_language(built: Callable[[], Shelf]) -> None:
    french = article("Les gouvernements négocient des frontières nationales.", language="fr")
    german = article("Die Regierungen verhandelten über Grenzen.", language="de-AT")
    esperanto = article("La registaroj intertraktis pri limoj.", language="eo")
    shelf = built()
    assert shelf.found("gouvernement") == shelf.found("frontière nationale") == {french}
    assert shelf.found("regierung") == shelf.found("grenze") == {german}
    assert shelf.found("registaroj") == {esperanto}
    assert shelf.found("registaro") == set(), "no stemmer knows it"
    assert shelf.found('"gouvernements négocient"') == {french}
    about = shelf.place.about(shelf.place.current())
    assert about is not None
    assert about.languages[0] == "en"
    assert set(about.languages) == {"en", "fr", "de", "eo"}


def test_a_topic_has_one_name_whatever_the_language_of_the_text(built: Callable[[], Shelf]) -> None:
    defence = make_topic("Defence policies")
    english, french = article("One.", topics=[defence]), article("Un.", language="fr", topics=[defence])
    shelf = built()
    assert shelf.found("topic:policies") == shelf.found("topic:policy") == {english, french}
    assert shelf.found('topic:"defence policies"') == {english, french}


def test_function_words_are_not_asked_for_unless_nothing_else_is(built: Callable[[], Shelf]) -> None:
    number = article("Straits matter.")
    the = article("The the.")
    shelf = built()
    assert shelf.found("the straits of") == {number}
    assert shelf.found("the") == {the}


def test_a_short_question_is_content_with_less_only_where_nothing_has_it_all(built: Callable[[], Shelf]) -> None:
    number = article("Straits.")
    shelf = built()
    results = shelf.ask("straits zeppelin")
    assert (results.numbers, results.loosened) == ((number,), True)
    assert not shelf.ask("straits").loosened
    assert shelf.ask('"straits zeppelin"').total == 0, "whoever writes a phrase means it"


def test_names_that_mean_the_same(built: Callable[[], Shelf]) -> None:
    indian = article("An Indian delegation.")
    named = article("Delegates from India.")
    make_topic("Shanghai Cooperation Organisation", kind="organisation", aliases="SCO\nShanghai Five")
    five = article("The Shanghai Five met.")
    shelf = built()
    assert shelf.found("india") == shelf.found("Indian") == {indian, named}
    assert shelf.found("SCO") == {five}
    assert shelf.found('"india"') == {named}, "a word in quotation marks is that word"


def test_what_belongs_to_a_theme_means_the_theme_and_nothing_else_in_it(built: Callable[[], Shelf]) -> None:
    make_topic("Seas and Straits", kind="theme", aliases="straits\nlaw of the sea")
    straits, law = article("Straits are narrow."), article("The law of the sea is long.")
    both = article("On seas and straits.")
    shelf = built()
    assert shelf.found("law of the sea") == {law, both}
    assert shelf.found("straits") == {straits, both}
    assert shelf.found("seas and straits") == {straits, law, both}


def test_a_name_of_several_words_means_its_topic_as_a_whole(built: Callable[[], Shelf]) -> None:
    strait, told = article("A strait is narrow."), article("The Turkish Straits are narrow.")
    turkiye = make_topic("Türkiye", kind="country", code="TR", aliases="Turkish Straits\nAsia Minor\nThe Porte")
    about = article("On Ankara.", topics=[turkiye])
    shelf = built()
    assert shelf.found("straits") == {strait, told}
    assert shelf.found("minor") == set()
    for text in ("turkish straits", "Asia Minor", '"asia minor"', "asia minor ankara", 'topic:"Asia Minor"', "porte", "türkiye"):
        assert about in shelf.found(text), text
    assert shelf.ask("turkish straits").numbers[0] == told, "what says it comes first"
    assert about not in shelf.found('-"asia minor"')


@pytest.mark.parametrize("text", ["x" * 200, f'"{"x" * 200}"', "x" * 200 + "*"])
def test_what_is_too_long_for_a_word_finds_nothing(text: str, built: Callable[[], Shelf]) -> None:
    article("Straits.")
    assert built().ask(text).total == 0


# --- phrases, beginnings, exclusions


def test_a_phrase_stands_together_and_in_order(built: Callable[[], Shelf]) -> None:
    number = article("A cold war of words.")
    article("War in the cold.")
    shelf = built()
    assert shelf.found('"cold war"') == shelf.found('"cold war of words"') == {number}
    assert shelf.found('"war cold"') == set()
    assert shelf.found('-"cold war" war') != shelf.found("war")


def test_a_phrase_does_not_reach_from_one_part_into_another(built: Callable[[], Shelf]) -> None:
    article("One ends here. Begins anew.", title="Title cold", standfirst="War standfirst")
    assert built().found('"here begins"') != set(), "sentences of one paragraph are one text"


def test_a_beginning_finds_words_that_go_on(built: Callable[[], Shelf]) -> None:
    number = article("Zoologists zoom.")
    shelf = built()
    assert shelf.found("zoolog*") == shelf.found("zo*") == {number}
    assert shelf.found("zool", typing="1") == {number}
    assert shelf.found("zool") == set()


def test_what_is_left_out_is_left_out_of_all_anybody_sees(built: Callable[[], Shelf]) -> None:
    kept = article("Gas.")
    article("Gas and oil.")
    article("Gas.", title="Oil")
    article("Gas.", topics=[make_topic("Oil")])
    assert built().found("gas -oil") == {kept}


def test_nothing_but_exclusions_shows_everything_else(built: Callable[[], Shelf]) -> None:
    kept = article("Gas.")
    article("Oil.")
    assert built().found("-oil") == {kept}


# --- who, what, when


def test_authors_and_topics_by_name_or_slug(built: Callable[[], Shelf]) -> None:
    number = article(
        "One.", authors=[make_author("Inês Carvalho")], topics=[make_topic("Climate Change", aliases="Global warming")]
    )
    article("Carvalho on climate change.")
    shelf = built()
    for text in ("author:carvalho", 'author:"Ines Carvalho"', "author:ines-carvalho", "topic:climate", "topic:climate-change",
                 'topic:"global warming"', "author:carvalho topic:climate"):  # fmt: skip
        assert shelf.found(text) == {number}, text
    assert shelf.found("author:nobody") == set()


def test_filters_of_one_kind(built: Callable[[], Shelf]) -> None:
    india, trade, asia = make_topic("India", kind="country"), make_topic("Trade"), make_topic("Asia", kind="region")
    both = article("One.", topics=[india, trade, asia], format="briefing")
    one = article("Two.", topics=[india], access="metered")
    shelf = built()
    assert shelf.found(topic="india") == {both, one}
    assert shelf.found(topic=["india", "trade"]) == {both}, "about both"
    assert shelf.found(region="asia") == shelf.found(format="briefing") == {both}
    assert shelf.found(access=["open", "metered"]) == {both, one}, "either"
    assert shelf.found(access="subscribers") == set()


def test_dates_are_days_of_the_publication(built: Callable[[], Shelf]) -> None:
    publication = Publication.load()
    publication.timezone = "Asia/Kolkata"
    publication.save()
    # 01:30 on New Year's Day in Delhi
    number = article("One.", dated=datetime(2019, 12, 31, 20, 0, tzinfo=UTC))
    shelf = built()
    assert shelf.found("after:2020") == shelf.found("before:2020-01-02") == {number}
    assert shelf.found("before:2020") == shelf.found("after:2020-01-02") == set()
    assert shelf.found(year="2020") == shelf.found(year="2020", month="1") == {number}
    assert shelf.found(year="2019") == set()
    assert shelf.ask("one").timeline == (("2020", 1),)
    assert dict(shelf.ask("one", year="2020").timeline) == {"2020": 1, "2020-01": 1}


def test_what_bears_no_date_stands_in_no_year_and_is_found_without(built: Callable[[], Shelf]) -> None:
    number = article("One.", dated=datetime(2019, 5, 1, tzinfo=UTC), date_precision="none")
    other = article("One.", dated=datetime(2019, 6, 1, tzinfo=UTC))
    shelf = built()
    assert shelf.found("one") == {number, other}
    assert shelf.found("one", year="2019") == shelf.found("one after:2019 before:2020") == {other}
    assert shelf.found("one before:2030") == shelf.found("one after:2018") == {other}
    found = shelf.ask("one")
    assert found.timeline == (("2019", 1),) and found.undated == 1


def test_of_what_has_no_month_the_year_counts(built: Callable[[], Shelf]) -> None:
    number = article("One.", dated=datetime(1776, 1, 1, tzinfo=UTC), date_precision="year")
    shelf = built()
    assert shelf.found(year="1776") == {number}
    assert shelf.found(year="1776", month="1") == set()


@pytest.mark.parametrize("text", ["after:0001", "before:9999-12-31", "after:0001-01-01 before:9999"])
def test_the_ends_of_the_calendar(built: Callable[[], Shelf], text: str) -> None:
    publication = Publication.load()
    publication.timezone = "Pacific/Kiritimati"
    publication.save()
    number = article("One.", dated=datetime(1900, 5, 5, tzinfo=UTC))
    assert built().found(text) == {number}


def test_an_article_at_the_end_of_the_calendar_stops_nobody(built: Callable[[], Shelf]) -> None:
    publication = Publication.load()
    publication.timezone = "America/New_York"
    publication.save()
    first, other = article("One.", dated=datetime(1, 1, 1, tzinfo=UTC)), article("One.")
    assert built().found("one") == {first, other}


def test_what_is_dated_later_is_not_there_yet(built: Callable[[], Shelf], settings: Any) -> None:
    article("Zeppelins rise.")
    later = article("Zeppelins and dirigibles.", dated=clock.now() + timedelta(days=2), topics=[make_topic("Aviation")])
    article("Zeppelins and dirigibles.", dated=clock.now() + timedelta(days=3))
    shelf = built()
    assert shelf.ask("zeppelins").total == 1
    assert later not in shelf.found()
    assert shelf.ask("zeppelins").facets["topic"] == ()
    assert shelf.ask("dirigible").total == 0
    assert shelf.ask("dirigibels").suggestion == ""
    policy, now = search_policy(), clock.now()
    assert search.completions("dirig", policy=policy, now=now) == []
    assert search.completions("dirig", policy=policy, now=now + timedelta(days=4)) == ["dirigibles"]


def search_policy() -> Any:
    from masthead.access.services import current_policy

    return current_policy()


# --- order


def test_by_date_either_way(built: Callable[[], Shelf]) -> None:
    numbers = [article("Gas.", dated=datetime(2000 + n, 1, 1, tzinfo=UTC)) for n in range(4)]
    shelf = built()
    assert list(shelf.ask("gas", order="oldest").numbers) == numbers
    assert list(shelf.ask("gas", order="newest").numbers) == list(shelf.ask().numbers) == numbers[::-1]


def test_the_best_first_and_of_equals_the_younger(built: Callable[[], Shelf]) -> None:
    old, young = (article("Gas.", dated=datetime(year, 1, 1, tzinfo=UTC)) for year in (1990, 2024))
    best = article("Gas.", title="Gas, gas and gas", dated=datetime(1980, 1, 1, tzinfo=UTC))
    assert list(built().ask("gas").numbers) == [best, young, old]


def test_pages_hold_everything_once(built: Callable[[], Shelf]) -> None:
    body = [{"type": "paragraph", "value": "<p>Gas.</p>", "id": "1"}]
    numbers = set(bulk.create([bulk.NewArticle(title="Gas", body=body, dated=clock.now()) for _ in range(34)]))
    shelf = built()
    for order in ("relevance", "newest", "oldest"):
        pages = [shelf.ask("gas", order=order, page=str(page)).numbers for page in (1, 2, 3)]
        assert [len(page) for page in pages] == [15, 15, 4]
        assert {number for page in pages for number in page} == numbers
        assert shelf.ask("gas", order=order).pages == 3


# --- spelling


def test_another_spelling_is_searched_for_where_nothing_is_found(built: Callable[[], Shelf]) -> None:
    for _ in range(3):
        article("The parliament sits.")
    shelf = built()
    results = shelf.ask("parlament")
    assert (results.corrected, results.total) == ("parliament", 3)
    assert shelf.ask("parliament").corrected == shelf.ask("parliament").suggestion == ""
    assert shelf.ask('the "parlament" -x').corrected == 'the "parliament" -x', "and the rest of the question stays"
    assert shelf.ask("parlament", typing="1").corrected == "parliament"
    assert shelf.ask("parliam", typing="1").corrected == "", "not while a word is typed that may go on"
    assert shelf.ask("xyzzy").suggestion == ""
    assert shelf.ask("1915").suggestion == ""


# --- the analyzers, and synonyms


@given(st.text(max_size=200))
def test_words_of_any_text_are_folded_and_stay_so(text: str) -> None:
    for word in languages.words(languages.composed(text)):
        assert word
        assert " " not in word
        assert languages.stem(word, "en")


@given(st.lists(st.lists(st.sampled_from(["India", "Indian", "Bharat", "Quad", "the Quad", "", "-"]), max_size=4), max_size=4))
def test_synonyms_lead_both_ways_and_never_to_themselves(groups: list[list[str]]) -> None:
    found = synonyms_of(groups)
    for words, others in found.items():
        assert words not in others
        assert len(others) == len(set(others))
        assert all(words in found[other] for other in others)


NAMED = st.lists(st.lists(st.sampled_from(["India", "Indian", "Bharat", "Quad", "the Quad", ""]), max_size=4), max_size=4)


@given(NAMED, NAMED)
def test_synonyms_come_to_those_that_are_known(first: list[list[str]], more: list[list[str]]) -> None:
    known = synonyms_of(first, ["Quad"])
    before = {words: tuple(others) for words, others in known.items()}
    assert synonyms_of(more, ["Quad"], known) == synonyms_of([*first, *more], ["Quad"])
    assert known == before


def test_languages_of_tags() -> None:
    assert [languages.base(tag) for tag in ("en-GB", "pt_BR", "FR", " de-AT", "")] == ["en", "pt", "fr", "de", ""]
    assert languages.stems("policies", ("en", "eo", "xx")) == ("polici", "policies")


# --- while it is typed


@pytest.mark.parametrize("typed", ["holland", "united states", "india"])
def test_what_is_typed_means_what_it_means_once_it_is_typed(built: Callable[[], Shelf], typed: str) -> None:
    for text in ("The Dutch harbour.", "American ships.", "Indian sailors.", "Indiana alone."):
        article(text)
    shelf = built()
    assert set(shelf.ask(typed).numbers) <= set(shelf.ask(typed, typing="1").numbers)
    assert shelf.ask(typed).total >= 1
