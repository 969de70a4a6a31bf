"""A test collection is searched with the library's own code, and the answer is a TREC run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from masthead.library import trec

DOCUMENTS = [
    {"id": "straits", "title": "Straits of the world", "body": "Ships pass through narrow waters, and navies watch them."},
    {"id": "grain", "title": "Grain", "body": "Straits matter to the price of grain, and so do harvests and ports."},
    {"id": "ports", "title": "Ports", "body": "A port is where a ship comes to rest.", "author": "Inês Carvalho"},
]
QUESTIONS = [{"id": 1, "text": "Which straits do ships pass?"}, {"id": "2", "text": "harvesting"}, {"id": "3", "text": "zebras"}]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The collection above, as files."""
    paths = tmp_path / "docs.jsonl", tmp_path / "queries.jsonl"
    for path, rows in zip(paths, (DOCUMENTS, QUESTIONS), strict=True):
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return paths


def run(*arguments: object) -> Result:
    """The command, run."""
    return CliRunner().invoke(trec.command, [str(argument) for argument in arguments])


def test_it_prints_a_run(files: tuple[Path, Path]) -> None:
    result = run(*files, "--run", "mine")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert all(len(line) == 6 and line[1] == "Q0" and line[5] == "mine" for line in lines)
    assert next(line[2] for line in lines if line[0] == "1") == "straits"
    assert {line[2] for line in lines if line[0] == "1"} == {"straits", "grain", "ports"}
    assert [line[2] for line in lines if line[0] == "2"] == ["grain"], "words are stemmed"
    assert not [line for line in lines if line[0] == "3"]


def test_ranks_count_from_one_and_scores_fall(files: tuple[Path, Path]) -> None:
    lines = [line.split() for line in run(*files).stdout.splitlines() if line.startswith("1 ")]
    assert [line[3] for line in lines] == ["1", "2", "3"]
    scores = [float(line[4]) for line in lines]
    assert scores == sorted(scores, reverse=True)


def test_what_has_all_the_words_comes_before_what_has_some(files: tuple[Path, Path]) -> None:
    files[1].write_text('{"id": "1", "text": "straits grain harvests ports"}\n')
    lines = [line.split() for line in run(*files).stdout.splitlines()]
    assert lines[0][2] == "grain"
    assert float(lines[0][4]) > trec.ALL_WORDS > float(lines[1][4])


def test_no_more_than_the_depth_is_printed(files: tuple[Path, Path]) -> None:
    lines = run(*files, "--depth", "1").stdout.splitlines()
    assert [line.split()[2] for line in lines] == ["straits", "grain"]


def test_for_somebody_to_whom_little_is_open_rare_words_of_the_rest_find_nothing(files: tuple[Path, Path]) -> None:
    lines = run(*files, "--open-words", "2").stdout.splitlines()
    assert not [line for line in lines if line.startswith("2 ")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("not json", "is no JSON"),
        ('{"id": "1"}', "has no id or no body"),
        ('["1"]', "has no id or no body"),
        ('{"id": "two words", "body": "x"}', "one word"),
    ],
)
def test_a_line_that_will_not_do_is_named(files: tuple[Path, Path], line: str, complaint: str) -> None:
    files[0].write_text(f"{line}\n")
    result = run(*files)
    assert result.exit_code == 1
    assert "Line 1" in result.output
    assert complaint in result.output


def test_a_name_of_two_words_would_break_the_run(files: tuple[Path, Path]) -> None:
    assert "one word" in run(*files, "--run", "two words").output
