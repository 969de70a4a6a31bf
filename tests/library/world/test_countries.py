"""The world's countries: facts, and what a name means."""

import json
from collections import Counter

import pytest

from masthead.library import languages, world
from masthead.library.world.countries import CONTENT, spellings


def code(name):
    found = world.named(name)
    return found.code if found else None


def test_a_country_has_its_facts():
    india = world.country("in")
    assert (india.code, india.alpha3, india.fips, india.name) == ("IN", "IND", "IN", "India")
    assert india.formal == "Republic of India"
    assert india.capitals == ("New Delhi",)
    assert india.demonyms == ("Indian", "Indians")
    assert (india.region, india.subregion) == ("Asia", "Southern Asia")
    assert india.languages == ("Hindi", "English")
    assert (india.currency, india.currency_code) == ("Indian Rupee", "INR")
    assert set(india.neighbours) == {"BD", "BT", "CN", "MM", "NP", "PK"}
    assert 1_300_000_000 < india.population < 1_600_000_000
    assert 3_000_000 < india.area < 3_400_000


def test_there_is_every_state_and_each_is_complete():
    states = [each for each in world.countries() if each.state]
    assert len(states) == 197
    for each in states:
        assert all((each.name, each.formal, each.alpha3, each.demonyms, each.capitals, each.region, each.subregion)), each.name
        assert all((each.population, each.languages, each.currency)), each.name
        assert each.area or each.code == "VA"
        assert each.latitude is not None and -180 <= each.longitude <= 180


def test_neighbours_are_mutual():
    for each in world.countries():
        for neighbour in each.neighbours:
            assert each.code in world.country(neighbour).neighbours, (each.name, neighbour)


def test_codes_are_unique():
    for field in ("code", "alpha3", "name"):
        values = [getattr(each, field) for each in world.countries()]
        assert len(set(values)) == len(values) == 250


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("India", "IN"),
        ("  INDIA ", "IN"),
        ("The Gambia", "GM"),
        ("Gambia, The", "GM"),
        ("Bahamas, The", "BS"),
        ("Türkiye", "TR"),
        ("Turkiye", "TR"),
        ("Turkey (Türkiye)", "TR"),
        ("Cote d'Ivoire", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("St. Lucia", "LC"),
        ("Trinidad & Tobago", "TT"),
        ("Viet Nam", "VN"),
        ("Republic of Korea (South Korea)", "KR"),
        ("Democratic People’s Republic of Korea", "KP"),
        ("China (includes Tibet, Hong Kong, and Macau)", "CN"),
        ("Guinea", "GN"),
        ("Equatorial Guinea", "GQ"),
        ("Papua New Guinea", "PG"),
        ("Niger", "NE"),
        ("Dominica", "DM"),
        ("Republic of the Congo", "CG"),
        ("Democratic Republic of the Congo", "CD"),
        ("Ireland", "IE"),
        ("U.S.A.", "US"),
    ],
)
def test_a_name_means_one_country_however_it_is_written(name, expected):
    assert code(name) == expected


def test_every_country_is_known_by_its_own_name():
    for each in world.countries():
        assert world.named(each.name) == each
        assert world.named(each.alpha3) == each


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Burma", "MM"), ("Zaire", "CD"), ("Swaziland", "SZ"), ("Persia", "IR"), ("Ceylon", "LK"), ("Siam", "TH"),
     ("Czech Republic", "CZ"), ("Cape Verde", "CV"), ("Macedonia", "MK"), ("East Germany", "DE"), ("Upper Volta", "BF")],
)  # fmt: skip
def test_a_former_name_means_the_country_of_today(name, expected):
    assert code(name) == expected


@pytest.mark.parametrize("name", ["", "Congo", "Korea", "Soviet Union", "Czechoslovakia", "Yugoslavia", "Baden*", "Atlantis"])
def test_what_means_several_countries_or_none_is_not_guessed(name):
    assert code(name) is None


def test_codes_of_three_letters_are_names_too_and_former_ones_of_countries_that_are_in_one_now():
    assert [code(each) for each in ("IND", "gbr", "DDR", "YMD", "ZAR")] == ["IN", "GB", "DE", "YE", "CD"]
    assert [code(each) for each in ("CSK", "YUG", "SUN", "EU")] == [None] * 4


def test_two_letters_are_believed_only_where_both_lists_mean_the_same():
    assert code("IN") == "IN"
    assert code("UK") == "GB"  # FIPS alone
    assert code("AU") is None  # Australia in one list, Austria in the other
    assert world.fips("AU").name == "Austria"
    assert world.fips("rs").name == "Russia"
    assert world.fips("gz").name == "Palestine"
    assert world.fips("xx") is None


def test_synonyms_hold_names_former_names_and_demonyms_in_lower_case():
    groups = {group[0]: set(group) for group in world.synonyms()}
    assert {"india", "indian", "indians"} <= groups["india"]
    assert {"türkiye", "turkey", "turkish", "turks"} <= groups["türkiye"]
    assert {"myanmar", "burma", "burmese"} <= groups["myanmar"]
    assert {"russia", "russian", "soviet union", "russian federation"} <= groups["russia"]


def test_no_synonym_is_an_ordinary_word_or_means_two_countries():
    words = [word for group in world.synonyms() for word in group]
    assert len(set(words)) == len(words)
    countries = [word for group in world.synonyms() if group not in spellings() for word in group]
    assert [word for word in countries if word != word.lower()] == ["US"], "in lower case it is a pronoun"
    ordinary = {"polish", "poles", "pole", "us", "turk", "congo", "congolese", "dominican", "korea", "czechoslovakia", "persian"}
    assert not ordinary & set(words)


def test_no_other_name_stands_twice_or_means_a_country():
    folded = [form for group in world.synonyms() for form in {tuple(languages.words(name)) for name in group}]
    assert [form for form, times in Counter(folded).items() if times > 1] == []
    assert all(len(group) > 1 for group in spellings())


def test_formal_names_that_stand_within_another_s_are_known():
    assert {"republic of korea", "republic of china", "republic of the congo"} <= world.overlapping()
    assert not {"united states", "china", "guinea", "republic of india"} & world.overlapping()


def test_the_data_is_small_and_its_sources_are_named():
    assert sum(file.stat().st_size for file in CONTENT.glob("*.json")) < 250_000
    assert len(json.loads((CONTENT / "countries.json").read_text())) == len(world.countries())
    assert {source.name for source in world.SOURCES} == {"Unicode CLDR 48", "GeoNames", "Natural Earth"}
    readme = (CONTENT / "README.md").read_text()
    assert all(source.name in readme and source.licence in readme for source in world.SOURCES)
