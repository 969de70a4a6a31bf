"""The drawing of years: nothing left out, nothing invented, each bar a link, and each year beneath its own bar."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from masthead.front import timeline
from masthead.front.timeline import Stretch


def address(stretch: Stretch) -> str:
    return f"/{stretch.first}/?a&b"


def bars(svg: str) -> list[tuple[str, float, str]]:
    """Where each bar leads, how high it is, what it says."""
    links = ElementTree.fromstring(svg)
    return [(link.attrib["href"], float(link[2].attrib["height"]), link[0].text or "") for link in links]


def middles(svg: str) -> list[float]:
    """The middle of each bar, in columns."""
    found = [link[2].attrib for link in ElementTree.fromstring(svg)]
    return [round((float(bar["x"]) + float(bar["width"]) / 2) / timeline.COLUMN, 2) for bar in found]


def labels(svg: str) -> list[str]:
    return re.findall(r">(\w+)</text>", svg)


def test_a_bar_for_each_year_that_has_articles_in_its_place() -> None:
    drawn = timeline.draw({2019: 4, 2022: 2}, address)
    assert drawn is not None
    assert bars(drawn.svg) == [("/2019/?a&b", 100.0, "2019: 4 articles"), ("/2022/?a&b", 50.0, "2022: 2 articles")]
    assert middles(drawn.svg) == [0.5, 3.5]
    assert (drawn.start, drawn.end, drawn.total, drawn.most.name) == ("2019", "2022", 6, "2019")


def test_it_is_for_the_eye_and_keeps_out_of_the_way_of_keys() -> None:
    drawn = timeline.draw({2019: 1, 2020: 3}, address)
    assert drawn is not None
    assert drawn.svg.count('tabindex="-1"') == 2 and 'aria-hidden="true"' in drawn.svg and 'aria-hidden="true"' in drawn.axis
    assert "style" not in drawn.svg + drawn.axis


def test_one_article_beside_hundreds_is_still_to_be_seen() -> None:
    drawn = timeline.draw({2019: 1, 2020: 900}, address)
    assert drawn is not None and bars(drawn.svg)[0][1] == timeline.LEAST


def test_few_bars_are_no_slabs() -> None:
    def share(years: int) -> float:
        svg = timeline.bars([(str(n), 1, "/", False) for n in range(years)])
        return float(ElementTree.fromstring(svg)[0][2].attrib["width"]) / timeline.COLUMN

    assert share(2) == pytest.approx(0.11) and share(6) == pytest.approx(0.33) and share(40) == pytest.approx(0.84)


def test_centuries_are_drawn_by_decades_and_lose_nothing() -> None:
    drawn = timeline.draw({1776: 1, 1779: 1, 1945: 3, 2026: 2}, address)
    assert drawn is not None and drawn.by_decade
    assert [told for _, _, told in bars(drawn.svg)] == ["1770s: 2 articles", "1940s: 3 articles", "2020s: 2 articles"]
    assert len(timeline.stretches({1: 1, 9998: 1})) == 1000


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (2019, 2020, ["2019", "2020"]),
        (2020, 2026, ["2020", "2022", "2024", "2026"]),
        (1990, 2026, ["1990", "2000", "2010", "2020"]),
        (1751, 2026, ["1750s", "1800s", "1850s", "1900s", "1950s", "2000s"]),
    ],
)
def test_round_years_stand_beneath_their_bars(first: int, last: int, expected: list[str]) -> None:
    shown = timeline.stretches({first: 1, last: 1})
    svg = timeline.axis(shown)
    assert labels(svg) == expected
    for at, name in re.findall(r'x="([\d.]+)%" y="1em" text-anchor="middle">(\w+)<', svg):
        place = [bar.name for bar in shown].index(name)
        assert float(at) == pytest.approx((place + 0.5) / len(shown) * 100, abs=0.1)


def test_no_stretch_is_without_a_year() -> None:
    for first in range(1, 60, 7):
        for length in range(1, 400, 13):
            shown = timeline.stretches({first: 1, first + length: 1})
            assert 1 <= len(timeline.ticks(shown)) <= timeline.MOST_TICKS, (first, length)


def test_one_year_is_no_timeline() -> None:
    assert timeline.draw({}, address) is None and timeline.draw({2026: 5}, address) is None
