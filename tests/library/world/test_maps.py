"""Locator maps: where a country lies, as plain SVG."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from masthead.library import world

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ElementTree.fromstring(svg)


def marked(svg):
    return [each for each in parsed(svg) if "map-here" in each.get("class", "")]


def places(svg):
    """The absolute points of the marked outline."""
    found = []
    for path in marked(svg):
        for start in re.finditer(r"M(\d+) (\d+)l([^zM]*)", path.get("d", "")):
            x, y = int(start[1]), int(start[2])
            numbers = [int(n) for n in re.findall(r"-?\d+", start[3])]
            found.append((x, y))
            for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
                x, y = x + dx, y + dy
                found.append((x, y))
    return found


SHOWN = [("IN",), ("FJ",), ("RU",), ("US",), ("CL",), ("IN", "RU"), ("US", "CN"), ("ES", "NZ"), ("CL", "AU")]


@pytest.mark.parametrize("codes", SHOWN)
def test_a_country_lies_whole_and_in_one_place_also_across_the_180th_meridian(codes):
    spots = places(world.locator(*codes))
    assert spots
    assert all((x - 320) ** 2 + (y - 320) ** 2 <= 322**2 for x, y in spots)
    if codes in {("RU",), ("FJ",)}:  # no part at the other end of the picture
        assert abs(sum(x for x, _ in spots) / len(spots) - 320) < 120


def test_north_is_up():
    spots = places(world.locator("CL"))
    assert max(y for _, y in spots) - min(y for _, y in spots) > 3 * (max(x for x, _ in spots) - min(x for x, _ in spots))


def test_what_would_be_overlooked_has_a_ring_around_it():
    assert all('class="map-ring"' in world.locator(code) for code in ("MC", "MT", "SG", "TV", "KI", "FJ", "VA"))
    assert 'class="map-ring"' not in world.locator("IN") + world.locator("FR")


def test_every_country_has_a_map_and_none_is_large():
    for each in world.countries():
        svg = world.locator(each.code)
        if each.state:
            assert marked(svg), each.name
        assert len(svg) <= 25_000, each.name


def test_maps_of_pairs_are_no_larger():
    for pair in combinations(("IN", "RU", "US", "CN", "GB", "NZ", "ES", "NO", "CL"), 2):
        assert 0 < len(world.locator(*pair)) <= 25_000, pair


def test_it_is_called_what_it_shows():
    picture = parsed(world.locator("IN", "RU"))
    assert (picture.get("role"), picture.get("aria-label")) == ("img", "Map: India and Russia")
    assert picture[0].tag == f"{SVG}title"
    named = parsed(world.locator("IN", label='Where <"India"> lies'))
    assert named.get("aria-label") == named[0].text == 'Where <"India"> lies'


def test_it_holds_nothing_a_strict_policy_forbids_and_refers_to_nothing():
    svg = world.locator("IN", "RU")
    assert not re.search(r"\bstyle=|<style|<script|href|url\(|\bon\w+=", svg)


def test_nothing_is_drawn_of_what_nobody_knows():
    assert world.locator() == world.locator("ZZ") == ""
    assert world.locator("ZZ", "IN", label="x") == world.locator("IN", label="x")
