"""Whoever searches writes a word, a name or a question in their own way, and finds what is written in another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import import_article
from masthead.access.services import current_policy
from masthead.core import clock
from masthead.library import languages, search, wording
from masthead.library.passages import passage
from shelves import Shelf

# --- words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("labour", "labor"), ("neighbours", "neighbors"), ("organisation", "organization"), ("analysed", "analyzed"),
        ("centre", "center"), ("kilometres", "kilometers"), ("defence", "defense"), ("dialogue", "dialog"),
        ("travelled", "traveled"), ("enrolment", "enrollment"), ("programme", "program"), ("sceptical", "skeptical"),
        ("judgement", "judgment"),
    ],
)  # fmt: skip
def test_two_ways_to_spell_english(one: str, other: str) -> None:
    assert other in wording.spellings(one)
    assert one in wording.spellings(other)


@pytest.mark.parametrize("word", ["controlled", "hour", "four", "tour", "rise", "size", "prize", "laboratory", "straits", "19"])
def test_what_only_looks_like_it(word: str) -> None:
    assert wording.spellings(word) == ()


@given(st.text(max_size=12))
def test_any_word_may_be_asked(word: str) -> None:
    for other in wording.spellings(word):
        assert other != word
    for run in wording.written((word,)):
        assert "".join(run) == word


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("F-35", ["f 35"]),
        ("(F-35),", ["f 35"]),
        ("9/11", ["9 11"]),
        ("COVID-19", ["covid 19"]),
        ("al-Qa'ida", ["al qa ida"]),
        ("O’Neill", ["o neill"]),
        ("Jong-un", ["jong un"]),
        ("AT&T", ["at t"]),
        ("digital.gov", ["digital gov"]),
        ("1,000,000", ["1 000 000"]),
        ("co-operation", ["co operation"]),
        ("India-Pakistan", ["india", "pakistan"]),
        ("EU–China", ["eu", "china"]),
        ("HIV/AIDS", ["hiv", f"aids{languages.ACRONYM}"]),
        ("China's", ["china"]),
        ("China’s", ["china"]),
        ("peoples'", ["peoples"]),
        ("d'État", ["d etat"]),
        ("U.S.S.R.", ["ussr"]),
    ],
)
def test_parts_that_are_no_words_belong_together(text: str, runs: list[str]) -> None:
    assert [" ".join(run) for run in languages.runs(text, "en")] == runs


def test_an_article_before_an_apostrophe_says_nothing() -> None:
    assert languages.runs("l'Europe", "fr") == [("europe",)]


def test_names_that_look_like_other_words_are_told_by_their_capitals() -> None:
    us, who, aids, un = (word + languages.ACRONYM for word in ("us", "who", "aids", "un"))
    assert languages.words("The U.S. told us") == languages.words("The US told us") == ["the", us, "told", "us"]
    assert languages.words("who asked WHO") == ["who", "asked", who]
    assert languages.words("He aids AIDS research") == ["he", aids.rstrip(languages.ACRONYM), aids, "research"]
    assert languages.words("l'UN est un") == ["l", un, "est", "un"]
    assert languages.words("US TROOPS LEAVE WHO") == ["us", "troops", "leave", "who"], "where all are capitals, they tell nothing"
    assert languages.words("USA, USSR, UNO, ITV") == ["usa", "ussr", "uno", "itv"]
    assert [languages.shown(word) for word in (us, "us", "straits")] == ["US", "us", "straits"]


def test_initials_have_no_points() -> None:
    assert languages.words("The U.S.S.R., e.g. J.R.R. Tolkien.") == ["the", "ussr", "eg", "jrr", "tolkien"]
    assert languages.words("It ends.A new one begins. I. Newton") == ["it", "ends", "a", "new", "one", "begins", "i", "newton"]


# --- what is found

pytestmark = pytest.mark.django_db


def article(text: str, title: str = "Untitled", **fields: Any) -> int:
    """An open article, unless said otherwise, that says ``text`` and nothing else of interest."""
    return int(import_article(title, paragraphs=[text], **{"access": "open", **fields}).pk)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("The F-35 flew.", ["F-35", "F35", "f 35", '"F-35"']),
        ("After 9/11 they knew.", ["9/11", "September 11"]),
        ("The G20 met.", ["G20", "G-20", "G 20", "Group of Twenty"]),
        ("A COVID-19 ward.", ["covid-19", "COVID19", "covid", "coronavirus"]),
        ("Al Qaida fled.", ["al-Qaeda", "al-Qa'ida", "Al Qaeda", "Qaida"]),
        ("Assad left.", ["al-Assad", "Assad"]),
        ("Their cooperation.", ["co-operation", "cooperation"]),
        ("Nonproliferation talks.", ["non-proliferation", "non proliferation", "nonproliferation"]),
        ("A cyber-attack.", ["cyberattack", "cyber attack", "cyber-attacks"]),
        ("The labor organization.", ["labour", "organisations", "labour organisation"]),
        ("The Defence Programme.", ["defense", "program", "defense program"]),
        ("The U.S. left.", ["US", "U.S.", "us", "USA", "United States", "American"]),
        ("The UN voted.", ["U.N.", "UN", "un", "United Nations"]),
        ("The WHO warned.", ["WHO", "World Health Organization", "World Health Organisation"]),
        ("The USSR fell.", ["U.S.S.R.", "USSR", "Soviet Union"]),
        ("In Kiev, Zelenskyy spoke.", ["Kyiv", "Zelensky", "Selenskyj in Kyiv"]),
        ("Hezbollah fired.", ["Hizbullah", "Hizballah"]),
        ("Mao Tse-tung swam.", ["Mao Zedong"]),
        ("China’s economy.", ["China's economy", "China economy"]),
        ("Erdoğan in São Paulo; Łódź.", ["erdogan", "sao paulo", "Lodz", "ERDOĞAN"]),
    ],
)
def test_it_is_found_in_any_of_these_ways(built: Callable[[], Shelf], text: str, asked: list[str]) -> None:
    number = article(text)
    article("F. M. Smith, aged 35, told us who aids them: on 9 May 11 of 20 came from old Korea, and the unions, too.")
    shelf = built()
    for question in asked:
        assert shelf.found(question) == {number}, question


def test_what_only_has_the_parts_of_a_name_is_not_it(built: Callable[[], Shelf]) -> None:
    article("F. Smith, 35; on 9 May, 11 of 20.")
    shelf = built()
    assert shelf.found("9/11") == shelf.found("F-36") == set()
    results = shelf.ask("F-35")
    assert (results.total, results.loosened) == (1, True), "unless nothing else is there"
    plane = article("An F-35.")
    assert shelf.follow()
    assert shelf.found("F-35") == {plane}


def test_two_names_with_a_dash_are_two_names(built: Callable[[], Shelf]) -> None:
    number = article("Pakistan and India.")
    assert built().found("India-Pakistan") == built().found("India–Pakistan") == {number}


def test_a_pronoun_is_no_country(built: Callable[[], Shelf]) -> None:
    pronoun, country = article("Give us trade."), article("US trade.")
    shelf = built()
    assert shelf.found("US trade") == shelf.found("us trade") == {country}
    assert shelf.found('"us"') == {pronoun}
    assert shelf.found("They gave us trade") == {pronoun, country}, "in a sentence with a capital it is none"
    assert shelf.found("who trade") == {pronoun, country}


def test_one_country_s_formal_name_within_another_s(built: Callable[[], Shelf]) -> None:
    south, north = article("South Korea voted."), article("The Democratic People's Republic of Korea did not.")
    formal = article("The Republic of Korea voted.")
    shelf = built()
    assert shelf.found("South Korea") == shelf.found("South Korean") == {south}
    assert shelf.found("North Korea") == {north}
    assert {south, formal} <= shelf.found("Republic of Korea")


def test_function_words_alone_stand_as_they_are(built: Callable[[], Shelf]) -> None:
    number = article("To be or not to be.")
    article("Not to say that it may be: to them or to us.")
    shelf = built()
    assert shelf.found("to be or not to be") == {number}
    assert shelf.ask("be not or to").loosened


def test_a_page_s_address_is_what_it_says(built: Callable[[], Shelf]) -> None:
    number = article("One.", title="The Great Depression")
    shelf = built()
    for address in ("https://example.org/1921-1936/great-depression", "www.example.org/a/b/great_depression.html?x=1#y"):
        assert shelf.found(address) == {number}
        assert shelf.found(f"{address} -two") == {number}


# --- what comes first


def test_a_headline_with_the_paper_s_name_finds_its_article(built: Callable[[], Shelf]) -> None:
    number = article("One.", title="Queen agrees to suspend parliament ahead of deadline")
    for n in range(12):
        article("Parliament, deadline.", title=f"The queen {n}")
    shelf = built()
    results = shelf.ask("Queen agrees to suspend parliament ahead of deadline | The Gazette")
    assert (results.numbers, results.loosened) == ((number,), True), "with most of its words, and not with any"
    assert shelf.ask('"agrees to suspend" parliament gazette').numbers == (number,), "whoever writes a phrase means it"
    assert shelf.ask('"agrees to stop" parliament gazette').total == 0


def test_a_sentence_finds_where_it_stands(built: Callable[[], Shelf]) -> None:
    words = "negotiators from both delegations met again on tuesday"
    number = article(f"In short: {words}, and left. {'Nothing else was said of it. ' * 30}")
    for n in range(4):
        article(f"Tuesday. Both met. Delegations, negotiators {n}. " * 3, title="Negotiators")
    assert built().ask(words).numbers[0] == number


def test_all_words_in_the_headline_come_first(built: Callable[[], Shelf]) -> None:
    number = article("Nothing of interest.", title="The Berlin crisis", dated=datetime(1961, 1, 1, tzinfo=UTC))
    for n in range(4):
        article("Berlin crisis. " * 10, title=f"Berlin {n}", dated=datetime(2024, 1, 1, tzinfo=UTC))
    assert built().ask("berlin crisis").numbers[0] == number


def test_of_a_year_that_is_asked_for_comes_what_is_dated_in_it(built: Callable[[], Shelf]) -> None:
    old, new = (article("Elections, as in 2019.", dated=datetime(year, 5, 5, tzinfo=UTC)) for year in (2019, 2025))
    shelf = built()
    assert shelf.ask("elections 2019").numbers == (old, new)
    assert shelf.ask("elections").numbers == (new, old)


def test_a_word_of_ours_in_a_foreign_text_is_not_rarer_than_it_is(built: Callable[[], Shelf]) -> None:
    # by the stems of another language "organizations" is a rare word, and the article that quotes it would come first
    ours = [article(f"Organizations and more organizations {n}.", title="Organizations") for n in range(5)]
    foreign = article("La registaro de organizations intertraktis pri la limoj de la mondo.", language="eo")
    numbers = built().ask("organizations").numbers
    assert set(numbers) == {*ours, foreign}
    assert numbers[-1] == foreign


def test_what_means_the_same_tells_no_more_than_what_was_typed(built: Callable[[], Shelf]) -> None:
    west = article("West Germany rearmed. West Germany joined.")
    east = article("The German Democratic Republic built a wall.")
    for _ in range(6):
        article("Germany. The west.")
    assert list(built().ask("West Germany").numbers).index(west) < list(built().ask("West Germany").numbers).index(east)


# --- what is marked


def test_names_are_marked_as_they_stand(built: Callable[[], Shelf]) -> None:
    shelf = built()

    def shown(text: str, asked: str) -> str:
        return passage([text], shelf.ask(asked).marks)

    assert shown("The U.S. told us: US", "us trade") == "The <mark>U.S</mark>. told us: <mark>US</mark>"
    assert shown("An F-35, an F35; F. at 35", "F-35") == "An <mark>F-35</mark>, an <mark>F35</mark>; F. at 35"
    assert shown("The United Nations, the united front", "United Nations") == "The <mark>United Nations</mark>, the united front"
    assert shown("Labor and labour", "labour") == "<mark>Labor</mark> and <mark>labour</mark>"
    assert shown("The USSR, the U.S.S.R.", "U.S.S.R.") == "The <mark>USSR</mark>, the <mark>U.S.S.R</mark>."
    assert shown("Minister's minister-made", "minister") == "<mark>Minister</mark>&#x27;s <mark>minister</mark>-made"


def test_completions_are_written_as_one_writes_them(built: Callable[[], Shelf]) -> None:
    for _ in range(3):
        article("The WHO and AIDS.")
    built()
    assert search.completions("aid", policy=current_policy(), now=clock.now()) == ["AIDS"]
