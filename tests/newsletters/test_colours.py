"""A newsletter's colour is read on light and on dark grounds, whatever the publisher chose."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from masthead.newsletters import colours
from masthead.newsletters.rendering import DARK, LIGHT

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_that_of_wcag() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colours.contrast("#767676", "#ffffff"), 2) == 4.54


@given(COLOURS)
def test_any_colour_is_made_readable(colour: str) -> None:
    for grounds in ((LIGHT["paper"], LIGHT["panel"]), (DARK["paper"], DARK["panel"])):
        found = colours.readable(colour, *grounds)
        assert all(colours.contrast(found, ground) >= colours.ENOUGH for ground in grounds)


def test_a_colour_that_can_be_read_is_left_alone() -> None:
    assert colours.readable("#8a1c1c", LIGHT["paper"]) == "#8a1c1c"


def test_words_stand_out_from_every_ground() -> None:
    for palette in (LIGHT, DARK):
        for ground in ("ground", "paper", "panel"):
            assert colours.contrast(palette["ink"], palette[ground]) > 7
            assert colours.contrast(palette["soft"], palette[ground]) >= colours.ENOUGH
