"""How words become terms: folded, and stemmed by the language of the text. Pure.

The index and the query use the same analyzers, tantivy's own, so that they cannot come to differ.
"""

from __future__ import annotations

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


def tokens(text: str, language: str = "") -> PreTokenizedString:
    """``text`` taken apart for the index: stemmed by ``language``, without one as it stands."""
    if unspaced.unusual(text):
        return stemming(language, unusual=True).pre_tokenize(unspaced.cut(text))
    return stemming(language).pre_tokenize(text)


def words(text: str) -> list[str]:
    """The words of ``text`` in order, lower-cased and without accents; where no spaces part them, their pieces."""
    if unspaced.unusual(text):
        return list(plain(unusual=True).analyze(unspaced.cut(text)))
    return list(plain().analyze(text))


def runs(text: str) -> list[tuple[str, ...]]:
    """The words of ``text`` in order, each by itself, and the pieces of what no spaces part together."""
    if not unspaced.unusual(text):
        return [(word,) for word in words(text)]
    found: list[tuple[str, ...]] = []
    for part in unspaced.runs(text):
        typed = plain(unusual=True).analyze(unspaced.cut(part))
        found += [tuple(typed)] if unspaced.is_run(part) and typed else [(word,) for word in typed]
    return found


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
