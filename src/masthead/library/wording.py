"""Other ways to write the same word: in London or in Washington, with a hyphen, without one or apart. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

Terms = tuple[str, ...]

# Words of English that two countries spell in two ways, as parts of regular expressions: before, one, the other, after
_ENDINGS = r"(|s|ed|ing|ist|ists|ful|less|ly|able|ably|ite|ites|hood|hoods|liness|er|ers|ally|al)"
_OUR = "(arm|behavi|cand|clam|col|demean|endeav|fav|ferv|glam|harb|hon|hum|lab|misdemean|neighb|od|parl|ranc|rig|rum|sav|succ|tum"
_OUR += "|val|vap|vig)"
_LL = "(cancel|channel|counsel|equal|fuel|label|level|marvel|model|quarrel|rival|shovel|signal|total|travel|tunnel)"
_SPELLINGS = (
    (_OUR, "our", "or", _ENDINGS),
    (r"(\w{3,})", "is", "iz", "(e|es|ed|er|ers|ing|ation|ations|ational)"),
    ("(anal|paral|catal)", "ys", "yz", "(e|es|ed|er|ers|ing)"),
    ("(cent|theat|fib|calib|spect|meag|somb|(?:kilo|centi|milli)?met|(?:milli)?lit)", "re", "er", "(|s|d)"),
    ("(def|off|pret)", "ence", "ense", "(|s|less)"),
    ("(dial|catal|anal|monol|prol|epil)", "ogue", "og", "(|s)"),
    (_LL, "l", "", "(ed|ing|er|ers|or|ors)"),
    ("(enro|fulfi|insta|skilfu|wilfu)", "l", "ll", "(|s|ment|ments)"),
    ("()", "programme", "program", "(|s)"),
    ("()", "licence", "license", "(|s)"),
    ("()", "grey", "gray", "(|s)"),
    ("()", "plough", "plow", "(|s|ed|ing)"),
    ("()", "sceptic", "skeptic", "(|s|al|ism)"),
    ("()", "sulph", "sulf", "(ur|uric|ate|ates)"),
    ("()", "aluminium", "aluminum", "()"),
    ("()", "manoeuvr", "maneuver", "(ing)"),
    ("()", "manoeuvre", "maneuver", "(|s)"),
    ("()", "encyclopaed", "encycloped", "(ia|ias|ic)"),
    ("()", "archaeolog", "archeolog", "(y|ist|ists|ical)"),
    ("()", "paediatric", "pediatric", "(|s|ian|ians)"),
    ("()", "mediaeval", "medieval", "()"),
    ("()", "artefact", "artifact", "(|s)"),
    ("()", "mould", "mold", "(|s|ed|y)"),
    ("(acknowledg|judg)", "ement", "ment", "(|s)"),
)
_PATTERNS = tuple(
    (re.compile(f"{before}{one}{after}"), other)
    for before, first, second, after in _SPELLINGS
    for one, other in ((first, second), (second, first))
)
# What never stands alone: written with a hyphen, without one, or apart. Longer ones first
_BEGINNINGS = (
    "counter", "cyber", "multi", "micro", "super", "trans", "ultra", "peace", "anti", "post", "semi", "non", "neo", "pre", "co",
)  # fmt: skip
_ALONE = frozenset({"cyber", "multi", "micro", "ultra", "anti", "semi", "non", "neo"})  # of them, no words by themselves
_DIGITS = re.compile(r"([^\W\d_]+)(\d+)|(\d+)([^\W\d_]+)")
_ARTICLES = frozenset({"al", "el"})  # before Arabic names, now and then left out


@lru_cache(maxsize=20_000)
def spellings(word: str) -> tuple[str, ...]:
    """How an English ``word`` (folded) is spelt elsewhere; nothing but guesses, which may be no words at all."""
    found = []
    for pattern, other in _PATTERNS:
        if match := pattern.fullmatch(word):
            found.append(f"{match[1]}{other}{match[match.re.groups]}")
    return tuple(found)


def written(words: Terms) -> list[Terms]:
    """Other ways to write what was typed as ``words`` (folded): one, or what a hyphen joined."""
    if len(words) > 1:
        found = [("".join(words),)] if len(words) < 4 else []
        return [*found, words[1:]] if words[0] in _ARTICLES else found
    (word,) = words
    if match := _DIGITS.fullmatch(word):
        return [tuple(part for part in match.groups() if part)]
    beginning = next((each for each in _BEGINNINGS if word.startswith(each)), "")
    return [(beginning, word[len(beginning) :])] if beginning and len(word) - len(beginning) >= 4 else []


def belong_together(word: str, following: str) -> bool:
    """Whether two words (folded) are one, though a space parts them: cyber attack, G 20."""
    return word in _ALONE or (len(word) == 1 and word not in "ai" and following.isdigit() and len(following) < 4)
