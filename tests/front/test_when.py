"""The bars of years: what they are called, where they lead, how they are drawn."""

from __future__ import annotations

import re

from masthead.front import timeline, when
from masthead.library.query import Request


def test_nothing_is_drawn_of_one_year() -> None:
    assert when.when([("2019", 3)], Request("x")) is None
    assert when.when([], Request("x")) is None


def test_years_without_articles_keep_their_place() -> None:
    found = when.when([("2017", 1), ("2020", 4)], Request("x"))
    assert found is not None
    assert [(bar.name, bar.count) for bar in found.bars] == [("2017", 1), ("2018", 0), ("2019", 0), ("2020", 4)]
    assert found.bars[0].query == "q=x&year=2017" and found.most == "most in 2020: 4"


def test_the_chosen_year_leads_back() -> None:
    found = when.when([("2017", 1), ("2020", 4), ("2020-03", 4)], Request("x", year=2020))
    assert found is not None
    assert found.bars[-1].chosen and found.bars[-1].query == "q=x"
    assert len(found.months) == 12
    assert (found.months[2].name, found.months[2].count, found.months[2].query) == ("March", 4, "q=x&year=2020&month=3")


def test_centuries_are_drawn_by_decades_which_narrow_by_their_dates() -> None:
    found = when.when([("1776", 2), ("1781", 1), ("2026", 9)], Request("x after:1700"))
    assert found is not None
    assert (len(found.bars), found.bars[0].name) == (26, "1770s")
    assert re.findall(r">(\w+)</text>", found.axis) == ["1800s", "1850s", "1900s", "1950s", "2000s"]
    assert found.bars[1].query == "q=x+after%3A1780+before%3A1790", "in place of the dates that were asked for"


def test_dates_are_taken_out_of_a_text() -> None:
    typed = 'straits before:1990 "law of the sea" after:"1980-01" author:x'
    assert when.without_dates(typed) == 'straits "law of the sea" author:x'


def test_bars_are_drawn_from_attributes_alone() -> None:
    bars = [when.Bar("2019 & more", 1, "q=a&b=c"), when.Bar("2020", 0, ""), when.Bar("2021", 1000, "", chosen=True)]
    svg = when.draw(bars, lambda query: f"/?{query}")
    assert "style" not in svg and svg.count("<a ") == 2
    assert "<title>2019 &amp; more: 1</title>" in svg and 'href="/?q=a&amp;b=c"' in svg
    heights = [float(h) for h in re.findall(r'class="bar" [^>]*height="([\d.]+)"', svg)]
    assert heights == [timeline.LEAST, timeline.HEIGHT], "one article beside a thousand is still to be seen"
