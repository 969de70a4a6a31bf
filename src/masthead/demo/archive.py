"""A large archive of generated texts, for trials: original, dull and harmless. The same seed gives the same archive.

The places, bodies and treaties in it are invented, so that nothing in it can be mistaken for a statement about the world.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from masthead.articles import bulk
from masthead.articles.models import Article, Author, Topic
from masthead.core import clock
from masthead.core.models import Publication
from masthead.imports import markdown

BATCH = 500
SOURCE = "Text generated for trials of this software; its places and treaties are invented"

_WORDS: dict[str, list[str]] = {
    name: words.split("|")
    for name, words in {
        "place": (
            "Marenza|Oskalia|Tavoria|Lower Brant|the Calder Republic|Velmark|Sorrenia|the Anhal Federation|Quissar|"
            "Upper Dovra|Istermark|Halvaria|the Pelan Isles|Moravenna|Kestria|Nordhal|Ambria|the Tessaly Union|Rovania|"
            "East Carrow"
        ),
        "water": (
            "the Vell|the Orrin Strait|the Caspar Narrows|the River Dane|Lake Imber|the Tolm basin|the Serran Gulf|"
            "the Halden Canal|the Lesser Strait|the Arvo delta"
        ),
        "body": (
            "the basin commission|the customs union|the port authority|the boundary tribunal|the standing conference|"
            "the grain office|the joint secretariat|the pilots’ board|the council of ministers|the monetary bureau"
        ),
        "treaty": (
            "the Treaty of Carrow|the Imber Convention|the Dane Protocol|the Halden Accord|the Tolm Declaration|"
            "the Serran Compact|the Orrin Rules|the Vell Agreement"
        ),
        "good": "wheat|copper|timber|refined fuel|fertiliser|salt|cement|tin|dried fish|machine parts|cotton|bauxite",
        "matter": (
            "transit fees|water levels|grain quotas|port dues|pilotage|border posts|fishing rights|customs forms|"
            "dredging|time zones|rail gauges|storage rules|insurance|air corridors|weather data|seed stocks"
        ),
        "adjective": "patient|narrow|costly|quiet|unfinished|practical|stubborn|modest|long|delicate|useful|reluctant",
        "number": "three|four|five|six|seven|nine|eleven|twelve|fourteen",
        "actor": (
            "shippers|engineers|ministers|farmers|pilots|surveyors|lenders|harbour masters|negotiators|clerks|millers|brokers"
        ),
        "verb": "measure|publish|delay|inspect|share|postpone|count|insure|divide|register|finance|contest",
    }.items()
} | {"year": [str(year) for year in range(1948, 2006)]}
_TITLES = [
    "The {adjective} politics of {matter}", "What {place} learned from {water}", "Why {matter} still matter in {place}",
    "{place} and the price of {good}", "After {treaty}", "A {adjective} bargain over {matter}",
    "How {body} came to {verb} {good}",
    "{water} and its keepers", "The {actor} of {place}", "Counting {good} on {water}",
    "{place}, {place} and the question of {matter}",
    "The {adjective} road from {place}", "Who may {verb} {good}?", "{treaty}, {number} years on", "Between {place} and {water}",
]  # fmt: skip
_SENTENCES = [
    "In {year} the governments of {place} and {place} agreed to {verb} {good} carried over {water}.",
    "The arrangement was {adjective}, and for {number} years nobody asked {body} to explain it.",
    "What {actor} wanted was certainty about {matter}; what they were given was a committee.",
    "By the terms of {treaty}, either side may {verb} the accounts, provided that {body} is told in writing.",
    "It is the {adjective} habit of {actor} to treat {matter} as a technical question until the money runs out.",
    "Between {water} and the railway the cost of moving {good} fell by about a third, and then stayed where it was.",
    "{place} had no wish to {verb} anything, but it had a long border and a short list of friends.",
    "A surveyor’s report of {year} put the matter in {number} pages, of which {number} were about {matter}.",
    "The delegates from {place} arrived late, read {treaty} again, and found that it said less than they remembered.",
    "None of this surprised {actor}, who had been paying for {good} in two currencies since {year}.",
    "If there is a lesson, it is that {matter} are settled by those who come back for the second meeting.",
    "The clause on {matter} was drafted in an afternoon and has been argued over ever since.",
    "Trade in {good} went on regardless, as trade in {good} does.",
    "For {body}, the {adjective} course was to {verb} the figures first and to quarrel about them afterwards.",
    "Along {water} the {actor} kept their own records, and these turned out to be the better ones.",
    "No party to {treaty} has ever left it, though {number} have threatened to.",
    "In practice {place} decides, {place} objects, and {body} writes a letter.",
    "The {actor} of {place} knew the value of delay, and charged for it.",
    "Under the older rules a cargo of {good} could wait {number} days for a stamp.",
    "There were {number} proposals on the table, and each of them began by praising {treaty}.",
]
_FORMATS = (["analysis"] * 7) + (["in-depth"] * 2) + ["briefing"]
_ACCESS = (["metered"] * 16) + (["open"] * 2) + (["subscribers"] * 2)


def fill(count: int, seed: int = 1, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Make the first ``count`` texts of ``seed``'s archive, but for those that are there. Returns how many were made."""
    people = list(Author.objects.order_by("slug").values_list("pk", flat=True))
    topics = list(Topic.objects.order_by("slug").values_list("pk", flat=True)[:60])
    zone = ZoneInfo(Publication.load().timezone)
    # the archive ends on a fixed day, so that a repeated run gives the same dates
    end = datetime(2026, 1, 2, tzinfo=zone)
    if end > clock.now():
        end = clock.now().astimezone(zone) - timedelta(days=60)
    made = 0
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        keys = {f"demo-archive:{seed}:{number}": number for number in numbers}
        found = set(Article.objects.filter(import_key__in=keys).values_list("import_key", flat=True))
        missing = [(key, number) for key, number in keys.items() if key not in found]
        bulk.create([_article(key, random.Random(key), number, end, people, topics) for key, number in missing])  # noqa: S311
        made += len(missing)
        progress(numbers.stop, count)
    return made


def _article(
    key: str, chance: random.Random, number: int, end: datetime, people: list[int], topics: list[int]
) -> bulk.NewArticle:
    paragraphs = [
        " ".join(_say(chance, sentence) for sentence in chance.sample(_SENTENCES, chance.randint(4, 6)))
        for _ in range(chance.randint(7, 12))
    ]
    blocks = [markdown.block("paragraph", f"<p>{markdown.escape(text)}</p>") for text in paragraphs]
    middle = len(blocks) // 2
    blocks.insert(middle, markdown.block("heading", _say(chance, chance.choice(_TITLES))))
    day = end - timedelta(days=number * 7 // 5)
    day -= timedelta(days=max(0, day.weekday() - 4))
    return bulk.NewArticle(
        title=_say(chance, chance.choice(_TITLES)),
        standfirst=_say(chance, chance.choice(_SENTENCES)),
        body=markdown.identify(blocks, key),
        dated=datetime.combine(day.date(), time(5, 30), end.tzinfo),
        format=chance.choice(_FORMATS),
        access=chance.choice(_ACCESS),
        source=SOURCE,
        import_key=key,
        authors=tuple(chance.sample(people, 1)) if people else (),
        topics=tuple(chance.sample(topics, min(len(topics), chance.randint(1, 3)))),
    )


def _say(chance: random.Random, pattern: str) -> str:
    """``pattern`` with words for its names, no word twice, and a capital at its beginning."""
    parts: list[str] = []
    used: set[str] = set()
    for piece in pattern.split("{"):
        name, closed, rest = piece.partition("}")
        if not closed:
            parts.append(piece)
            continue
        word = chance.choice(_WORDS[name])
        while word in used:
            word = chance.choice(_WORDS[name])
        used.add(word)
        parts += [word, rest]
    text = "".join(parts)
    return text[:1].upper() + text[1:]
