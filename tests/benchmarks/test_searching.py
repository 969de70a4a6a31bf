"""What the library's benchmarks ask, of what, and how a ranking is judged."""

from __future__ import annotations

import random
from collections import Counter
from math import log2
from pathlib import Path
from typing import Any

import pytest
from benchmarks.queries import Asked, Source

from benchmarks import fifty_thousand, fts5, judged, plain_bm25, postgres, queries
from masthead.imports import jsonl


def record(number: int, **fields: Any) -> dict[str, Any]:
    """A record of an archive."""
    return {"id": f"a-{number}", "title": f"Article {number}", "body": f"The text of article number {number}.", **fields}


class TestFiftyThousand:
    def test_there_are_as_many_as_asked_for_and_no_two_share_id_or_title_or_text(self) -> None:
        records = [record(number) for number in range(7)]
        made = list(fifty_thousand.fifty_thousand(records, 20))
        assert len(made) == 20
        assert len({each["id"] for each in made}) == 20
        assert len({each["title"] for each in made}) == 20
        assert len({jsonl.fingerprint(each) for each in made}) == 20

    def test_the_first_reading_is_the_archive_itself(self) -> None:
        records = [record(number) for number in range(3)]
        assert list(fifty_thousand.fifty_thousand(records, 6))[:3] == records

    def test_a_text_that_stands_twice_in_the_archive_is_told_apart_too(self) -> None:
        made = list(fifty_thousand.fifty_thousand([record(1, body="Same."), record(2, body="Same.")], 2))
        assert jsonl.fingerprint(made[0]) != jsonl.fingerprint(made[1])

    def test_a_long_title_keeps_the_number_that_makes_it_another(self) -> None:
        made = fifty_thousand.again(record(1, title="x" * 300), 41)
        assert len(made["title"]) == fifty_thousand.LONGEST_TITLE
        assert made["title"].endswith(" (reprint 41)")

    def test_the_same_archive_gives_the_same(self) -> None:
        records = [record(number) for number in range(5)]
        assert list(fifty_thousand.fifty_thousand(records, 9)) == list(fifty_thousand.fifty_thousand(records, 9))


WORDS = [
    *("government", "treaty", "minister", "border", "parliament", "economy", "security", "council", "election", "agreement"),
    *("president", "foreign", "policy", "nations", "military", "industry", "delegation", "assembly", "republic", "territory"),
]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    """Three hundred articles of common words, each with a few of its own."""
    chance = random.Random(3)
    made = []
    for number in range(300):
        own = ["".join(chance.choices("abcdefghij", k=8)) for _ in range(6)]
        text = " ".join(chance.choices(WORDS, k=60) + own + chance.choices(WORDS, k=20))
        made.append(Source(text, (f"topic-{number % 5}",), (f"author-{number % 7}",), str(1990 + number % 30), "metered"))
    return made


class TestQueries:
    def test_they_are_five_hundred_in_the_shares_told(self, sources: list[Source]) -> None:
        drawn = queries.draw(sources)
        assert len(drawn) == queries.COUNT == 500
        assert Counter(asked.kind for asked in drawn) == queries.SHARES
        assert len(set(drawn)) == 500

    def test_the_same_texts_give_the_same_questions_and_another_seed_gives_others(self, sources: list[Source]) -> None:
        assert queries.draw(sources) == queries.draw(sources)
        assert queries.draw(sources) != queries.draw(sources, seed=2)

    def test_each_is_what_its_kind_says(self, sources: list[Source]) -> None:
        texts = [source.text for source in sources]
        everything = Counter(word for text in texts for word in set(text.split()))
        for asked in queries.draw(sources):
            if asked.kind == "rare":
                assert min(everything[word] for word in asked.words) <= queries.RARE
            elif asked.kind == "common":
                assert all(everything[word] >= 30 for word in asked.words)
            elif asked.kind == "phrase":
                assert any(asked.text.strip('"') in text for text in texts)
                assert 2 <= len(asked.words) <= 4
            elif asked.kind == "prefix":
                assert any(word.startswith(asked.words[-1]) and word != asked.words[-1] for word in everything)
            elif asked.kind == "misspelt":
                assert asked.text not in everything
            else:
                assert asked.filter is not None and asked.filter[0] in queries.FILTERS

    def test_a_filter_is_one_of_an_article_that_has_the_words(self, sources: list[Source]) -> None:
        for asked in queries.draw(sources):
            if asked.filter and asked.filter[0] == "topic":
                of_topic = [source.text.split() for source in sources if asked.filter[1] in source.topics]
                assert any(all(word in text for word in asked.words) for text in of_topic)

    def test_too_few_texts_are_said_to_be_too_few(self) -> None:
        with pytest.raises(ValueError, match="do not give"):
            queries.draw([Source("one two three four five six seven eight nine eleven treaty border")])

    def test_a_slip_is_one_edit_away(self) -> None:
        chance = random.Random(1)
        for _ in range(200):
            slip = queries.misspell("parliament", chance)
            assert slip != "parliament"
            assert slip[0] == "p"
            assert abs(len(slip) - len("parliament")) <= 1


class TestOtherEngines:
    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            (Asked("common", "treaty border"), '"treaty" AND "border"'),
            (Asked("phrase", '"the security council"'), '"the security council"'),
            (Asked("prefix", "human righ"), '"human" AND "righ"*'),
            (Asked("rare", "l'état"), '"l" AND "état"'),
        ],
    )
    def test_fts5_is_asked_for_all_words(self, asked: Asked, expected: str) -> None:
        assert fts5.expression(asked) == expected

    def test_postgresql_reads_what_readers_type_except_for_prefixes(self) -> None:
        assert postgres.expression(Asked("phrase", '"security council"')) == (
            "websearch_to_tsquery('english', %s)",
            ['"security council"'],
        )
        assert postgres.expression(Asked("prefix", "human righ")) == ("to_tsquery('english', %s)", ["human & righ:*"])


class TestJudging:
    def test_a_perfect_ranking_is_worth_one_and_an_empty_one_nothing(self) -> None:
        judgements = {"a": 3.0, "b": 1.0}
        assert judged.ndcg(["a", "b", "c"], judgements) == pytest.approx(1)
        assert judged.average_precision(["a", "b"], judgements) == pytest.approx(1)
        assert judged.recall(["b", "x", "a"], judgements) == 1
        assert judged.ndcg([], judgements) == judged.average_precision([], judgements) == judged.recall([], judgements) == 0

    def test_ndcg_by_hand(self) -> None:
        # gains 0, 1, 3 at ranks 1, 2, 3; the best order is 3, 1
        expected = (1 / log2(3) + 3 / log2(4)) / (3 / log2(2) + 1 / log2(3))
        assert judged.ndcg(["x", "b", "a"], {"a": 3, "b": 1}) == pytest.approx(expected)

    def test_what_comes_after_the_tenth_gains_nothing(self) -> None:
        assert judged.ndcg([*"0123456789", "a"], {"a": 1}) == 0

    def test_average_precision_by_hand(self) -> None:
        # found at ranks 2 and 4, and a third never
        assert judged.average_precision(["x", "a", "y", "b"], {"a": 1, "b": 1, "c": 1}) == pytest.approx((1 / 2 + 2 / 4) / 3)

    def test_questions_without_an_answer_are_left_out_and_missed_ones_are_not(self) -> None:
        found = judged.score({"1": ["a"]}, {"1": {"a": 1}, "2": {"b": 2}, "3": {"c": 0}})
        assert found.questions == 2
        assert found.ndcg == pytest.approx(0.5)

    def test_a_run_is_read_by_rank_whatever_the_order_of_its_lines(self) -> None:
        assert judged.parse(["1 Q0 b 2 0.5 x", "1 Q0 a 1 0.9 x", "", "2 Q0 c 1 3 x"]) == {"1": ["a", "b"], "2": ["c"]}

    def test_what_is_no_run_is_refused(self) -> None:
        with pytest.raises(ValueError, match="line 1"):
            judged.parse(["hello"])

    def test_a_collection_is_read_from_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "qrels.jsonl").write_text('{"qid": 1, "doc": "7", "rel": 2}\n{"qid": 1, "doc": "8", "rel": 1}\n')
        assert judged.Collection.read(tmp_path).judgements == {"1": {"7": 2.0, "8": 1.0}}


class TestPlainBm25:
    def test_endings_go_but_short_words_stay(self) -> None:
        assert [plain_bm25.crude(word) for word in ("walking", "walks", "walked", "his", "ring")] == [
            "walk",
            "walk",
            "walk",
            "his",
            "ring",
        ]

    def test_rare_words_and_short_texts_come_first(self) -> None:
        texts = {"long": "straits " + "trade " * 50, "short": "straits", "other": "trade", "more": "trade"}
        index = plain_bm25.Index(texts.items())
        assert index.search("straits") == ["short", "long"]
        assert index.search("nowhere") == []
