"""How good the library's ranking is: four search test collections, through ``masthead search-trec``, beside plain BM25.

One setting for all of them: the analyzer, schema, query and weights that readers get. Beside it stands BM25 with nothing added
(``plain_bm25.py``), measured in the same run by the same judge, and the figures that were to be beaten. nDCG@10 takes the
judgements themselves as gains and log2(rank + 1) as discount; what nobody judged gains nothing; questions without a relevant
document are left out.
"""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import judged, machine, plain_bm25, publication, report
from benchmarks.judged import Collection, Score
from benchmarks.plain import ROOT

# nDCG@10 of plain BM25 as the collections' own note has it: to be exceeded
FLOORS = {"cranfield": 0.433, "cisi": 0.331, "npl": 0.409, "lisa": 0.395}
COLLECTIONS = ROOT.parent / "shared" / "data" / "relevance"
DEPTH = 1_000
OPEN_WORDS = 30  # of each document, for whoever may not read the rest


def main(arguments: Sequence[str]) -> int:
    """Search and judge; returns 1 where a promise was not kept."""
    given = _options().parse_args(arguments)
    folders = [given.collections / name for name in FLOORS if (given.collections / name / "qrels.jsonl").is_file()]
    if not folders:
        raise SystemExit(f"masthead: there are no collections in {given.collections}; give --collections DIR.")
    rows, kept, raw = list[list[str]](), list[report.Target](), dict[str, object]()
    for folder in folders:
        collection = Collection.read(folder)
        began = time.perf_counter()
        scores = {
            "ours": searched(collection),
            "ours, little open": searched(collection, "--open-words", str(OPEN_WORDS)),
            "plain BM25": plainly(collection),
        }
        print(f"{collection.name}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
        plain = scores["plain BM25"].ndcg
        for name, score in scores.items():
            rows.append(
                [
                    f"{collection.name}, {name}",
                    str(score.questions),
                    *(f"{value:.3f}" for value in (score.ndcg, score.average_precision, score.recall)),
                    f"{score.ndcg / plain:.2f}",
                    f"{score.ndcg / FLOORS[collection.name]:.2f}",
                ]
            )
        kept.append(report.Target(f"nDCG@10, {collection.name}", FLOORS[collection.name], round(scores["ours"].ndcg, 4)))
        raw[collection.name] = {name: asdict(score) for name, score in scores.items()}
    head = ["", "questions", "nDCG@10", "MAP", "recall@100", "of plain BM25", "of the floor"]
    text = f"""# Relevance, measured

Through `masthead search-trec`, {DEPTH:,} documents deep, one setting for all. *Little open*: as somebody to whom only the
first {OPEN_WORDS} words of each document are open, and the rest is a bag of words. *Plain BM25*: k1 {plain_bm25.K1},
b {plain_bm25.B}, a crude stemmer, headline and text as one.

{report.targets(kept)}

{report.table(head, rows)}"""
    figures = {"machine": machine.describe(), "scores": raw, "targets": [asdict(one) for one in kept]}
    page = report.write("relevance", text, figures)
    print(f"\n{text}\n\nAlso in {page}, raw figures beside it.")
    return 0 if all(one.met for one in kept) else 1


def _options() -> ArgumentParser:
    parser = ArgumentParser(prog="script/bench relevance", description=__doc__)
    parser.add_argument(
        "--collections",
        type=Path,
        default=COLLECTIONS,
        metavar="DIR",
        help="where cranfield/, cisi/, npl/ and lisa/ are, each with docs.jsonl, queries.jsonl and qrels.jsonl "
        "(default: ../shared/data/relevance)",
    )
    return parser


def searched(collection: Collection, *options: str) -> Score:
    """What the product finds, judged."""
    command = [*publication.MASTHEAD, "search-trec", str(collection.documents), str(collection.questions)]
    command += ["--depth", str(DEPTH), *options]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600)
    if found.returncode:
        raise SystemExit("masthead: `masthead search-trec` failed; see above.")
    return judged.score(judged.parse(found.stdout.splitlines()), collection.judgements)


def plainly(collection: Collection) -> Score:
    """What BM25 finds with nothing added, judged."""
    documents = judged.rows(collection.documents)
    index = plain_bm25.Index((str(row["id"]), f"{row.get('title') or ''} {row['body']}") for row in documents)
    run = {str(row["id"]): index.search(str(row["text"]), DEPTH) for row in judged.rows(collection.questions)}
    return judged.score(run, collection.judgements)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
