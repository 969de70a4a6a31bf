"""What a shut article says after its teaser cannot be guessed by searching (DESIGN 3; issue 4, *no oracle*).

The attacker knows two texts, one of which is the rest of a shut article, and asks the library as often as they like. Here are
both worlds, and every answer has to be the same in both: then no way of asking does better than chance.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from factories import import_article, make_article, make_author, make_topic, set_policy
from masthead.access.policy import Grant, Visitor
from masthead.access.services import current_policy
from masthead.articles.models import Article
from masthead.core import clock, remembered
from masthead.library import building, languages, matching, onward, passages, search
from masthead.library.keeper import place
from masthead.library.query import FromMapping, Request, parse, read
from shelves import QuietLog, Shelf

pytestmark = pytest.mark.django_db

# Two texts for each thing that must not show. Every word but the names and numbers stands in many articles.
ORDER = (
    "The minister told the general that the fleet sails before the treaty is signed.",
    "The general told the minister that the treaty is signed before the fleet sails.",
)
RARE = ("Zorbania pays 471100 crowns to Quixley of Hamberwick.", "Vandorrow pays 982300 crowns to Trentwick of Ospelgard.")
REPEATED = ("Again the treaty of the fleet.", "The treaty, the treaty, the treaty and again the treaty of the fleet, the fleet.")
LONG = ("The general signed.", "The general signed. " + "Quorvane telmish ardunel. " * 30)
INFLECTED = ("The ministers sailed and told generals of treaties.", "The minister sails and told the general of the treaty.")
NAMES = ("The Ivory Coast waits again.", "The coast waits for ivory again.")  # one of them is a country
NEARLY = ("Kestrelborough waits for the fleet.", "Marlinthorpe waits for the fleet.")  # each in three other articles

WORLDS = [" ".join(pair[side] for pair in (ORDER, RARE, REPEATED, LONG, INFLECTED, NAMES, NEARLY)) for side in (0, 1)]
COMMON = "minister told general fleet sails before treaty signed crowns pays waits again sailing ivory coast"
TEASER = ["The minister wrote a letter.", "Nobody knows what the general said.", "A treaty is a letter that two sign."]
VERY_OFTEN = 1_500
OFTEN = 400


@dataclass
class Secret:
    """The shut article, and a way to have it say something else."""

    article: Article

    def say(self, rest: str, teaser: list[str] = TEASER, **changes: Any) -> None:
        """Publish it anew."""
        article = Article.objects.get(pk=self.article.pk)
        for name, value in changes.items():
            setattr(article, name, value)
        article.body = [("paragraph", f"<p>{text}</p>") for text in [*teaser, rest, "The end of the letter."]]
        article.save_revision().publish()


@pytest.fixture
def secret(db: None) -> Secret:
    """Some articles that make common words common, and the one that is attacked."""
    trade, india = make_topic("Trade"), make_topic("India", kind="region")
    ada, inês = make_author("Ada Lovelace"), make_author("Inês Carvalho")
    begin = datetime(2019, 3, 1, tzinfo=UTC)
    words = COMMON.split()
    order = random.Random(4)
    for number in range(14):
        text = " ".join(order.sample(words, len(words)))
        rest = [text, *(name for name in ("Kestrelborough", "Marlinthorpe") if number < 3 or number == 0)]
        import_article(
            f"The {words[number % 8]} and the {words[(number + 3) % 8]}",
            access=("open", "metered", "subscribers")[number % 3],
            paragraphs=[f"A {words[number % 5]} in the teaser.", "A second paragraph.", f"The treaty {number}.", *rest],
            topics=[trade] if number % 2 else [india],
            authors=[ada] if number % 3 else [inês],
            dated=begin + timedelta(days=40 * number),
            slug=f"background-{number}",
        )
    # words that hold one of the attacked ones, to be found in openings
    import_article("The fleets of many generals", access="open", dated=begin + timedelta(days=700), slug="fleets")
    article = make_article(
        "What the Letter Says", access="metered", topics=[trade], authors=[ada], dated=begin + timedelta(days=777), slug="letter"
    )
    return Secret(article)


# --- the attacker


def grams(text: str, longest: int = 4) -> Iterator[list[str]]:
    """All runs of words of ``text``."""
    words = re.findall(r"\w+", text)
    for length in range(1, longest + 1):
        for at in range(len(words) - length + 1):
            yield words[at : at + length]


def misspelt(word: str, dice: random.Random) -> str:
    """``word`` with a slip of the finger."""
    at = dice.randrange(len(word))
    return dice.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + dice.choice("aeinrst") + word[at:],
            word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
        ]
    )


SHAPES = [
    "{0}", '"{0}"', '{1} "{0}"', '{1} -"{0}"', "{1} -{0}", "{0}*", "{1} {0}*", "author:ada {0}", "topic:trade {0}",
    "{0} after:2020", "{0} before:2022-01-01", "{2}", "{1} {2}", '"{2}"', '-"{0}" {1}', "{0} {0} {1}",
]  # fmt: skip
FURTHER: list[dict[str, str]] = [
    {}, {}, {}, {"order": "newest"}, {"order": "oldest"}, {"access": "metered"}, {"topic": "trade"}, {"typing": "1"},
    {"year": "2021"}, {"year": "2021", "month": "4"}, {"author": "ada-lovelace"}, {"page": "2"}, {"format": "analysis"},
]  # fmt: skip


def questions(number: int, seed: int = 1) -> list[Request]:
    """What a clever attacker asks: everything that could tell one text from the other."""
    dice = random.Random(seed)
    runs = [run for text in WORLDS for run in grams(text.replace("Quorvane telmish ardunel. " * 28, ""))]
    vocabulary = sorted({word for run in runs for word in run} | set(COMMON.split()) | {"letter", "Ada", "Trade"})
    telling = [word for word in vocabulary if word[0].isupper() or word.isdigit()]
    asked: dict[Request, None] = {}

    def ask(text: str, **more: str) -> None:
        asked.setdefault(parse(FromMapping({"q": [text], **{name: [value] for name, value in more.items()}})))

    for run in runs:  # the obvious ones first
        ask(" ".join(run))
        ask('"' + " ".join(run) + '"')
    dice.shuffle(runs)
    asked = dict.fromkeys(dice.sample(list(asked), min(len(asked), number // 3)))
    for name in ("Ivory Coast", "Côte d'Ivoire", "Ivorian"):
        ask(name)
        ask(f"letter {name}")
    for word in (*telling, *vocabulary):
        ask(f"letter {word}")
        ask(word[:-1] + "*")
        ask(word[: max(2, len(word) - 2)], typing="1")
        ask(f"-{word}")
        ask(f"letter -{word}")
        ask(misspelt(word, dice))
        if len(asked) > number * 2 // 3:
            break
    while len(asked) < number:
        run, other = dice.choice(runs), dice.choice(vocabulary)
        words = [*run, other, *dice.sample(vocabulary, dice.randrange(3))]
        dice.shuffle(words)
        shape = dice.choice(SHAPES)
        text = shape.format(" ".join(words), other, misspelt(other, dice))
        more = dice.choice(FURTHER)
        ask(text, **more)
    return list(asked)


def told(request: Request, policy: Any, now: datetime) -> tuple[Any, ...]:
    """Everything the library tells somebody who may not read everything."""
    results = search.search(request, whole=False, policy=policy, now=now)
    assert results.ready
    return (
        *told_of(results),
        results.pages,
        passages.passage(TEASER, results.marks),
        search.completions(request.text, policy=policy, now=now),
    )


def different(world: Callable[[int], None], asked: list[Request]) -> list[str]:
    """The questions that are answered differently in the two worlds."""
    now = clock.now()
    answers = []
    for side in (0, 1):
        world(side)
        policy = current_policy()
        answers.append([told(request, policy, now) for request in asked])
    return [
        f"{request.query_string()}: {[(a, b) for a, b in zip(one, other, strict=True) if a != b]}"
        for request, one, other in zip(asked, *answers, strict=True)
        if one != other
    ]


@pytest.fixture
def worlds(
    secret: Secret, settings: Any, tmp_path: Path, remembering: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Shelf, str], None]], Callable[[int], None]]:
    """A data directory for each world, in which ``story`` happens once; what comes back goes to the world numbered so."""
    begun = settings.MASTHEAD
    # of two threads chance says which writes what, and so which former versions are counted for how long
    monkeypatch.setattr(building, "THREADS", 1)

    def tell(story: Callable[[Shelf, str], None]) -> Callable[[int], None]:
        lived: set[int] = set()

        def enter(side: int) -> None:
            settings.MASTHEAD = replace(begun, data=tmp_path / f"world-{side}")
            if side not in lived:
                lived.add(side)
                settings.MASTHEAD.data.mkdir()
                story(Shelf(place()), WORLDS[side])
            search.library().forget()

        return enter

    return tell


# --- what must not be told


def test_two_rests_of_the_same_common_words_cannot_be_told_apart(secret: Secret, worlds: Any) -> None:
    def story(shelf: Shelf, rest: str) -> None:
        secret.say(rest)
        shelf.build()

    assert different(worlds(story), questions(VERY_OFTEN)) == []


def test_a_common_word_of_the_rest_shows_in_what_is_found_and_in_nothing_else(secret: Secret, worlds: Any) -> None:
    # that it may be found by does not mean that it is counted, completed, marked or left out by
    asked = questions(OFTEN // 2, seed=7)
    # years and months are counted where one is chosen in which there is something else to find
    begin = datetime(2021, 5, 1, tzinfo=UTC)
    import_article("What everybody says", access="open", paragraphs=[COMMON], dated=begin, slug="everybody")
    asked += [replace(request, year=2021, month=month, page=1) for request in asked for month in (None, 5)]

    def story(shelf: Shelf, rest: str) -> None:
        secret.say(rest if rest == WORLDS[0] else "Nothing.")
        shelf.build()

    world, now = worlds(story), clock.now()
    sides: list[list[search.Results]] = []
    completed = []
    for side in (0, 1):
        world(side)
        policy = current_policy()
        sides.append([search.search(request, whole=False, policy=policy, now=now) for request in asked])
        completed.append([search.completions(request.text, policy=policy, now=now) for request in asked])
    assert completed[0] == completed[1]
    found = compared = 0
    for request, one, other in zip(asked, *sides, strict=True):
        found += one.numbers != other.numbers
        wanted = read(request.text, typing=request.typing)
        if not (wanted.words or wanted.prefix or any(" " not in phrase.text for phrase in wanted.phrases)):
            assert told_of(one) == told_of(other), request  # phrases and exclusions look at openings
        # how many words had to match follows from how many articles there are, which anybody may see
        if (one.corrected, one.at_least, one.total > 0) == (other.corrected, other.at_least, other.total > 0):
            compared += one.total > 0
            assert counts_of(one) == counts_of(other), request
    assert found > 30 and compared > 100, "an attack that sees nothing proves nothing"


def told_of(results: search.Results) -> tuple[Any, ...]:
    """Everything in ``results`` that is told."""
    return tuple(getattr(results, field.name) for field in fields(results) if field.name != "seconds")


def counts_of(results: search.Results) -> tuple[Any, ...]:
    """What ``results`` count, and no more."""
    return {name: values for name, values in results.facets.items() if values}, results.timeline


# As ORDER, in a script without spaces. Whatever makes terms of it, and however common they are: none may tell what stands beside
# what. Pairs of characters would, since every second pair holds the end of one word and the beginning of the next.
UNSPACED = ("部长告诉将军舰队明天启航", "将军告诉部长舰队明天启航")


def test_nor_where_words_are_written_without_spaces(secret: Secret, worlds: Any) -> None:
    for number in range(8):  # so that whatever pairs and words of both there are, they are common
        text = "。".join(f"第{number}次{sentence}第{number}次" for sentence in UNSPACED)
        import_article(f"Elsewhere {number}", access="open", paragraphs=[text], language="zh", slug=f"unspaced-{number}")

    def story(shelf: Shelf, rest: str) -> None:
        secret.say(UNSPACED[WORLDS.index(rest)], language="zh")
        shelf.build()

    pieces = {text[at : at + length] for text in UNSPACED for length in range(1, 9) for at in range(len(text) - length + 1)}
    shapes = ("{}", '"{}"', "{}*", "letter {}", "letter -{}")
    texts = [shape.format(piece) for piece in sorted(pieces) for shape in shapes]
    asked = [parse(FromMapping({"q": [text], "typing": [typing]})) for text in texts for typing in ("", "1")]
    assert different(worlds(story), asked) == []


def test_the_attacker_is_no_fool(secret: Secret, worlds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # if rare words of the rest were searched, these questions would tell
    monkeypatch.setattr(matching, "COMMON", 1)

    def story(shelf: Shelf, rest: str) -> None:
        secret.say(rest)
        shelf.build()

    assert len(different(worlds(story), questions(OFTEN))) > 20


def test_nor_after_they_were_published_again_and_again(secret: Secret, worlds: Any) -> None:
    # each correction leaves a deleted document behind, whose words the dictionary counts as long as others stand with it
    def story(shelf: Shelf, rest: str) -> None:
        secret.say("Nothing yet.")
        shelf.build()
        for number in range(matching.COMMON):
            Article.objects.get(slug=f"background-{number}").save_revision().publish()
            secret.say(rest)
            assert shelf.follow()
        state = search.library().state()
        rare = languages.stem(languages.words(RARE[WORLDS.index(rest)])[0], "en")
        assert state is not None and state.searcher.doc_freq("body", rare) >= matching.COMMON, "or there is nothing to fall for"

    assert different(worlds(story), questions(OFTEN, seed=2)) == []


def test_nor_in_an_index_of_many_small_parts_that_are_merged(secret: Secret, worlds: Any) -> None:
    def story(shelf: Shelf, rest: str) -> None:
        secret.say(rest)
        shelf.build()
        for number, article in enumerate(Article.objects.filter(slug__startswith="background").order_by("pk")):
            article.save_revision().publish()
            if number % 3 == 0:
                secret.say(rest)
            assert shelf.follow()

    assert different(worlds(story), questions(OFTEN, seed=3)) == []


def test_nor_while_a_shorter_teaser_is_decided_and_once_it_is_indexed(secret: Secret, worlds: Any) -> None:
    set_policy(teaser_paragraphs=4)
    secret.say("Nothing.")
    now = clock.now()
    asked = questions(OFTEN, seed=5)

    def story(shelf: Shelf, rest: str) -> None:
        set_policy(teaser_paragraphs=4)
        secret.say(rest)
        shelf.build()  # the sentence is open here
        set_policy(teaser_paragraphs=3)
        remembered.follow(QuietLog())

    world = worlds(story)
    assert different(world, asked) == []
    for side in (0, 1):
        world(side)
        assert current_policy().teaser_paragraphs == 3
        assert told(asked[0], current_policy(), now)
        assert not Shelf(place()).follow(), "the index has to be built anew"
        secret.say(WORLDS[side])
        Shelf(place()).build()
    assert different(world, asked) == []


def test_what_everybody_could_read_is_not_completed_or_suggested_once_it_is_shut(
    secret: Secret, built: Callable[[], Shelf]
) -> None:
    secret.say(f"{WORLDS[0]} Zorbania", access="open")
    make_article("Zorbania votes", access="open", slug="votes", paragraphs=["Zorbania."], live=False)
    shelf = built()
    policy, now = current_policy(), clock.now()
    assert search.completions("zorb", policy=policy, now=now) == ["zorbania"]
    secret.say(WORLDS[0], access="metered")
    assert shelf.follow()
    assert search.completions("zorb", policy=policy, now=now) == []
    assert shelf.ask("Zorbanja").suggestion == ""
    assert shelf.found("Zorbania") == set()
    assert shelf.found('"told the general that the fleet"') == set()


def test_a_gate_an_editor_sets_is_the_index_s_too(secret: Secret, built: Callable[[], Shelf]) -> None:
    article = Article.objects.get(pk=secret.article.pk)
    article.body = [("paragraph", "<p>Zebras graze.</p>"), ("gate", None), ("paragraph", "<p>Okapis hide.</p>")]
    article.save_revision().publish()
    shelf = built()
    assert shelf.found("zebras") == {article.pk}
    assert shelf.found("okapis") == set()
    assert shelf.found("okapis", whole=True) == {article.pk}


def test_neither_headings_nor_quotations_nor_captions_of_the_rest_are_searched(
    secret: Secret, built: Callable[[], Shelf]
) -> None:
    article = Article.objects.get(pk=secret.article.pk)
    paragraphs = [("paragraph", f"<p>{text}</p>") for text in TEASER]
    article.body = [
        *paragraphs,
        ("heading", "Okapis"),
        ("paragraph", "<p>Rest.</p>"),
        ("pull_quote", "Tapirs swim"),
        ("quotation", {"text": "<p>So it goes.</p>", "source": "Capybara"}),
    ]
    article.save_revision().publish()
    shelf = built()
    for word in ("okapis", "tapirs", "capybara"):
        assert shelf.found(word) == set(), word
        assert shelf.found(word, whole=True) == {article.pk}, word


def test_what_subscribers_look_for_tells_others_nothing(secret: Secret, worlds: Any) -> None:
    asked = questions(OFTEN // 2, seed=6)

    def story(shelf: Shelf, rest: str) -> None:
        secret.say(rest)
        shelf.build()
        policy, now = current_policy(), clock.now()
        if rest == WORLDS[0]:
            for request in asked:
                search.search(request, whole=True, policy=policy, now=now)

    assert different(worlds(story), asked) == []


def test_nor_by_what_an_article_leads_on_to(secret: Secret, worlds: Any) -> None:
    likely = ("Okapis meet tapirs and zebras at the waterhole.", "Lanterns, kettles and harbours of the coast.")
    for number in range(6):
        import_article(f"Elsewhere {number}", access="open", paragraphs=[likely[number % 2]] * 3, slug=f"likely-{number}")

    def story(shelf: Shelf, rest: str) -> None:
        secret.say(likely[WORLDS.index(rest)] * 5)
        shelf.build()

    world = worlds(story)
    chosen = []
    for side in (0, 1):
        world(side)
        state = search.library().state()
        assert state is not None
        chosen.append(onward.alike(list(Article.objects.values_list("pk", flat=True)), state))
    assert chosen[0] == chosen[1]
    assert len(chosen[0][secret.article.pk]) > 5


# --- what may be told


def test_a_common_word_of_the_rest_is_found_by_its_stem_and_nothing_else(secret: Secret, built: Callable[[], Shelf]) -> None:
    for number in range(4):
        import_article(f"Elsewhere {number}", access="open", paragraphs=["A caravan."], slug=f"elsewhere-{number}")
    secret.say("Caravans of nutmeg.")
    shelf = built()
    number = secret.article.pk
    # with this article it stands in five: that much may be learnt
    assert number in shelf.found("caravan")
    assert number in shelf.found("caravans")
    assert number in shelf.found("letter caravan")
    assert number in shelf.found('"caravan"'), "one word in quotation marks is a word"
    for blind in ("nutmeg", '"caravans of nutmeg"', '"of nutmeg"', "carav*", "caravans nutmeg -x"):
        assert number not in shelf.ask(blind, typing=[]).numbers or shelf.ask(blind).loosened, blind
    assert number in shelf.found("letter -caravan"), "an exclusion knows nothing of the rest"
    facets = shelf.ask("caravan").facets
    assert sum(count for _, count in facets["access"]) == shelf.ask("caravan").total - 1, "nor do counts"


def test_a_word_four_articles_have_is_not(secret: Secret, built: Callable[[], Shelf]) -> None:
    for number in range(3):
        import_article(f"Elsewhere {number}", access="open", paragraphs=["A caravan."], slug=f"elsewhere-{number}")
    secret.say("Caravans of nutmeg.")
    assert secret.article.pk not in built().found("caravan")


def test_only_who_has_a_grant_without_article_searches_everything() -> None:
    now = clock.now()
    later = now + timedelta(days=1)
    nobody = Visitor()
    assert not search.reads_everything(nobody, now)
    for kind in ("unlock", "instant", "gift"):
        assert not search.reads_everything(replace(nobody, grants=(Grant(kind, 7, later),)), now), kind
    assert search.reads_everything(replace(nobody, grants=(Grant("subscription", None, later),)), now)
    assert not search.reads_everything(replace(nobody, grants=(Grant("subscription", None, now - timedelta(days=1)),)), now)
