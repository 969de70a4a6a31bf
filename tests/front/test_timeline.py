"""The drawing of years: nothing left out, nothing invented, and words for who cannot see it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from masthead.front import timeline


def bars(svg: str) -> list[tuple[float, float, str]]:
    root = ElementTree.fromstring(svg)
    return [(float(bar.attrib["x"]), float(bar.attrib["height"]), bar[0].text or "") for bar in root]


def test_a_bar_for_each_year_that_has_articles_in_its_place() -> None:
    drawn = timeline.draw({2019: 4, 2022: 2}, "Articles on India")
    assert drawn is not None
    assert bars(drawn.svg) == [(0.0, 100.0, "2019: 4 articles"), (30.0, 50.0, "2022: 2 articles")]
    assert (drawn.start, drawn.end, drawn.total, drawn.most.name) == ("2019", "2022", 6, "2019")


def test_it_tells_a_screen_reader_what_it_shows() -> None:
    drawn = timeline.draw({2019: 1, 2020: 3}, 'Articles on "India" & more')
    assert drawn is not None
    label = re.search(r'role="img" aria-label="([^"]*)"', drawn.svg)
    assert label is not None and label[1].endswith("from 2019 to 2020: 4 articles, most in 2020")
    assert "&quot;India&quot; &amp; more" in drawn.svg


def test_one_article_beside_hundreds_is_still_to_be_seen() -> None:
    drawn = timeline.draw({2019: 1, 2020: 900}, "x")
    assert drawn is not None and bars(drawn.svg)[0][1] == 2.0


def test_centuries_are_drawn_by_decades_and_lose_nothing() -> None:
    drawn = timeline.draw({1776: 1, 1779: 1, 1945: 3, 2026: 2}, "x")
    assert drawn is not None and drawn.by_decade
    assert [told for _, _, told in bars(drawn.svg)] == ["1770s: 2 articles", "1940s: 3 articles", "2020s: 2 articles"]
    assert len(timeline.stretches({1: 1, 9998: 1})) == 1000


def test_one_year_is_no_timeline() -> None:
    assert timeline.draw({}, "x") is None and timeline.draw({2026: 5}, "x") is None
