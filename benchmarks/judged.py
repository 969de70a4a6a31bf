"""Search test collections: documents, questions, which document answers which; and how good a ranking is by that.

A collection is a folder with ``docs.jsonl`` (id, title, body), ``queries.jsonl`` (id, text) and ``qrels.jsonl`` (qid, doc, rel).
Questions without one relevant document say nothing about a ranking and are left out of every mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import mean

DEPTH = 10  # of nDCG
REACH = 100  # of recall

Judgements = Mapping[str, float]  # of one question: document to gain
Run = Mapping[str, Sequence[str]]  # question to documents, best first


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection, read."""

    name: str
    documents: Path
    questions: Path
    judgements: Mapping[str, Judgements]

    @staticmethod
    def read(folder: Path) -> Collection:
        """The collection in ``folder``."""
        judgements: dict[str, dict[str, float]] = {}
        for row in rows(folder / "qrels.jsonl"):
            judgements.setdefault(str(row["qid"]), {})[str(row["doc"])] = float(row["rel"])  # type: ignore[arg-type]
        return Collection(folder.name, folder / "docs.jsonl", folder / "queries.jsonl", judgements)


@dataclass(frozen=True, slots=True)
class Score:
    """How good a run is: means over the questions that have an answer."""

    ndcg: float
    average_precision: float
    recall: float
    questions: int


def rows(path: Path) -> list[dict[str, object]]:
    """The objects in a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def ndcg(ranking: Sequence[str], judged: Judgements, depth: int = DEPTH) -> float:
    """nDCG: the sum of gain / log2(rank + 1) over the first ``depth``, of the best such sum there could be.

    The gain is the judgement itself (not 2 to its power); what nobody judged gains nothing.
    """
    best = sorted(judged.values(), reverse=True)[:depth]
    ideal = sum(gain / log2(rank + 1) for rank, gain in enumerate(best, start=1))
    found = sum(judged.get(document, 0.0) / log2(rank + 1) for rank, document in enumerate(ranking[:depth], start=1))
    return found / ideal if ideal else 0.0


def average_precision(ranking: Sequence[str], judged: Judgements) -> float:
    """The mean, over all relevant documents, of the precision at the rank of each; 0 for those not found."""
    relevant = {document for document, gain in judged.items() if gain > 0}
    found, total = 0, 0.0
    for rank, document in enumerate(ranking, start=1):
        if document in relevant:
            found += 1
            total += found / rank
    return total / len(relevant) if relevant else 0.0


def recall(ranking: Sequence[str], judged: Judgements, reach: int = REACH) -> float:
    """The part of the relevant documents that is among the first ``reach``."""
    relevant = {document for document, gain in judged.items() if gain > 0}
    return len(relevant & set(ranking[:reach])) / len(relevant) if relevant else 0.0


def score(run: Run, judgements: Mapping[str, Judgements]) -> Score:
    """Judge ``run``; a question it has no answer to counts as found nothing."""
    asked = [question for question, judged in judgements.items() if any(gain > 0 for gain in judged.values())]
    if not asked:
        raise ValueError("no question of this collection has a relevant document")
    pairs = [(run.get(question, ()), judgements[question]) for question in asked]
    return Score(
        ndcg=mean(ndcg(ranking, judged) for ranking, judged in pairs),
        average_precision=mean(average_precision(ranking, judged) for ranking, judged in pairs),
        recall=mean(recall(ranking, judged) for ranking, judged in pairs),
        questions=len(asked),
    )


def parse(lines: Iterable[str]) -> dict[str, list[str]]:
    """A TREC run (``qid Q0 document rank score name`` a line): the documents of each question by their rank."""
    ranked: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = line.split()
        if len(fields) != 6 or not fields[3].isdigit():
            raise ValueError(f"line {number} is no line of a TREC run: {line.strip()[:80]}")
        ranked.setdefault(fields[0], []).append((int(fields[3]), fields[2]))
    return {question: [document for _, document in sorted(found)] for question, found in ranked.items()}
