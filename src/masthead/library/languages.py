"""How words become terms: folded, and stemmed by the language of the text. Pure.

The index and the query use the same analyzers, tantivy's own, so that they cannot come to differ.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from tantivy import Filter, PreTokenizedString, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from masthead.library import unspaced

_UNSEEN = "\u00ad\u2060\ufeff"  # soft hyphen, word joiner, byte order mark
LONGEST_WORD = 60  # bytes; what is longer is no word, and would only fill the dictionary

# ISO 639-1 to the names tantivy gives its Snowball stemmers. Other languages are folded, but not stemmed.
STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
# Of the publication's most likely language more than the few that tantivy leaves out: they cost long questions their meaning
_ENGLISH = {
    "a", "about", "above", "across", "after", "again", "against", "all", "along", "also", "although", "am", "among", "an",
    "and", "another", "any", "anyone", "anything", "are", "around", "as", "at", "away", "be", "because", "been", "before",
    "behind", "being", "below", "beside", "besides", "between", "beyond", "both", "but", "by", "can", "cannot", "could",
    "did", "do", "does", "doing", "done", "down", "during", "each", "either", "else", "etc", "ever", "every", "few", "for",
    "from", "further", "had", "has", "have", "having", "he", "hence", "her", "here", "hers", "herself", "him", "himself",
    "his", "how", "however", "i", "if", "in", "indeed", "into", "is", "it", "its", "itself", "just", "least", "less",
    "like", "many", "may", "me", "might", "mine", "more", "most", "much", "must", "my", "myself", "near", "neither", "no",
    "nor", "not", "now", "of", "off", "often", "on", "once", "one", "only", "onto", "or", "other", "others", "otherwise",
    "our", "ours", "ourselves", "out", "over", "own", "per", "perhaps", "quite", "rather", "re", "s", "same", "shall",
    "she", "should", "since", "so", "some", "something", "such", "t", "than", "that", "the", "their", "theirs", "them",
    "themselves", "then", "thence", "there", "therefore", "these", "they", "this", "those", "though", "through",
    "throughout", "thus", "to", "together", "too", "toward", "towards", "under", "until", "up", "upon", "us", "very", "via",
    "was", "we", "were", "what", "whatever", "when", "whence", "whenever", "where", "whereas", "wherever", "whether",
    "which", "whichever", "while", "who", "whoever", "whole", "whom", "whose", "why", "will", "with", "within", "without",
    "would", "yes", "yet", "you", "your", "yours", "yourself", "yourselves",
}  # fmt: skip
# Points between single letters: U.S.S.R. A literal first, so that it takes next to no time where there are none
_INITIALS = re.compile(r"\.(?=[^\W\d_]\b)(?<=\b[^\W\d_]\.)")
# Names that are written like other words but for their capitals (us, who, it, what aids, and one in French) are terms of their
# own, by a letter more that nobody writes and no analyzer touches
ACRONYM = "\u0298"
_ACRONYMS = {name: re.compile(rf"{name}(?![^\W_])(?<![^\W_]{name})") for name in ("US", "UN", "WHO", "IT", "AIDS")}
_MEANT = frozenset({"us", "un", "aids"})  # by whoever searches for them in English, however they write them

_WITH_STOP_WORDS = {"da", "de", "es", "fi", "fr", "hu", "it", "nb", "nl", "no", "pt", "ru", "sv"}


def base(tag: str) -> str:
    """The language of a tag such as ``en-GB``: ``en``. Empty for none."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()


def _folding(tokenizer: Tokenizer) -> TextAnalyzerBuilder:
    builder = TextAnalyzerBuilder(tokenizer)
    return builder.filter(Filter.remove_long(LONGEST_WORD)).filter(Filter.lowercase()).filter(Filter.ascii_fold())


def _tokenizer(unusual: bool) -> Tokenizer:
    # the signs on the letters of many scripts are neither letters nor digits: a word would end at each. It takes twice the time
    return Tokenizer.regex(r"[\p{Alphabetic}\p{M}\p{N}]+") if unusual else Tokenizer.simple()


@cache
def plain(*, unusual: bool = False) -> TextAnalyzer:
    """Words in lower case and without accents, as they stand. For texts that are :func:`~unspaced.unusual` it is another one."""
    return _folding(_tokenizer(unusual)).build()


@cache
def stemming(language: str, *, unusual: bool = False) -> TextAnalyzer:
    """The same, stemmed where ``language`` has a stemmer."""
    stemmer = STEMMERS.get(language)
    if not stemmer:
        return plain(unusual=unusual)
    return _folding(_tokenizer(unusual)).filter(Filter.stemmer(stemmer)).build()


@cache
def _without_stop_words(language: str) -> TextAnalyzer:
    return _folding(Tokenizer.simple()).filter(Filter.stopword(STEMMERS[language])).build()


def composed(text: str) -> str:
    """``text`` with every letter in one form, and without the hyphens that only show at the end of a line.

    A letter and its accent may be two characters, and between them a word would end.
    """
    text = unicodedata.normalize("NFKC", text)
    for unseen in _UNSEEN:
        if unseen in text:
            text = text.replace(unseen, "")
    return text


def told_apart(text: str) -> str:
    """``text`` as the analyzers take it: initials without points, and the names that look like other words marked as names."""
    if "." in text:
        text = _INITIALS.sub("", text)
    for name, pattern in _ACRONYMS.items():
        if pattern.search(text):
            # what is all in capitals tells nothing by them
            lines = (line if " " in line and line.isupper() else pattern.sub(name + ACRONYM, line) for line in text.split("\n"))
            text = "\n".join(lines)
    return text


def tokens(text: str, language: str = "") -> PreTokenizedString:
    """``text``, told apart, taken apart for the index: stemmed by ``language``, without one as it stands."""
    if unspaced.unusual(text):
        return stemming(language, unusual=True).pre_tokenize(unspaced.cut(text))
    return stemming(language).pre_tokenize(text)


def words(text: str) -> list[str]:
    """The words of ``text`` in order, lower-cased and without accents; where no spaces part them, their pieces."""
    text = told_apart(text)
    if unspaced.unusual(text):
        return list(plain(unusual=True).analyze(unspaced.cut(text)))
    return list(plain().analyze(text))


def shown(word: str) -> str:
    """A word of the index as one writes it."""
    return word[:-1].upper() if word.endswith(ACRONYM) else word


def meant(word: str, language: str) -> str:
    """The name that whoever searches for ``word`` (folded) in ``language`` means by it, or the word."""
    return word + ACRONYM if language == "en" and word in _MEANT else word


_POINTED = re.compile(r"[^\W_][.,&@_+:][^\W_]")  # AT&T, digital.gov, 1,000,000
_APOSTROPHE = re.compile(r"(?<=[^\W_])['\u2019](?=[^\W_])")  # China's, l'Europe, O'Neill
_CONTRACTED = frozenset({"s", "t", "d", "m", "ll", "re", "ve"})  # in English behind one
_BEGUN = re.compile(r"(?:anti|counter|multi|post|pre|peace)[-\u2010\u2011][^\W_]", re.IGNORECASE)  # words elsewhere


def runs(text: str, language: str) -> list[tuple[str, ...]]:
    """The words of ``text``, which has no spaces, each by itself; and as one what belongs together.

    That is what is never parted, in some scripts, and parts too short to mean something alone (F-35, al-Qaeda, 9/11). What stands
    before or behind an apostrophe and means nothing in ``language`` goes.
    """
    text = told_apart(text)
    if unspaced.unusual(text):
        return [run for part in unspaced.runs(text) for run in _runs_of(part)]
    found = words(text)
    if len(found) > 1 and _APOSTROPHE.search(text):
        found = _without_articles(text, language) or found
    if len(found) > 1 and (_POINTED.search(text) or _BEGUN.match(text) or any(_is_short(word, text) for word in found)):
        return [tuple(found)]
    return [(word,) for word in found]


def _without_articles(text: str, language: str) -> list[str]:
    parts = [words(part) for part in _APOSTROPHE.split(text)]
    for number, part in enumerate(parts):
        if number and language == "en" and part and part[0] in _CONTRACTED:
            del part[0]
        if number < len(parts) - 1 and part and is_function_word(part[-1], language):
            del part[-1]
    return [word for part in parts for word in part]


def _runs_of(part: str) -> list[tuple[str, ...]]:
    typed = plain(unusual=True).analyze(unspaced.cut(part))
    return [tuple(typed)] if unspaced.is_run(part) and typed else [(word,) for word in typed]


def _is_short(word: str, text: str) -> bool:
    """Whether ``word`` in ``text`` is no word by itself: a number, a letter, a syllable. EU and UK are."""
    return word.isdigit() or len(word) == 1 or (len(word) == 2 and word.upper() not in text)


@lru_cache(maxsize=20_000)  # and no more: readers type what they like
def is_function_word(word: str, language: str) -> bool:
    """Whether ``word`` (folded) says nothing by itself in ``language``: "the", "of"."""
    if language == "en":
        return word in _ENGLISH
    return language in _WITH_STOP_WORDS and not _without_stop_words(language).analyze(word)


@lru_cache(maxsize=50_000)  # one question asks for the same stems several times
def stem(word: str, language: str) -> str:
    """The term of one folded ``word`` in ``language``."""
    found = stemming(language, unusual=unspaced.unusual(word)).analyze(word)
    return found[0] if len(found) == 1 else word


def stems(word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """The terms ``word`` may stand under in texts of these ``languages``, the first language's first, each once."""
    return tuple(dict.fromkeys(stem(word, language) for language in languages))
