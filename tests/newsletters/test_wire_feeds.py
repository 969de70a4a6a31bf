"""Reading feeds: what comes out is plain text and addresses of the web, whatever went in."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest

from masthead.newsletters import apart
from masthead.newsletters.strangers import plain, web_address
from masthead.newsletters.wire import feeds
from masthead.newsletters.wire.feeds import NoFeed, read, read_apart


def rss(*items: str, head: str = "<title>The Wire</title>") -> bytes:
    return f"<rss version='2.0'><channel>{head}{''.join(items)}</channel></rss>".encode()


def item(title: str = "A headline", link: str = "https://news.example/1", rest: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{rest}</item>"


class TestFeeds:
    def test_rss(self) -> None:
        body = rss(item(rest="<description>In short.</description><pubDate>Mon, 23 Nov 2026 05:00:00 GMT</pubDate>"))
        feed = read(body)
        (entry,) = feed.entries
        assert (feed.title, entry.headline, entry.summary, entry.url) == (
            "The Wire", "A headline", "In short.", "https://news.example/1",
        )  # fmt: skip
        assert entry.published == datetime(2026, 11, 23, 5, tzinfo=UTC).timestamp()

    def test_atom_with_relative_addresses(self) -> None:
        body = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>W</title><entry><id>urn:1</id><title>T</title>
          <link href="/a?b=1"/><updated>2026-11-23T05:00:00+01:00</updated></entry></feed>"""
        (entry,) = read(body, url="https://news.example/feed").entries
        assert entry.url == "https://news.example/a?b=1"
        assert entry.published == datetime(2026, 11, 23, 4, tzinfo=UTC).timestamp()

    def test_an_entry_is_known_again_by_its_identifier(self) -> None:
        one = read(rss(item("Old words", rest="<guid>7</guid>"))).entries[0]
        two = read(rss(item("New words", rest="<guid>7</guid>"), item("Twice", rest="<guid>7</guid>"))).entries
        assert [entry.guid for entry in two] == [one.guid] and len(one.guid) == 64

    @pytest.mark.parametrize("body", [b"", b"<html><body>Not here</body></html>", b"\x00\xff" * 500, b"{}", b"GIF89a"])
    def test_what_is_no_feed(self, body: bytes) -> None:
        with pytest.raises(NoFeed):
            read(body)

    def test_thousands_of_entries_are_a_hundred(self) -> None:
        assert len(read(rss(*(item(link=f"https://news.example/{n}") for n in range(5000)))).entries) == feeds.MOST_ENTRIES

    @pytest.mark.parametrize("charset", ["utf-8", "utf-16", "iso-8859-15", "windows-1252", "x-unknown", "", "../../etc"])
    def test_whatever_it_is_written_in(self, charset: str) -> None:
        known = charset if charset in ("utf-16", "iso-8859-15", "windows-1252") else "utf-8"
        body = rss(item("Déjà vu")).decode().encode(known)
        (entry,) = read(body, f"text/xml; charset={charset}").entries
        assert entry.headline == "Déjà vu" or charset not in ("utf-8", known)


class TestHostileFeeds:
    def test_markup_in_texts_is_taken_out(self) -> None:
        titles = [
            "<![CDATA[<script>alert(1)</script>Plain <b>words</b>]]>",
            "&lt;img src=x onerror=alert(1)&gt;Plain words",
            "&lt;svg/onload=alert(1)&gt;Plain words",
            "Plain &lt;a href='javascript:alert(1)'&gt;words&lt;/a&gt;",
        ]
        for title in titles:
            assert read(rss(item(title))).entries[0].headline == "Plain words"

    def test_what_is_invisible_or_turns_text_around_is_taken_out(self) -> None:
        assert plain("A\u202eB\u2066C\u200b D\x00\x1b[31m\nE\u2028F", 100) == "ABC D [31m E F"
        assert plain("می\u200cخواهم", 100) == "می\u200cخواهم"  # this one is spelling

    def test_long_texts_are_cut_between_words(self) -> None:
        assert plain("word " * 100, 22) == "word word word word…"
        assert len(plain("x" * 10_000, 200)) == 200

    @pytest.mark.parametrize(
        "link",
        ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " data:text/html,x", "file:///etc/passwd", "https://", "http://[::1",
         "mailto:a@b.example", "https://news.example/a b", "https://news.example/\u202e", "https://news.example/" + "x" * 1000],
    )  # fmt: skip
    def test_entries_that_lead_nowhere_are_left_out(self, link: str) -> None:
        assert read(rss(item(link=link), item())).entries[0].url == "https://news.example/1"
        assert web_address(link) == ""

    @pytest.mark.parametrize(
        "date",
        ["Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "-0044-03-15", "99999-01-01",
         "32 Foo 2026", "2026-02-30T25:61:61Z", "", "&#0;"],
    )  # fmt: skip
    def test_dates_that_cannot_be(self, date: str) -> None:
        for entry in read(rss(item(rest=f"<pubDate>{date}</pubDate>"))).entries:
            assert entry.published is None or 0 < entry.published < 253402300800

    def test_entities_are_not_expanded_nor_files_read(self) -> None:
        laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
        for entities in (laughs, '<!ENTITY a11 SYSTEM "file:///etc/passwd">', '<!ENTITY % a SYSTEM "http://127.0.0.1/x"> %a;'):
            body = f"<?xml version='1.0'?><!DOCTYPE rss [{entities}]>".encode() + rss(item("A &a11; headline"))
            try:
                feed = read_apart(body, "text/xml", "https://news.example/feed")
            except apart.Unreadable:
                continue
            for entry in feed.entries:
                assert "root:" not in entry.headline and "haha" not in entry.headline


class TestReadApart:
    def test_says_the_same(self) -> None:
        body = rss(item("Déjà vu"))
        assert read_apart(body, "text/xml", "https://news.example/") == read(body)

    def test_and_why_it_cannot(self) -> None:
        with pytest.raises(apart.Unreadable, match="no RSS or Atom"):
            read_apart(b"<html></html>", "text/html\x00", "https://news.example/\x00")

    def test_what_computes_for_ever_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(apart, "SECONDS", 0.3)
        with pytest.raises(apart.Unreadable, match="too long"):
            apart.read("timeit", b"", "-n", "1", "while True: pass")

    @pytest.mark.parametrize(
        "flood", [b"<a>" * 300_000, b"<" * 1_000_000, b"<rss>" + b"<![CDATA[" * 100_000, b"\xfe\xff" * 300_000]
    )
    def test_a_flood_of_marks_yields_nothing(self, flood: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(apart, "SECONDS", 1)
        with contextlib.suppress(apart.Unreadable):
            assert not read_apart(flood, "text/xml", "https://news.example/").entries
