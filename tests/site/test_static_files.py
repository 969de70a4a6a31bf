"""Static files are compressed as hard as can be for readers, and quickly for the newsroom."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import brotli
import pytest

from masthead.site.static_files import Storage

dice = random.Random(1)
TEXT = " ".join(
    dice.choice(["--space", "calc(1rem", "+", "2vw);", ".card", "{", "}", "margin:", "0"]) for _ in range(5_000)
).encode()


@pytest.fixture
def compress(tmp_path: Path):
    def run(name: str, content: bytes = TEXT) -> tuple[bytes, bytes]:
        """The brotli and the gzip form of a static file."""
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        made = Storage(location=tmp_path).create_compressor(quiet=True).compress(str(file))
        assert made == [f"{file}.br", f"{file}.gz"]
        return Path(made[0]).read_bytes(), Path(made[1]).read_bytes()

    return run


@pytest.mark.parametrize("name", ["masthead/masthead.css", "front/passkeys.js", "mfa/js/webauthn.js"])
def test_readers_files_are_as_small_as_can_be(compress, name):
    assert compress(name)[0] == brotli.compress(TEXT, quality=11)


@pytest.mark.parametrize("name", ["admin/js/nav.js", "wagtailadmin/js/vendor.js", "newsroom/planner.js"])
def test_the_newsroom_s_do_not_keep_a_start_waiting(compress, name):
    small, hard = len(compress(name)[0]), len(brotli.compress(TEXT, quality=11))
    assert hard < small < len(TEXT) / 2


@pytest.mark.parametrize("name", ["masthead/masthead.css", "wagtailadmin/js/vendor.js"])
def test_what_comes_out_is_what_went_in(compress, name):
    pressed, zipped = compress(name)
    assert brotli.decompress(pressed) == gzip.decompress(zipped) == TEXT


def test_what_is_compressed_already_is_left_alone(tmp_path):
    compressor = Storage(location=tmp_path).create_compressor(quiet=True)
    assert not compressor.should_compress("masthead/fonts/serif.woff2")
