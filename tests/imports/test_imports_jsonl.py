"""``masthead import jsonl``: every trap of DATA.md, interrupted anywhere, repeated at will."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from wagtail.models import Page

from masthead.articles import bulk
from masthead.articles.models import Article, Author, Rendering, Topic
from masthead.core import clock
from masthead.core.models import Change, Publication
from masthead.imports import cli, jsonl, services
from masthead.imports.cli import command
from masthead.library.models import TopicSuggestion

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")

WORDS = "The port of the old town has been a place where ships from every sea come to lie in winter"
_number = iter(range(1_000_000))


def record(**fields) -> dict:
    number = next(_number)
    body = "\n\n".join(f"{WORDS}, says paragraph {part} of text {number}." for part in range(5))
    return {
        "id": f"r-{number}", "title": f"Title {number}", "date": "1950-03-01", "date_precision": "day", "body": body,
        "source": "wikinews-en", "licence": "CC-BY-2.5", **fields,
    }  # fmt: skip


@pytest.fixture
def load(tmp_path, db):
    """Import some records (or raw lines), inline and in small batches."""

    def run(*lines, name="in.jsonl", **options) -> services.Outcome:
        path = tmp_path / name
        path.write_bytes(b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines))
        return services.import_jsonl(path, **{"batch": 3, "helper": False, **options})

    return run


# What is stored -------------------------------------------------------------------------------------------------------


def test_an_article_carries_what_its_record_says(load):
    outcome = load(
        record(
            title="  Ships \u200bat rest ", author="Ann Lee", authors=["gsa-blog-team"], topics=["content-strategy", "Trade"],
            country="Kenya",
            deck="A deck.", url="https://en.wikinews.org//wiki/Ships",
        )
    )  # fmt: skip
    assert (outcome.imported, outcome.rows) == (1, [])
    article = Article.objects.get()
    assert (article.title, article.slug, article.standfirst) == ("Ships at rest", "ships-at-rest", "A deck.")
    assert (article.source, article.licence, article.source_url) == (
        "Wikinews",
        "CC-BY-2.5",
        "https://en.wikinews.org/wiki/Ships",
    )
    assert [byline.author.name for byline in article.bylines.all()] == ["Ann Lee", "Gsa Blog Team"]
    assert {(topic.name, topic.kind) for topic in article.topics.all()} == {
        ("Content strategy", "theme"), ("Trade", "theme"), ("Kenya", "country"),
    }  # fmt: skip
    assert article.live and article.access == "metered"
    assert len(article.rendering.blocks) == 5
    assert not article.rendering.blocks[0][1].startswith("<p>A deck")


def test_access_is_chosen(load):
    load(record(), access="subscribers")
    assert Article.objects.get().access == "subscribers"


def test_authors_and_topics_are_reused(load):
    load(*[record(author="Ann Lee", country="Kenya") for _ in range(7)])
    assert Author.objects.count() == 1 and Topic.objects.count() == 1
    load(record(author="ANN LEE"), name="other.jsonl")
    assert Author.objects.count() == 1


@pytest.mark.parametrize(
    "given, topics",
    [
        ("Kenya", {"Kenya": "KE"}), ("Baden*", {"Baden": ""}), ("Korea", {"Korea": ""}), ("Bahamas, The", {"Bahamas": "BS"}),
        ("Côte d’Ivoire", {"Côte d’Ivoire": "CI"}), ("Benin (Dahomey)", {"Benin": "BJ"}), ("Burma", {"Myanmar": "MM"}),
        ("YMD", {"Yemen": "YE"}), ("DDR", {"Germany": "DE"}), ("KEN", {"Kenya": "KE"}),
        ("Israel, West Bank, and Gaza", {"Israel": "IL", "Palestine": "PS"}),
        ("China (includes Tibet, Hong Kong, and Macau) - China", {"China": "CN"}),
        ("CSK", {}), ("EU", {}), ("au", {}), ("xx", {}), ("Kingdom of Serbia/Yugoslavia*", {}),
    ],
)  # fmt: skip
def test_countries_have_their_names_of_today_and_codes(load, given, topics):
    outcome = load(record(country=given))
    assert {topic.name: topic.code for topic in Topic.objects.all()} == topics
    assert {topic.kind for topic in Topic.objects.all()} <= {"country"}
    assert outcome.imported == 1
    assert bool(topics) != ("country is an unknown code or no plain name: left out" in outcome.notes)


def test_the_factbook_writes_other_codes(load):
    load(*(record(country=code, source="factbook") for code in ("au", "RS", "ZZ")))
    assert dict(Topic.objects.values_list("name", "code")) == {"Austria": "AT", "Russia": "RU"}


def test_a_country_is_the_topic_that_has_its_code_or_its_name(load):
    Topic.objects.create(name="Turkey", slug="turkey", kind="country", code="TR")
    Topic.objects.create(name="Kenya", slug="kenya", kind="country")
    Topic.objects.create(name="Jordan", slug="jordan", kind="theme")
    load(record(country="Turkey (Türkiye)"), record(country="KEN"), record(country="Jordan"))
    assert set(Topic.objects.values_list("name", "kind", "code")) == {
        ("Turkey", "country", "TR"), ("Kenya", "country", "KE"), ("Jordan", "theme", ""),
    }  # fmt: skip


@pytest.mark.parametrize(
    "given, language", [("eo", "eo"), ("pt_BR", "pt-BR"), ("EN", ""), ("en-US", ""), ("", ""), ("English (UK)", ""), (None, "")]
)
def test_the_language_is_kept_where_it_is_not_the_publications(load, given, language):
    load(record(lang=given))
    assert Article.objects.get().language == language


def test_entities_in_titles_and_names_are_characters_once_and_never_markup(load):
    one = record(
        title="Agency&#8217;s R&amp;D &lt;b&gt; &amp;lt; &bogus; AT&T;",
        deck="Espa&ntilde;ol &mdash; yes",
        authors=["Ann &amp; Ben"],
    )
    load(one)
    article = Article.objects.get()
    assert article.title == "Agency’s R&D <b> &lt; &bogus; AT&T;"
    assert article.standfirst == "Español — yes" and article.bylines.get().author.name == "Ann & Ben"
    Article.objects.update(title=one["title"])  # as it was imported before
    assert load(one, update=True).updated == 1 and Article.objects.get().title == article.title


def test_what_we_exported_is_taken_as_it_is(load):
    load(record(kind="article", title="What &amp; means"))
    assert Article.objects.get().title == "What &amp; means"


def test_an_update_brings_the_language_and_keeps_what_was_found_in_the_text(load):
    one = record(id="a", country="Kenya")
    load(one)
    article = Article.objects.get()
    found = Topic.objects.create(name="Trade", slug="trade")
    article.topics.add(found)
    article.save()
    TopicSuggestion.objects.create(article=article, topic=found, found="trade", score=1, state="accepted", made=clock.now())
    assert load(one, update=True).unchanged == 1
    assert load({**one, "lang": "eo"}, update=True).updated == 1
    article = Article.objects.get()
    assert article.language == "eo"
    assert {topic.name for topic in article.topics.all()} == {"Kenya", "Trade"}


# Dates ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/New_York", "Pacific/Kiritimati", "Europe/Amsterdam"])
def test_old_dates_are_the_same_day_wherever(load, zone):
    publication = Publication.load()
    publication.timezone = zone
    publication.save()
    load(record(date="1776-07-04"), record(date="1750-01-01", date_precision="period"), record(date="1999-12-31"))
    days = [article.dated.astimezone(ZoneInfo(zone)).date().isoformat() for article in Article.objects.order_by("dated")]
    assert days == ["1750-01-01", "1776-07-04", "1999-12-31"]


@pytest.mark.parametrize(
    "date, precision, expected",
    [("1946-09-25", "year", "year"), ("1776-01-01", "period", "none"), ("1990", "day", "year"), ("1990-05", "day", "month"),
     ("1990-05-02", "day", "day"), ("1990-05-02T10:00:00Z", None, "day")],
)  # fmt: skip
def test_precision_says_how_exactly(load, date, precision, expected):
    load(record(date=date, date_precision=precision))
    assert Article.objects.get().date_precision == expected


@pytest.mark.parametrize("date", ["", None, "yesterday", "1990-02-30", "0000-01-01", "12 May 1990"])
def test_a_date_nobody_can_read_is_reported(load, date):
    outcome = load(record(date=date), record())
    assert outcome.imported == 1
    assert "date" in outcome.rows[0].reason


def test_the_future_is_a_draft_and_never_shown(load):
    day = (clock.now() + timedelta(days=400)).date().isoformat()
    outcome = load(record(date=day, title="Not yet"), record())
    assert (outcome.imported, outcome.drafts) == (1, 1)
    article = Article.objects.get(title="Not yet")
    assert not article.live and not Rendering.objects.filter(pk=article.pk).exists()
    assert outcome.rows[0].action == "draft" and day in outcome.rows[0].reason
    assert load(record(id=outcome.rows[0].id, date=day, title="Not yet")).unchanged == 1


def test_today_is_not_the_future(load):
    load(record(date=clock.now().date().isoformat()))
    article = Article.objects.get()
    assert article.live and article.dated <= clock.now()


# What is skipped ------------------------------------------------------------------------------------------------------


def test_bodies_of_a_few_words_and_of_none(load):
    outcome = load(
        record(body="Hong Kong | Macau | Tibet"), record(body=""), record(body=" \n\n "), record(title=" \ufeff"), record()
    )
    assert outcome.imported == 1
    assert outcome.skipped == {"has a body of a few words": 1, "has no body": 2, "has no title": 1}
    assert outcome.rows[0].reason == "has a body of 6 words (fewer than 20)"


def test_the_same_body_comes_in_once(load):
    first = record()
    outcome = load(first, record(), record(body=first["body"].replace("\n\n", " \n\n\n")), record())
    assert outcome.imported == 3
    assert outcome.rows[0].reason == "has the same text as line 1"
    again = load(first, record(), record(id="r-new", body=first["body"]))
    assert again.rows[0].reason == "has the same text as line 1"


def test_a_body_counts_as_seen_only_where_it_came_in(load):
    body = record()["body"]
    outcome = load(record(date="never", body=body), record(body=body))
    assert outcome.imported == 1


def test_the_same_id_twice(load):
    outcome = load(record(id="x"), record(id="x"), record(id=7), record(id=None), record(id="x", source="another"))
    assert outcome.imported == 3
    assert [row.reason for row in outcome.rows] == ["has an id that came before in this file", "has no id"]


def test_long_ids_stay_apart(load):
    load(record(id="a" * 200 + "1"), record(id="a" * 200 + "2"))
    assert Article.objects.count() == 2


def test_bad_lines_are_named_and_the_rest_goes_on(load):
    outcome = load(b"{not json}\n", record(), b"[1]\n", b'{"id": "\xff"}\n', b"\n",
                   b"\xef\xbb\xbf" + json.dumps(record()).encode() + b"\n",
                   b"[" * 100_000 + b"\n", record())  # fmt: skip
    assert outcome.imported == 3
    assert [row.line for row in outcome.rows] == [1, 3, 4, 7]
    assert outcome.rows[0].reason.startswith("Line 1 is not JSON at character 2")
    assert outcome.rows[1].reason == "Line 3 is not a JSON object."
    assert "not UTF-8" in outcome.rows[2].reason


@pytest.mark.parametrize(
    "fields", [{"body": 5}, {"title": ["x"]}, {"authors": {"a": 1}}, {"topics": [1]}, {"source": 3}, {"deck": []}]
)
def test_values_of_the_wrong_kind(load, fields):
    outcome = load(record(**fields), record())
    assert outcome.imported == 1 and len(outcome.rows) == 1


def test_characters_no_database_takes(load):
    outcome = load(record(title="a\x00b \ud83d c", body=WORDS * 3 + " \x00 \udc00 end."))
    assert outcome.imported == 1
    assert Article.objects.get().title == "ab \ufffd c"


def test_no_markup_of_a_text_becomes_ours(load):
    load(
        record(body=f"{WORDS} <script>alert(1)</script> & <b>bold</b>.\n\n{WORDS}."),
        record(format="markdown", body=f"{WORDS} <img onerror=x src=y>"),
    )
    for rendering in Rendering.objects.all():
        html = "".join(html for _, html in rendering.blocks)
        assert "<script" not in html and "<b>" not in html and "onerror" not in html


def test_a_byte_order_mark_inside_a_text(load):
    outcome = load(
        record(body=f"{WORDS}.\n\n\ufeff{WORDS}."), record(format="markdown", body=f"{WORDS}.\n\n\ufeff## Head\n\n{WORDS}.")
    )
    assert outcome.notes["byte-order mark removed"] == 2
    assert Article.objects.order_by("-pk")[0].rendering.blocks[1] == ["heading", "<h2>Head</h2>"]


def test_addresses_that_lead_nowhere(load):
    load(
        *[
            record(url=url)
            for url in ("javascript:alert(1)", "https://", "not an address", "https://example.org/" + "x" * 600, "http://[::1")
        ]
    )
    assert set(Article.objects.values_list("source_url", flat=True)) == {""}


# Files ----------------------------------------------------------------------------------------------------------------


def test_gzip_is_known_by_its_content_and_may_be_broken(load, tmp_path, db):
    data = gzip.compress(b"".join(json.dumps(record()).encode() + b"\n" for _ in range(50)))
    whole = tmp_path / "whole.bin"
    whole.write_bytes(data)
    assert services.import_jsonl(whole, helper=False).imported == 50
    cut = tmp_path / "cut.gz"
    cut.write_bytes(
        gzip.compress(os.urandom(8) + b"\n" + b"".join(json.dumps(record()).encode() + b"\n" for _ in range(300)))[:-9]
    )
    outcome = services.import_jsonl(cut, helper=False)
    assert "damaged after line" in outcome.failure
    assert outcome.imported > 0
    assert Page.find_problems() == ([], [], [], [], [])


def test_a_file_that_is_not_there(db, tmp_path):
    result = CliRunner().invoke(command, ["jsonl", str(tmp_path / "none.jsonl")])
    assert result.exit_code == 1 and "There is no file" in result.output


# Repeated and interrupted ---------------------------------------------------------------------------------------------


def test_repeating_changes_nothing(load):
    records = [record(title="Same title") for _ in range(8)]
    load(*records)
    before = list(Article.objects.order_by("pk").values())
    changes = Change.objects.count()
    outcome = load(*records)
    assert (outcome.imported, outcome.unchanged) == (0, 8)
    assert list(Article.objects.order_by("pk").values()) == before
    assert Change.objects.count() == changes


def test_two_rows_of_the_change_log_a_batch(load):
    before = Change.objects.count()
    load(*[record() for _ in range(7)])
    keys = list(Change.objects.order_by("number").values_list("key", flat=True))[before:]
    kinds = [key.partition(":")[0] for key in keys if key != "*"]  # "*": the publication's settings, made when first asked for
    assert kinds == ["articles", "list"] * 3


def test_an_error_in_the_middle_leaves_whole_batches_and_the_next_run_the_rest(load, monkeypatch):
    records = [record(title="Same title") for _ in range(10)]
    real, calls = bulk._reference_index, []

    def fails(rows):
        calls.append(rows)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(rows)

    monkeypatch.setattr(bulk, "_reference_index", fails)
    outcome = load(*records)
    assert outcome.interrupted and outcome.imported == 6 == Article.objects.count()
    monkeypatch.setattr(bulk, "_reference_index", real)
    outcome = load(*records)
    assert (outcome.imported, outcome.unchanged) == (4, 6)
    assert Page.find_problems() == ([], [], [], [], [])
    slugs = list(Article.objects.order_by("pk").values_list("slug", flat=True))
    assert slugs[:3] == ["same-title", "same-title-1950-03-01", "same-title-1950-03-01-2"]
    assert slugs[-1] == "same-title-1950-03-01-9"


def test_update_brings_changes_in_and_renders_them(load):
    one, two, three = record(), record(), record()
    load(one, two, three)
    assert load({**one, "title": "New title"}).unchanged == 1
    slug = Article.objects.get(import_key=jsonl.key(one)).slug
    before = Change.objects.count()
    outcome = load(
        {**one, "title": "New title", "body": f"{WORDS} anew.\n\n{WORDS} twice.", "author": "Ann Lee", "country": "Kenya"},
        two,
        three,
        update=True,
    )
    assert (outcome.updated, outcome.unchanged) == (1, 2)
    article = Article.objects.get(import_key=jsonl.key(one))
    assert (article.title, article.draft_title, article.slug) == ("New title", "New title", slug)
    assert [html for _, html in article.rendering.blocks] == [f"<p>{WORDS} anew.</p>", f"<p>{WORDS} twice.</p>"]
    assert [byline.author.name for byline in article.bylines.all()] == ["Ann Lee"]
    assert [topic.name for topic in article.topics.all()] == ["Kenya"]
    assert {change.key for change in Change.objects.order_by("number")[before:]} >= {"list", f"article:{article.pk}"}
    assert (
        load(
            {**one, "title": "New title", "body": f"{WORDS} anew.\n\n{WORDS} twice.", "author": "Ann Lee", "country": "Kenya"},
            update=True,
        ).updated
        == 0
    )
    assert Page.find_problems() == ([], [], [], [], [])


def test_update_never_writes_over_an_editors_work(load):
    one = record()
    load(one)
    article = Article.objects.get()
    article.title = "An editor's title"
    article.save_revision().publish()
    outcome = load({**one, "title": "The record's title"}, update=True)
    assert Article.objects.get().title == "An editor's title"
    assert outcome.rows[0].action == "kept"


def test_a_trimmed_record_does_not_shorten_an_article(load):
    one = record()
    load(one)
    outcome = load({**one, "body": one["body"][:300], "trimmed": True}, update=True)
    assert outcome.updated == 0 and len(Article.objects.get().rendering.blocks) == 5
    assert outcome.rows[0].reason.startswith("the record is trimmed")


def test_update_takes_what_moved_to_the_future_off_the_site(load):
    one = record()
    load(one)
    load({**one, "date": "2999-01-01"}, update=True)
    article = Article.objects.get()
    assert not article.live and article.dated > clock.now()


# The command ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "report.csv"])
def test_the_report(db, tmp_path, name):
    file = tmp_path / "in.jsonl"
    records = [record(), record(body="Too short", title="=cmd()"), record(date="1750-01-01", date_precision="year")]
    file.write_text("\n".join(json.dumps(each) for each in records) + "\nbroken\n")
    report = tmp_path / name
    result = CliRunner().invoke(command, ["jsonl", str(file), "--access", "open", "--report", str(report)])
    assert result.exit_code == 0, result.output
    assert "Imported 2 of 4 articles" in result.output and "1 skipped: has a body of a few words." in result.output
    assert "1 dated only by its year." in result.output and "Line 4 is not JSON" in result.output
    if name.endswith("json"):
        told = json.loads(report.read_text())
        assert told["skipped"] == {"has a body of a few words": 1, "bad line": 1} and told["rows"][0]["line"] == 2
    else:
        rows = list(csv.DictReader(report.read_text().splitlines()))
        assert [row["line"] for row in rows] == ["2", "4"] and rows[0]["title"] == "'=cmd()"
    assert set(Article.objects.values_list("access", flat=True)) == {"open"}


def test_a_report_that_cannot_be_written_is_said_before_the_work(db, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text(json.dumps(record()))
    result = CliRunner().invoke(command, ["jsonl", str(file), "--report", str(tmp_path / "no" / "r.json")])
    assert result.exit_code == 1 and "no directory" in result.output and not Article.objects.exists()


def test_an_end_that_is_asked_for_comes_after_the_batch_under_way(load):
    records = [record() for _ in range(12)]
    done = []
    outcome = load(*records, progress=lambda position, outcome: done.append(position), stop=lambda: len(done) == 2)
    assert outcome.interrupted and outcome.imported == 6 == Article.objects.count()
    again = load(*records)
    assert (again.interrupted, again.imported, again.unchanged) == (False, 6, 6)


def test_an_end_that_is_asked_for_when_all_is_in_is_none(load):
    done = []
    outcome = load(record(), progress=lambda position, outcome: done.append(position), stop=lambda: bool(done))
    assert not outcome.interrupted and outcome.imported == 1


def test_ctrl_c_is_heard_wherever_it_comes_and_the_second_interrupts():
    class Finalised:
        def __del__(self):  # an exception would be dropped here
            signal.raise_signal(signal.SIGINT)

    asked = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), cli._ending_in_order(lambda: asked.append(True)) as stop:
        assert not stop()
        Finalised()
        assert stop() and asked == [True]
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


# A process of its own: killed, and helped -----------------------------------------------------------------------------


@pytest.fixture
def installation(tmp_path, django_db_setup, django_db_blocker):
    """A data directory with an empty, migrated SQLite database: a copy of the tests' own, which is rolled back to empty."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("a database file of its own: SQLite only")
    with django_db_blocker.unblock():
        connection.ensure_connection()
        target = sqlite3.connect(tmp_path / "masthead.sqlite3")
        connection.connection.backup(target)
        target.close()
        connection.close()
    assert settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MASTHEAD_")}
    return tmp_path, {**environ, "MASTHEAD_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "masthead.site.settings"}


COMMAND = "from masthead.imports.cli import command; command()"
# the same, which pauses before the last batches so that whoever is to kill it comes in time
PAUSING = """
import time, django
django.setup()
from masthead.articles import bulk
create, batches = bulk.create, 0
def pausing(articles):
    global batches
    batches += 1
    if batches == 5:
        time.sleep(20)
    return create(articles)
bulk.create = pausing
"""


def run_command(environ, *arguments, code=COMMAND, **options):
    return subprocess.Popen([sys.executable, "-c", code, "jsonl", *arguments], env=environ, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True, **options)  # fmt: skip


def stored(path: Path) -> tuple[int, int, int]:
    database = sqlite3.connect(path / "masthead.sqlite3")
    try:
        return database.execute(
            "SELECT (SELECT count(*) FROM articles_article), (SELECT count(*) FROM articles_rendering),"
            " (SELECT numchild FROM wagtailcore_page WHERE depth = 2)"
        ).fetchone()
    finally:
        database.close()


MANY = 3000  # six batches


@pytest.mark.processes
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_in_the_middle_and_started_again(installation, how):
    folder, environ = installation
    file = folder / "in.jsonl"
    # big enough for the helper process, which must not outlive a killed parent
    file.write_text(
        "".join(json.dumps(record(title="Same", body="\n\n".join([f"{WORDS} {n}."] * 4))) + "\n" for n in range(MANY))
    )
    assert file.stat().st_size > services._SMALL
    process = run_command(environ, str(file), code=PAUSING + COMMAND)
    end = time.monotonic() + 120
    while stored(folder)[0] < 250 and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, how) if how == signal.SIGINT else process.kill()
    output, errors = process.communicate(timeout=60)
    count, rendered, children = stored(folder)
    assert 0 < count < MANY and count % 500 == 0
    assert count == rendered == children
    if how == signal.SIGINT:
        assert process.returncode == 130 and "Give the same command again" in errors and "Traceback" not in errors
    again = run_command(environ, str(file))
    output, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert f"{count:,} already there" in output
    assert stored(folder) == (MANY, MANY, MANY)
    database = sqlite3.connect(folder / "masthead.sqlite3")
    assert database.execute(
        "SELECT count(DISTINCT slug), count(DISTINCT path) FROM wagtailcore_page WHERE depth = 3"
    ).fetchone() == (MANY, MANY)
    database.close()
    _nobody_left(process.pid)


def _nobody_left(group: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a helper process outlived its parent")


def test_with_and_without_a_helper_the_same_comes_in(load, tmp_path, db):
    records = [record(format="markdown" if n % 3 == 0 else None) for n in range(40)]
    load(*records)
    without = list(Article.objects.order_by("pk").values("title", "body", "dated", "slug"))
    Article.objects.all().delete()
    services_small, services._SMALL = services._SMALL, 0
    try:
        load(*records, helper=True)
    finally:
        services._SMALL = services_small
    assert list(Article.objects.order_by("pk").values("title", "body", "dated", "slug")) == without


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Reading is streaming: ten times the lines, the same memory."""

    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.gz"
        with gzip.open(path, "wt") as file:
            for _ in range(lines):
                file.write(json.dumps(record(body=WORDS * 100)) + "\n")
        tracemalloc.start()
        for _ in jsonl.read(path):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(1500) < peak(150) * 2 + 200_000


# The real thing -------------------------------------------------------------------------------------------------------


@needs_shared
@pytest.mark.django_db
def test_world_affairs():
    outcome = services.import_jsonl(SHARED / "world-affairs-700.jsonl", helper=False)
    assert outcome.read == 709 and outcome.imported == 708 and outcome.skipped == {"has a body of a few words": 1}
    assert Page.find_problems() == ([], [], [], [], [])
    assert not Article.objects.filter(rendering__words__lt=20).exists()
    first = Article.objects.order_by("dated").first()
    assert first.dated == datetime(1750, 1, 1, 12, tzinfo=UTC) and first.date_precision == "none"
    assert Article.objects.filter(source="Wikinews", licence="CC-BY-2.5").exclude(source_url="").count() == 294
    assert Article.objects.filter(topics__slug="czechoslovakia", topics__kind="country").exists()
    assert not any("\n" in html for rendering in Rendering.objects.all() for _, html in rendering.blocks)
    again = services.import_jsonl(SHARED / "world-affairs-700.jsonl", helper=False, update=True)
    assert (again.imported, again.updated, again.unchanged) == (0, 0, 708)


@needs_shared
def test_the_archive_is_cleaned():
    """Every thousandth text and all the known traps, without a database."""
    now, zone = clock.now(), ZoneInfo("UTC")
    refused, seen = 0, 0
    for line in jsonl.read(SHARED / "archive-25k.jsonl.gz"):
        assert line.record is not None
        if line.number % 50 and line.record["date"] <= "2027" and "\ufeff" not in line.record["body"]:
            continue
        seen += 1
        try:
            entry = jsonl.entry(line.record, zone, now)
        except jsonl.Refused:
            refused += 1
            continue
        assert entry.body and not entry.title.startswith("\ufeff")
        for block in entry.body:
            value = block["value"]
            assert "\ufeff" not in str(value) and "\x00" not in str(value)
            if block["type"] == "paragraph":
                assert value.startswith("<p>") and value.endswith("</p>") and "\n" not in value
        if line.record["source"] == "ungdc" and not line.record["body"].count("\n\n") < 8:
            words = [len(block["value"].split()) for block in entry.body if block["type"] == "paragraph"]
            assert sorted(words)[len(words) // 2] >= 8, line.record["id"]
        assert entry.draft == (line.record["date"] > now.date().isoformat())
    assert seen > 490 and refused < 20
