"""Publishes articles in a process of its own, as the newsroom does: for whoever measures how soon they are found.

``python -m benchmarks.publishing DATA COUNT PAUSE`` prints a line for each: the one word that only this article has, and the
moment its transaction was over (seconds since 1970). ``DATA --remove`` takes away all that were ever published so.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from benchmarks import publication
from benchmarks.plain import ROOT

TITLE = "A measured article about"  # and the word
LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")  # a word of letters alone, which no stemmer cuts
TEXT = "Published by a benchmark, to see how soon it is found. It says little, and is taken away afterwards."


@contextmanager
def begun(data: Path, count: int, pause: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    """A process that publishes ``count`` articles, ``pause`` seconds between two; its output is what :func:`main` prints."""
    command = [sys.executable, "-m", "benchmarks.publishing", str(data), str(count), str(pause)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
        if process.wait(60):
            raise SystemExit("masthead: the process that publishes failed; see above.")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def read(line: str) -> tuple[str, float]:
    """The word and the moment in a line that :func:`main` printed."""
    word, moment = line.split()
    return word, float(moment)


def remove(data: Path) -> None:
    """Take away what was published."""
    command = [sys.executable, "-m", "benchmarks.publishing", str(data), "--remove"]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise SystemExit("masthead: what was published could not be taken away; see above.")


def main(arguments: list[str]) -> int:
    """Publish, or take away."""
    publication.load_django(Path(arguments[0]))
    from masthead.articles.bulk import ensure_index
    from masthead.articles.models import Article
    from masthead.core import clock

    if arguments[1] == "--remove":
        for article in Article.objects.filter(title__startswith=TITLE):
            article.delete()
        return 0
    index = ensure_index()
    for _ in range(int(arguments[1])):
        word = f"z{uuid4().hex.translate(LETTERS)[:14]}k"
        article = Article(title=f"{TITLE} {word}", slug=f"measured-{word}", access="metered", dated=clock.now(), live=False)
        article.body = [("paragraph", f"<p>{TEXT}</p>")] * 5
        index.add_child(instance=article)
        article.save_revision().publish()
        print(word, time.time(), flush=True)
        time.sleep(float(arguments[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
