"""The world's countries and a map of where each lies, from packaged open data. No Django; nothing is ever fetched."""

from masthead.library.world.countries import SOURCES, Country, Source, countries, country, fips, key, named, overlapping, synonyms
from masthead.library.world.maps import locator

__all__ = [
    "SOURCES",
    "Country",
    "Source",
    "countries",
    "country",
    "fips",
    "key",
    "locator",
    "named",
    "overlapping",
    "synonyms",
]
