"""How words become terms: folded, and stemmed by the language of the text. Pure.

The index and the query use the same analyzers, tantivy's own, so that they cannot come to differ.
"""

from __future__ import annotations

from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

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
# What tantivy's list for English leaves out, and a question in whole sentences is full of. Not "us", "who", "may" or "might",
# which folded look like a country, an organisation, a month and power.
_MORE = {
    "en": frozenset(
        (
            "about", "above", "across", "after", "again", "against", "all", "along", "also", "although", "am", "among", "another",
            "any", "anyone", "anything", "around", "away", "because", "been", "before", "behind", "being", "below", "beside",
            "besides", "between", "beyond", "both", "can", "cannot", "could", "did", "do", "does", "doing", "done", "down",
            "during", "each", "either", "else", "etc", "ever", "every", "few", "for", "from", "further", "had", "has", "have",
            "having", "he", "hence", "her", "here", "hers", "herself", "him", "himself", "his", "how", "however", "i", "indeed",
            "its", "itself", "just", "least", "less", "like", "many", "me", "more", "most", "much", "must", "my", "myself",
            "near", "neither", "nor", "now", "off", "often", "once", "one", "only", "onto", "other", "others", "otherwise", "our",
            "ours", "ourselves", "out", "over", "own", "per", "perhaps", "quite", "rather", "re", "s", "same", "shall", "she",
            "should", "since", "so", "some", "something", "than", "theirs", "them", "themselves", "thence", "therefore", "those",
            "though", "through", "throughout", "thus", "together", "too", "toward", "towards", "under", "until", "up", "upon",
            "very", "via", "we", "were", "what", "whatever", "when", "whence", "whenever", "where", "whereas", "wherever",
            "whether", "which", "whichever", "while", "whoever", "whole", "whom", "whose", "why", "within", "without", "would",
            "yes", "yet", "you", "your", "yours", "yourself", "yourselves",
        )
    )
}  # fmt: skip
_WITH_STOP_WORDS = {"da", "de", "en", "es", "fi", "fr", "hu", "it", "nb", "nl", "no", "pt", "ru", "sv"}


def base(tag: str) -> str:
    """The language of a tag such as ``en-GB``: ``en``. Empty for none."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()


def _folding() -> TextAnalyzerBuilder:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    return builder.filter(Filter.remove_long(LONGEST_WORD)).filter(Filter.lowercase()).filter(Filter.ascii_fold())


@cache
def plain() -> TextAnalyzer:
    """Words in lower case and without accents, as they stand."""
    return _folding().build()


@cache
def stemming(language: str) -> TextAnalyzer:
    """The same, stemmed where ``language`` has a stemmer."""
    stemmer = STEMMERS.get(language)
    return _folding().filter(Filter.stemmer(stemmer)).build() if stemmer else plain()


@cache
def _without_stop_words(language: str) -> TextAnalyzer:
    return _folding().filter(Filter.stopword(STEMMERS[language])).build()


def words(text: str) -> list[str]:
    """The words of ``text`` in order, lower-cased and without accents."""
    return list(plain().analyze(text))


@cache
def is_function_word(word: str, language: str) -> bool:
    """Whether ``word`` (folded) says nothing by itself in ``language``: "the", "of"."""
    if word in _MORE.get(language, ()):
        return True
    return language in _WITH_STOP_WORDS and not _without_stop_words(language).analyze(word)


def stem(word: str, language: str) -> str:
    """The term of one folded ``word`` in ``language``."""
    found = stemming(language).analyze(word)
    return found[0] if len(found) == 1 else word


def stems(word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """The terms ``word`` may stand under in texts of these ``languages``, the first language's first, each once."""
    return tuple(dict.fromkeys(stem(word, language) for language in languages))
