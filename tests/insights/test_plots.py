"""Plots are well-formed, say what they show, and keep inside their frame, whatever the numbers. Pure."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.insights.plots import HEIGHT, WIDTH, Plot, Series, bars, lines, scale, short

numbers = st.integers(0, 10**9)


@st.composite
def plots(draw: st.DrawFn) -> Plot:
    long = draw(st.integers(0, 40))
    values = st.lists(numbers, min_size=long, max_size=long)
    series = [Series(draw(st.text("<&\">'aé", max_size=4)), tone, draw(values)) for tone in "abc"[: draw(st.integers(0, 3))]]
    names = [f"<part {n}>" for n in range(long)]
    return Plot(
        "Views & <gates>", series, names, [name if n % 3 == 0 else "" for n, name in enumerate(names)], draw(st.booleans())
    )


@given(plot=plots(), draw=st.sampled_from([bars, lines]))
def test_any_plot_is_well_formed_and_keeps_inside_its_frame(plot: Plot, draw) -> None:
    svg = ElementTree.fromstring(draw(plot))
    assert svg.get("role") == "img" and svg.get("aria-label", "").startswith("Views & <gates>")
    for rect in svg.iter("rect"):
        x, y, wide, tall = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
        assert x >= 0 and x + wide <= WIDTH + 1
        assert y >= 0 and y + tall <= HEIGHT + 1
    for line in svg.iter("polyline"):
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT
    assert len(list(svg.iter("title"))) == len(plot.names)


def test_a_bars_height_is_its_value() -> None:
    svg = bars(Plot("Views", [Series("Read", "a", [50, 100])], ["one", "two"], ["", ""]))
    low, high = (float(tall) for tall in re.findall(r'class="plot-a"[^>]*height="([\d.]+)"', svg))
    assert high == pytest.approx(2 * low, abs=0.1)


def test_each_stretch_tells_its_numbers() -> None:
    svg = bars(Plot("Views", [Series("Read", "a", [1234]), Series("Gate", "b", [5])], ["Monday"], [""], unfinished=True))
    assert "<title>Monday (so far): Read 1,234, Gate 5</title>" in svg
    assert 'aria-label="Views: Read 1,234, Gate 5 in all"' in svg


def test_what_cannot_be_added_up_has_no_sum() -> None:
    plot = Plot("Visitors", [Series("Nobody", "a", [3, 4])], ["Mon", "Tue"], ["", ""], summable=False)
    assert 'aria-label="Visitors"' in bars(plot)


def test_no_colour_stands_in_a_plot() -> None:
    svg = bars(Plot("Views", [Series("Read", "a", [1])], ["Monday"], ["Mon"]))
    assert "fill=" not in svg and "stroke=" not in svg and "style=" not in svg


@given(most=st.integers(0, 10**12))
def test_an_axis_reaches_the_highest_value_in_two_to_five_round_steps(most: int) -> None:
    top, step = scale(most)
    assert top >= most and top % step == 0
    assert 2 <= top // step <= 5
    assert str(step).strip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("number", "word"), [(0, "0"), (950, "950"), (1000, "1k"), (1500, "1.5k"), (20_000, "20k"), (3_000_000, "3M")]
)
def test_numbers_on_an_axis_are_short(number: int, word: str) -> None:
    assert short(number) == word


def test_the_table_beside_a_plot_has_the_same_numbers() -> None:
    plot = Plot("Views", [Series("Read", "a", [1, 2]), Series("Gate", "b", [3, 4])], ["Mon", "Tue"], ["", ""])
    assert plot.rows() == [("Mon", [1, 3]), ("Tue", [2, 4])]
