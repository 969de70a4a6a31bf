"""Scripts that do not part their words by spaces, cut into overlapping pairs of characters, as the analyzers take them. Pure.

Chinese and Japanese, Thai, Lao, Khmer and Burmese; Korean too, whose words carry their endings. No dictionary says where a word
ends, so every two neighbours are one: "北京大学" is indexed as "北京 京大 大学" and asked for in the same way. A character
here is one with the signs that stand on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

_HAN_KANA = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
_HAN_KANA += "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_THAI_LAO = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ece\u0edc-\u0edf"
_KHMER_BURMESE = "\u1780-\u17d3\u17d7\u17dc\u17dd\u1000-\u103f\u1050-\u108f\u109a-\u109d\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f"
_HANGUL = "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"
_UNSPACED = _HAN_KANA + _THAI_LAO + _KHMER_BURMESE
_UNSEEN = "\u200b-\u200d\ufe00-\ufe0f"  # where a line may break, how letters join, which form is shown

# From where scripts begin whose letters carry signs that are no letters, between Latin, Greek, Cyrillic, Hebrew and Arabic, and
# the general punctuation
_FAR = re.compile("[\u0900-\u1cff\u2e80-\U0003ffff]")
SIGNS = "".join(chr(n) for n in range(0x0900, 0xFF00) if unicodedata.category(chr(n))[0] == "M")  # for a class of characters
_ONE = re.compile(f"[^{SIGNS}{_UNSEEN}][{SIGNS}{_UNSEEN}]*|[{SIGNS}{_UNSEEN}]+")
_RUN = re.compile(f"[{_UNSPACED}{_HANGUL}][{_UNSPACED}{_HANGUL}{SIGNS}{_UNSEEN}]*")
_TELLING = re.compile(f"[{_UNSPACED}]")
_GONE = re.compile(f"[{_UNSEEN}]")

ANY = "[\u0e00-\ud7ff\uf900-\U0003ffff]"  # one character of these scripts, in one of tantivy's


def unusual(text: str) -> bool:
    """Whether ``text`` may hold something that has to be cut, or letters with signs on them that are no letters."""
    return not text.isascii() and _FAR.search(text) is not None


def cut(text: str) -> str:
    """``text`` with every run of such a script as its pieces, with spaces between them."""
    return _RUN.sub(lambda match: f" {' '.join(pieces(match[0]))} ", text)


def runs(text: str) -> Iterator[str]:
    """The runs of such scripts in ``text``, and what is between them."""
    end = 0
    for match in _RUN.finditer(text):
        yield text[end : match.start()]
        yield match[0]
        end = match.end()
    yield text[end:]


def is_run(text: str) -> bool:
    """Whether ``text`` is one run of such a script, or a piece of one."""
    return _RUN.fullmatch(text) is not None


def tells_order(piece: str) -> bool:
    """Whether ``piece`` may say of two words which comes first. Not so in Korean: there it stands within one word."""
    return _TELLING.search(piece) is not None


def is_single(piece: str) -> bool:
    """Whether ``piece`` is one character of such a script: many pieces have it in them."""
    return is_run(piece) and len(_ONE.findall(piece)) == 1


@lru_cache(maxsize=20_000)
def pieces(run: str) -> tuple[str, ...]:
    """The overlapping pairs of ``run``, or the one character that it is."""
    run = _GONE.sub("", run)
    # a vowel that is shown as one sign, which normalization takes apart, so that half of it would go with the letter before
    run = run.replace("\u0e4d\u0e32", "\u0e33").replace("\u0ecd\u0eb2", "\u0eb3")
    ones = _ONE.findall(run)
    if len(ones) < 2:
        return (run,) if run else ()
    return tuple(one + other for one, other in pairwise(ones))


def together(some: tuple[str, ...]) -> str:
    """The run of which ``some`` are the pieces."""
    return some[0] + "".join(_ONE.findall(piece)[-1] for piece in some[1:])
