"""The pure parts of the benchmarks: what they ask, what they read, what they write."""

from __future__ import annotations

import pytest

from benchmarks import distant_sink, nginx, paced, report, smtp_pool, wrk, zipf

GOOD = (
    "Running 1s test\n"
    "RESULT duration=2000000 requests=100 bytes=50000 connect=0 read=0 write=0 status=0 timeout=0 p50=700 p99=2100 max=9\n"
)


class TestZipf:
    def test_weights_fall_as_one_over_rank(self) -> None:
        weights = zipf.weights(1000)
        assert sum(weights) == pytest.approx(1)
        assert weights[0] / weights[9] == pytest.approx(10)

    def test_the_same_seed_draws_the_same_and_the_first_is_drawn_most(self) -> None:
        things = list(range(100))
        drawn = zipf.sample(things, 5000, seed=7)
        assert drawn == zipf.sample(things, 5000, seed=7) != zipf.sample(things, 5000, seed=8)
        counts = [drawn.count(thing) for thing in things]
        assert max(counts) == counts[0]
        assert counts[0] / 5000 == pytest.approx(zipf.weights(100)[0], rel=0.1)


class TestWrk:
    def test_a_good_run_is_read(self) -> None:
        found = wrk.parse(GOOD)
        assert (found.rate, found.size, found.p50, found.p99) == (50, 500, 700, 2100)

    @pytest.mark.parametrize("name", ["connect", "read", "write", "status", "timeout"])
    def test_a_run_with_any_error_is_refused(self, name: str) -> None:
        with pytest.raises(wrk.BadRun, match=f"3 {name}"):
            wrk.parse(GOOD.replace(f"{name}=0", f"{name}=3"))

    def test_a_run_without_answers_or_without_a_word_is_refused(self) -> None:
        with pytest.raises(wrk.BadRun, match="no answer"):
            wrk.parse(GOOD.replace("requests=100", "requests=0"))
        with pytest.raises(wrk.BadRun, match="unable to connect"):
            wrk.parse("unable to connect")

    def test_requests_are_told_apart_again(self) -> None:
        asked = [wrk.request(80, "/a/", "c=1"), wrk.request(80, "/b/")]
        assert paced.split(b"".join(asked)) == asked
        assert b"\r\nCookie: c=1\r\n" in asked[0]
        assert b"Cookie" not in asked[1]


class TestPaced:
    def test_questions_fall_due_at_the_rate(self) -> None:
        moments = paced.due(1000, 5)
        assert len(moments) == pytest.approx(5000, rel=0.1)
        assert moments == sorted(moments)
        assert moments[-1] < 5

    def test_an_answer_is_measured_by_its_headers(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n"
        assert paced.answer_length(head) == 0
        assert paced.answer_length(head + b"X: y\r\n\r\nhalf") == len(head + b"X: y\r\n\r\n") + 12
        with pytest.raises(ValueError, match="Content-Length"):
            paced.answer_length(b"HTTP/1.1 200 OK\r\n\r\n")

    def test_percentiles(self) -> None:
        values = [float(value) for value in range(100, 0, -1)]
        assert (paced.percentile(values, 0.5), paced.percentile(values, 0.99), paced.percentile([], 0.5)) == (51, 100, 0)


class TestReport:
    def test_a_table_is_markdown_in_columns(self) -> None:
        assert report.table(["", "per s"], [["nginx", "1"], ["edge", "22"]]).splitlines() == [
            "|       | per s |",
            "|-------|------:|",
            "| nginx |     1 |",
            "| edge  |    22 |",
        ]

    @pytest.mark.parametrize(("value", "text"), [(123456.7, "123,457"), (123.4, "123"), (12.34, "12.3"), (0.613, "0.61")])
    def test_figures_keep_three_digits_at_most(self, value: float, text: str) -> None:
        assert report.number(value) == text

    def test_promises_are_kept_or_not(self) -> None:
        assert report.Target("of nginx", 0.6, 0.61).met
        assert not report.Target("of nginx", 0.6, 0.599).met
        assert report.Target("MB", 250, 249, at_most=True).met
        assert not report.Target("MB", 250, None, at_most=True).met
        assert "MISSED" in report.targets([report.Target("MB", 250, 300, at_most=True)])


class TestNginx:
    def test_its_headers_are_the_pages_but_for_those_it_writes_itself(self, tmp_path) -> None:
        headers = {"content-type": "text/html; charset=utf-8", "date": "today", "vary": "Cookie", "x-quoted": 'a "b"'}
        text = nginx.configuration(tmp_path, tmp_path, 8000, headers)
        assert 'add_header vary "Cookie";' in text
        assert 'add_header x-quoted "a \\"b\\"";' in text
        assert "default_type text/html;" in text
        assert "charset utf-8;" in text
        assert "today" not in text
        assert "etag off;" in text

    def test_a_page_is_a_file_that_no_folder_hides(self) -> None:
        assert nginx.file_name("/articles/a/") == "/articles/a"
        assert nginx.file_name("/") == "/front"


class TestLetters:
    def test_a_letter_has_the_promised_size_and_is_ready_for_the_wire(self) -> None:
        letter = b"reader1@example.org".join(smtp_pool.pieces())
        assert abs(len(letter) - smtp_pool.SIZE) < 1500
        assert letter.count(b"\n") == letter.count(b"\r\n")
        assert b"\n." not in letter

    @pytest.mark.parametrize("size", [1, 7, 100, 10_000])
    def test_the_distant_sink_counts_messages_however_they_are_cut(self, size: int) -> None:
        sink = distant_sink.Sink(0, 0.02)
        try:
            caller = distant_sink.Caller(sink._listener)
            said = b"EHLO me\r\n"
            for reader in (b"one", b"two", b"one"):
                said += b"MAIL FROM:<a@b>\r\nRCPT TO:<%b@b>\r\nDATA\r\nSubject: x\r\n\r\n..\r\nx.\r\n.\r\n" % reader
            answers = b"".join(sink._answer(caller, said[at : at + size]) for at in range(0, len(said), size))
            assert (sink.taken, sink.again) == (3, 1)
            assert answers.count(b"354 ") == 3 and answers.count(b"250 2.0.0 taken") == 3
        finally:
            sink._listener.close()
            sink._poll.close()
