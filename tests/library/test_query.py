"""What is typed and what an address says: read, and written back as one canonical address."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.library.query import (
    DEEPEST,
    FILTERS,
    LONGEST,
    MOST_FILTERS,
    MOST_WORDS,
    FromMapping,
    Order,
    Phrase,
    Request,
    parse,
    read,
)


def asked(**given: str | list[str]) -> Request:
    return parse(FromMapping({name: [value] if isinstance(value, str) else value for name, value in given.items()}))


def again(request: Request) -> Request:
    """The request its own address asks for."""
    from urllib.parse import parse_qs

    return parse(FromMapping(parse_qs(request.query_string(page=request.page))))


class TestAddress:
    values = st.lists(
        st.text(max_size=30) | st.sampled_from(["trade", "2019", "3", "newest", "relevance", "open", "1", "201"]), max_size=12
    )
    names = st.sampled_from(["q", "year", "month", "page", "order", "typing", "x", *FILTERS])

    @settings(max_examples=150, deadline=None)
    @given(st.dictionaries(names, values))
    def test_what_is_written_reads_as_what_was_meant(self, parameters: dict[str, list[str]]) -> None:
        from dataclasses import replace

        request = parse(FromMapping(parameters))
        assert again(request) == replace(request, notes=(), typing=False)
        assert again(again(request)) == again(request)

    @settings(max_examples=200, deadline=None)
    @given(st.text())
    def test_any_text_is_one_short_printable_line(self, text: str) -> None:
        request = asked(q=text)
        assert len(request.text) <= LONGEST
        assert request.text == "" or request.text.isprintable()
        assert request.text == request.text.strip()
        assert "  " not in request.text

    def test_a_search_for_nothing_has_no_address(self) -> None:
        assert asked().query_string() == ""

    def test_only_what_differs_is_written(self) -> None:
        request = asked(q="trade war", topic=["india", "russia"], year="2019", order="newest", page="3")
        assert request.query_string() == "q=trade+war&topic=india&topic=russia&year=2019&order=newest"
        assert request.query_string(page=3).endswith("&page=3")
        assert asked(q="a&b=c#d?é").query_string() == "q=a%26b%3Dc%23d%3F%C3%A9"
        assert asked(q="trade", order="relevance").query_string() == "q=trade"

    def test_without_words_there_is_nothing_to_judge_by(self) -> None:
        assert asked(order="relevance").order == asked().order == Order.NEWEST
        assert asked(q="trade").order == Order.RELEVANCE

    def test_a_filter_is_put_on_and_taken_off(self) -> None:
        request = asked(q="trade", topic="india")
        assert request.toggled("topic", "india") == "q=trade"
        assert request.toggled("topic", "russia") == "q=trade&topic=india&topic=russia"
        assert request.filtered
        assert not asked(q="trade").filtered

    @pytest.mark.parametrize("value", ["../etc", "a b", "", "x" * 121, "a/b", "<b>"])
    def test_what_is_no_slug_is_left_out(self, value: str) -> None:
        assert asked(topic=value).topic == ()

    def test_filters_are_few_and_each_once(self) -> None:
        assert asked(topic=["a", "a", *map(str, range(20))]).topic == ("a", *map(str, range(MOST_FILTERS - 1)))

    def test_a_month_needs_a_year(self) -> None:
        assert (asked(year="2019", month="3").month, asked(month="3").month, asked(year="2019", month="13").month) == (
            3,
            None,
            None,
        )

    @pytest.mark.parametrize("page", ["0", "-1", "x", "", "1e3", "٣", "9" * 30])
    def test_a_page_that_makes_no_sense_is_the_first(self, page: str) -> None:
        assert asked(q="trade", page=page).page == 1

    def test_too_deep_is_told(self) -> None:
        request = asked(q="trade", page="5000")
        assert request.page == DEEPEST
        assert "narrow" in request.notes[0]

    def test_too_long_is_cut_between_words_and_told(self) -> None:
        request = asked(q="word " * 100)
        assert request.text.endswith("word")
        assert f"first {len(request.text)} characters" in request.notes[0]

    def test_letters_are_composed_and_soft_hyphens_go(self) -> None:
        assert asked(q="Cafe\u0301 Infra\u00adstruktur \ufb01nance").text == "Café Infrastruktur finance"


class TestText:
    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=400), st.booleans())
    def test_any_text_can_be_read(self, text: str, typing: bool) -> None:
        wanted = read(text, typing=typing)
        assert len(wanted.words) <= MOST_WORDS
        assert all(any(c.isalnum() for c in word) for word in (*wanted.words, *wanted.excluded))

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.sampled_from(['"', "-", "*", "author:", "before:", "topic:", "a", "trade", " ", "“", "»", "2019", "(", ")"]),
            max_size=30,
        )
    )
    def test_so_can_any_jumble_of_operators(self, parts: list[str]) -> None:
        read("".join(parts))

    def test_words_phrases_and_what_is_left_out(self) -> None:
        wanted = read('trade "gas pipeline" -oil -"cold war" war')
        assert wanted.words == ("trade", "war")
        assert wanted.phrases == (Phrase("gas pipeline"), Phrase("cold war", excluded=True))
        assert wanted.excluded == ("oil",)

    @pytest.mark.parametrize("text", ["“cold war”", "„cold war“", "«cold war»", '"cold war'])
    def test_quotation_marks_of_every_country(self, text: str) -> None:
        assert read(text).phrases == (Phrase("cold war"),)

    def test_fields(self) -> None:
        wanted = read('author:carvalho Topic:"climate change" after:2019 before:2020-03 AUTHOR:ada')
        assert (wanted.authors, wanted.topics) == (("carvalho", "ada"), ("climate change",))
        assert (wanted.since, wanted.until) == (date(2019, 1, 1), date(2020, 3, 1))
        assert not wanted.words

    def test_the_narrower_of_two_dates_counts(self) -> None:
        wanted = read("after:2019 after:2020 before:2023 before:2022")
        assert (wanted.since, wanted.until) == (date(2020, 1, 1), date(2022, 1, 1))

    @pytest.mark.parametrize("text", ["before:yesterday", "after:2019-13", "before:2019-02-30", "after:0000", "before:99999"])
    def test_what_is_no_date_is_told(self, text: str) -> None:
        wanted = read(text)
        assert "is no date we can read" in wanted.notes[0]
        assert wanted.empty

    def test_a_field_s_name_alone_is_a_word(self) -> None:
        assert read("author: carvalho").words == ("author:", "carvalho")
        assert read("http://x").words == ("http://x",)

    def test_a_beginning(self) -> None:
        assert (read("trad*").prefix, read("trad*").words) == ("trad", ())
        assert read("trad* author:ada after:2019").prefix == "trad", "also where filters follow"
        assert (read("trad* wa*").prefix, read("trad* wa*").words) == ("wa", ("trad",)), "of two the last"
        assert (read("a*").prefix, read("*").words, read("-trad*").excluded) == ("", (), ("trad*",))

    def test_the_last_word_goes_on_while_it_is_typed(self) -> None:
        assert (read("gas pipe", typing=True).prefix, read("gas pipe", typing=True).words) == ("pipe", ("gas",))
        assert read("gas pipe ", typing=True).prefix == ""
        assert read("gas p", typing=True).prefix == ""
        assert read('gas "pipe', typing=True).prefix == ""

    def test_nothing_but_what_is_left_out_is_no_question(self) -> None:
        assert read("-oil").empty
        assert read("“” - *").empty
        assert not read("after:2019").empty

    def test_too_many_words_are_told(self) -> None:
        assert str(MOST_WORDS) in read("word " * (MOST_WORDS + 1)).notes[0]
        assert read("word " * MOST_WORDS).notes == ()
