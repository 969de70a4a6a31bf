"""Which topics a text is about, by the words in it. Pure: topics and a text in, topics with their score out.

A country is found by its names, demonyms and capitals, everything else by its name and the editors' aliases. Whoever is
mentioned is not yet what an article is about: the score weighs how often, how evenly and how early a topic comes, and how large
its part of all the countries named is. What is in doubt is left out; an editor can add a topic, but nobody looks for a wrong one
among thousands.

Traps, each with a test: South Sudan is not Sudan, nor New South Wales Wales (the longest name wins, also of what is no topic
here); Polish is not polish, nor US us (capitals count); the Georgia with Atlanta is a state of the United States, and the turkey
of Thanksgiving a bird; Jordan may be somebody's name, Peru a town in Indiana, Congo either of two countries, French a language,
and Indian Ocean, Paris Agreement and Benin Bronzes are about neither India, France nor Benin.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from masthead.library.world import Country, countries, country

THRESHOLD = 0.66  # what is applied without an editor; docs/reference/topics.md says how it was chosen
_ASK = 0.60  # what needs an editor in any case
_NAMED = 0.45  # what the headline names is asked about, however little the text says of it
OFFERED = 0.40  # what an editor is asked about

_WORD = re.compile(r"[^\W_]+|[.!?;:,()“”\"\n]")
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}")
_STOPS = frozenset('.!?;:,()“”"\n')
_YEAR = re.compile(r"[12]\d{3}$")
_SEGMENTS = 8
_LEAD = 70  # words
_FEW = 6.0  # mentions of countries: in a text with fewer, even the only one has no more than its part of so many

_NAME, _DEMONYM, _ADJECTIVE, _CAPITAL = 1.0, 0.75, 0.6, 0.4


@dataclass(frozen=True, slots=True)
class Subject:
    """A topic, as much of it as matters here."""

    key: int
    name: str
    kind: str = "theme"  # a Topic.Kind
    code: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic that a text may be about."""

    key: int
    found: str  # the words that made us think of it, the most frequent first
    score: float  # from 0 to 1


@dataclass(slots=True)
class _Term:
    """What a phrase stands for: an owner (None: nobody, it only keeps others away), and how much one mention counts."""

    owner: str | None
    weight: float
    name: bool = False  # a name, not only a word that goes with it


@dataclass(slots=True)
class _Tally:
    """What a text says of one owner."""

    weight: float = 0.0
    names: int = 0
    title: float = 0.0  # the weight of the strongest word in it
    headed: bool = False  # the headline names it
    label: bool = False  # it begins with it: "Kenya: ...", "Kenya 2019: ..."
    standfirst: bool = False
    lead: bool = False
    segments: set[int] = field(default_factory=set)
    said: set[str] = field(default_factory=set)  # the words for it in headline and standfirst
    words: Counter[str] = field(default_factory=Counter)


def _set(text: str) -> frozenset[str]:
    """What stands between semicolons."""
    return frozenset(" ".join(each.split()) for each in text.split(";"))


# Words that are a country's only in some texts ------------------------------------------------------------------------

# Of two countries: it counts for the one that the text names in full, if it names only one
_EITHER = {
    "Congo": ("CD", "CG"), "Congolese": ("CD", "CG"), "Dominican": ("DM", "DO"), "Dominicans": ("DM", "DO"),
    "Korea": ("KR", "KP"), "Korean": ("KR", "KP"), "Koreans": ("KR", "KP"),
}  # fmt: skip
# Names that people and places elsewhere have too: nothing, where a capitalised word stands beside it
_ALSO_A_PERSON = _set("""
Jordan; Chad; Georgia; Holland; Ireland; Israel; Jersey; Cuba; Malta; Kenya; India; Chile; Guernsey; Finn; Niue
""")
# ... these so often that one person in the headline takes them all, where no other word is the country's
_RATHER_A_PERSON = _set("Jordan; Chad; Georgia")
# ... but these say nothing of a person
_BESIDE = _set("""
The; In; And; Of; For; From; To; With; At; By; On; As; But; When; While; After; Before; Since; Both; Although; If; Many; Most;
Some; All; Its; This; That; Valley; Times; Government; Parliament; Constitution; Prime; Minister; President; King; Queen;
Kingdom; Republic; State; Ministry; West; East; North; South; Southern; Northern; Western; Eastern; Central; January; February;
March; April; May; June; July; August; September; October; November; December; Monday; Tuesday; Wednesday; Thursday; Friday;
Saturday; Sunday
""")
# What stands beside a person's name and no country's. Of the 220,000 countries named in our archives one has any of it beside it.
_TITLES = _set("Mr; Mrs; Ms; Mx; Dr; Prof; Sen; Rep; Sgt; Capt; Lt; Rev")
_DONE = _set("""
averaged; coached; dribbled; dunked; grinned; laughed; married; nodded; pleaded; quipped; rebounded; replied; retired; sang;
shrugged; smiled; starred; tweeted
""")
_SAID = _set("said; says; added; thinks; believes; thought; felt; knew; hoped; wants; wanted")
_MADE, _POINTS = _set("scored; scores; had; netted; hit; made"), _set("points; goals; rebounds; assists; baskets")
# Names of what lies elsewhere: nothing, where the text has a word of the first set and none of the second
_ELSEWHERE = {
    "GE": (
        "Atlanta; Savannah; Alabama; Tennessee; Florida; Carolina; Virginia; Mississippi; Macon; Augusta; Confederate; Cherokee;"
        " Kemp; Warnock; Ossoff; Raffensperger; Fulton; Republicans; Democrats; GOP",
        "Tbilisi; Caucasus; Abkhazia; Abkhaz; Ossetia; Ossetian; Saakashvili; Shevardnadze; Batumi; Gori; Georgian; Armenia;"
        " Azerbaijan; Adjara; Ivanishvili; Kobakhidze; Zourabichvili",
    ),
    "LB": ("Pennsylvania; Tennessee; Oregon; Ohio", "Beirut; Lebanese; Hezbollah"),
    "TR": ("Thanksgiving; poultry; Poultry; gravy; roast; Roast; turkeys", "Ankara; Istanbul; Turkish; Turks; Erdogan; Erdoğan"),
}
# States of the United States: a town in one of them may be called as a country is (Peru, Indiana; Malta, New York)
_STATES = _set("""
Alabama; Alaska; Arizona; Arkansas; California; Colorado; Connecticut; Florida; Idaho; Illinois; Indiana; Iowa; Kansas; Kentucky;
Louisiana; Maine; Maryland; Massachusetts; Michigan; Minnesota; Mississippi; Missouri; Montana; Nebraska; Nevada; New Hampshire;
New Jersey; New Mexico; New York; North Carolina; North Dakota; Ohio; Oklahoma; Oregon; Pennsylvania; South Carolina;
South Dakota; Tennessee; Texas; Utah; Vermont; Virginia; West Virginia; Wisconsin; Wyoming
""")
_AGAINST = {code: (_set(against), _set(unless)) for code, (against, unless) in _ELSEWHERE.items()}

# What has a country's word in it and is not about the country
_NOBODYS = _set("""
New Mexico; Gulf of Mexico; New Jersey; New England; New Britain; New Ireland; New Guinea; Gulf of Guinea; Gulf of Oman; Sea of
Oman; Sea of Japan; South China Sea; East China Sea; South China Morning Post; Indian Ocean; Indian Ocean Commission; Indian
Ocean Rim; West Indian; West Indians; East Indian; American Indian; American Indians; Indian Territory; Indian tribe; Indian
tribes; Indian Affairs; Indian Removal; Indian Country; Indian reservation; Indian reservations; Indian lands; Indian nations;
Indian Wars; Indian War; Seven Years War; French and Indian War; Native American; Native Americans; African American; African
Americans; Latin American; Latin Americans; South American; South Americans; Central American; Central Americans; North
American; North Americans; Pan American; Inter American; Organization of American States; American States; American Convention
on Human Rights; Latin America; South America; Central America; North America; Spanish America; British America; Voice of
America; Bank of America; Congo River; Congo Basin; Niger River; Niger Delta; Niger State; River Niger; Jordan River; River
Jordan; Senegal River; Panama Papers; Panama hat; Paraguay River; Suriname River; US dollar; US dollars; Australian dollar;
Canadian dollar; Japanese yen; Chinese yuan; Swiss franc; Swiss francs; British Columbia; British Virgin Islands; British Indian
Ocean Territory; British Empire; British Commonwealth; Netherlands Antilles; Dutch Antilles; French Antilles; French language;
French speaking; Spanish language; Spanish speaking; Portuguese language; Portuguese speaking; German language; German speaking;
Chinese language; Russian language; Russian speaking; Turkish coffee; Turkish delight; Turkish bath; French fries; French toast;
Danish pastry; Swiss cheese; Chinese New Year; Chinese food; Russian roulette; Dutch courage; Irish coffee; Irish whiskey;
Turkish language; English language; Italian language; Japanese language; Portuguese Creole; French Creole; Guinea pig; Guinea
pigs; Guinea worm; Guinea fowl; Vietnam veteran; Vietnam veterans; Paris Agreement; Paris Accord; Paris Club; Paris Principles;
Paris Convention; Paris Declaration; Paris Pact; Treaty of Paris; Paris Peace Conference; Paris Conference; Vienna Convention;
Vienna Conventions; Vienna Declaration; Congress of Vienna; Rome Statute; Treaty of Rome; Treaties of Rome; Lisbon Treaty;
Treaty of Lisbon; Lisbon Strategy; Warsaw Pact; Warsaw Convention; Copenhagen Accord; Copenhagen Summit; Copenhagen Declaration;
Copenhagen Programme; Berlin Wall; Berlin Conference; Bern Convention; Berne Convention; Tokyo Declaration; Beijing Declaration;
Beijing Platform; Beijing Platform for Action; Cairo Declaration; Manila Declaration; Havana Charter; Bangkok Declaration; Seoul
Declaration; Nairobi Protocol; Madrid Protocol; Budapest Memorandum; Budapest Convention; Helsinki Final Act; Helsinki Accords;
Stockholm Conference; Stockholm Convention; Stockholm Programme; Algiers Accords; Tehran Conference; Ottawa Convention; Ottawa
Treaty; Kampala Convention; Maputo Protocol; Monrovia Group; Brussels Treaty; Lima Group; Lima Declaration; Abuja Declaration;
Abuja Agreement; Doha Round; Doha Agenda; Doha Development Agenda; Doha Development Round; Dublin Regulation; Dublin II; London
Club; Cotonou Agreement; Bretton Woods; Bangui Agreement; Bamako Convention; Washington Post; Washington Times; Washington
State; Washington Consensus; Roman Catholic; Dutch East India Company; British East India Company; East India Company; Dutch
West India Company; East Indies; West Indies; Dutch Reformed; Greek Orthodox; Russian Orthodox; Georgian Orthodox; Romanian
Orthodox; Serbian Orthodox; Bulgarian Orthodox; Greek Catholic; Greek Catholics; Armenian Apostolic; Syrian Orthodox; Syrian
Catholic; Syriac; Ethiopian Orthodox; Finnish Lutheran; Agence France Presse; Air France; Radio France Internationale; Radio
France; Tour de France; British Broadcasting Corporation; USA.gov; GOBIERNOUSA; gov.uk; GOV.UK; co.uk; org.uk; America COMPETES;
Code for America; Captain America; Miss America; US Web Design System; US Web Design Standards; American Bar Association;
American Red Cross; Deutsche Welle; Papua; Georgia Tech; University of Georgia; Ireland Fund; Mali Empire;
Ghana Empire; Oman Sea; Chad Basin; Lake Chad; Lake Chad Basin; Lake Malawi; Lake Nicaragua; New South Wales; Prince of Wales;
Benin bronze; Benin bronzes; Benin City; Kingdom of Benin; Bight of Benin; Gulf of Finland; Gulf of Honduras; Gulf of Panama;
Gulf of Thailand; Brazil nut; Brazil nuts; bone china; fine china; China Miéville; nail polish; shoe polish; Spanish flu; Spanish
influenza; German measles; German shepherd; German shepherds; Greek yogurt; Greek yoghurt; Indian summer; American football;
Mister America; Paris climate accord; Paris climate agreement; Paris climate deal; Oslo Accords; Oslo process; Minsk agreement;
Minsk agreements; Minsk accords; Minsk II; Havana syndrome; Stockholm syndrome; Kyoto Protocol; Bridgetown Initiative
""")
# Capitals left out: the names of other towns, of people, or of what meets there (Brussels)
_NO_CAPITALS = _set("""
Washington, D.C.; Brussels; San José; Santiago; Victoria; Kingston; Georgetown; Hamilton; Stanley; San Juan; Douglas; Plymouth;
Jamestown; Saint-Denis; The Valley; Malé; Sofia; Jerusalem; East Jerusalem; Moroni; Nassau; The Hague; West Island; George Town;
St. John’s; St. George’s; Road Town; Luxembourg; Monaco; San Marino; Singapore; Djibouti; Gibraltar; Hong Kong; Macao; Vatican
City; Basse-Terre; Saint-Pierre; Sucre; Praia; Castries; Roseau; Lima; Nicosia
""")
# Names, formal ones and demonyms that say too little, or something else
_NO_NAMES = _set("""
Republic of China; Gold Coast; Antigua; Barbuda; Persian; Persians; Mongol; Mongols; Finn; Dane; Pole; Swede; Lett; Letts;
Hellenic; Central African; Central Africans; Vatican; Sucre; Antarctic; United Arab Republic; Mesopotamia; Formosa; Saba; PNG;
GB; the Argentine; Lao; Sudanese Republic; French Sudan; Monacan; Virgin Islands; New Granada; Bharat; Gran Colombia; Caymans;
Tahiti; Saint Martin; Papuan; Belau; BIOT; Territory of New Guinea; Byelorussian; Papal States; Congo Free
State; Marshalls; Santo Domingo; Malayan; Middle Congo
""")
# More words for some
_MORE: dict[str, tuple[str, ...]] = {
    "GB": ("Northern Ireland", "England", "Scotland", "Wales", "Scottish", "Welsh"),
    "VA": ("Vatican",),
    "CN": ("People's Republic of China", "Chinese mainland"),
    "RU": ("Russian Federation",),
    "PS": ("Occupied Territories", "occupied territories", "Palestinian Authority"),
    "LA": ("Lao People's Democratic Republic", "Lao Government"),
}
# Capitals of old, other spellings, and the other city that stands for the country
_OLD_CAPITALS: dict[str, tuple[str, ...]] = {
    "AU": ("Sydney",), "BR": ("Rio de Janeiro",), "CI": ("Abidjan",), "CN": ("Peking",), "DE": ("Bonn",), "IL": ("Tel Aviv",),
    "IN": ("Delhi", "Mumbai"), "KZ": ("Almaty",), "MM": ("Rangoon", "Yangon"), "MN": ("Ulan Bator",), "NG": ("Lagos",),
    "PK": ("Karachi",), "TR": ("Istanbul",), "TZ": ("Dar es Salaam",), "UA": ("Kiev",), "VN": ("Saigon",), "YE": ("Aden",),
}  # fmt: skip


# Reading --------------------------------------------------------------------------------------------------------------


def tokens(text: str) -> list[str]:
    """The words of ``text`` and the signs that part them. Hyphens and apostrophes part nothing: Guinea-Bissau is two words."""
    if "." in text:
        text = _INITIALS.sub(lambda match: match[0].replace(".", ""), text)
    return _WORD.findall(text.replace("US$", "$").replace("St.", "St"))


def _bare(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word)
    return "".join(each for each in letters if not unicodedata.combining(each))


class _Trie:
    """Phrases by their words; the longest that fits is found."""

    def __init__(self) -> None:
        self.first: dict[str, list[tuple[tuple[str, ...], _Term, str]]] = {}

    def add(self, phrase: str, term: _Term, *, any_case: bool = False) -> None:
        words = tuple(word for word in tokens(phrase))
        if not words:
            return
        forms = {words, tuple(_bare(word) for word in words)}
        if any_case:
            forms |= {tuple(map(change, words)) for change in (str.lower, str.title, str.upper)}
            forms.add((words[0].title(), *(word.lower() for word in words[1:])))
        elif len(phrase) > 3:
            forms |= {tuple(word.upper() for word in form) for form in forms}
        for form in forms:
            known = self.first.setdefault(form[0], [])
            if all(other != form for other, _, _ in known):
                known.append((form, term, phrase if form == words else " ".join(form)))
                known.sort(key=lambda each: -len(each[0]))

    def find(self, words: list[str], start: int) -> tuple[tuple[str, ...], _Term, str] | None:
        """The longest phrase that begins at ``start``: its words, what it stands for, and how it is written."""
        for found in self.first[words[start]]:
            form = found[0]
            if len(form) == 1 or tuple(words[start : start + len(form)]) == form:
                return found
        return None


@lru_cache(maxsize=1)
def _world() -> tuple[tuple[str, _Term], ...]:
    """Every country's phrases, and what has their words in it without being about them."""
    phrases = [(form, _Term(None, 0)) for each in sorted(_NOBODYS) for form in (each, _titled(each))]
    shared = set(_EITHER) | _NO_NAMES
    named = ("Congo", "Korea")
    phrases += [(word, _Term(f"?{word}", _NAME if word in named else _DEMONYM, word in named)) for word in _EITHER]
    phrases.append(("US", _Term("US", _ADJECTIVE)))  # where anybody else's adjective stands, and in the names of much
    phrases += [(word, _Term(code, _NAME, True)) for code, words in _MORE.items() for word in words]
    for each in countries():
        names = (each.name, each.formal, *(name for name in each.names if name not in ("US", "U.S.")))
        phrases += [(re.sub("^the ", "", name), _Term(each.code, _NAME, True)) for name in names if name not in shared]
        phrases += [(word, _Term(each.code, _DEMONYM)) for word in each.demonyms if word not in shared]
        capitals = (*each.capitals, *_OLD_CAPITALS.get(each.code, ()))
        for name in capitals:
            if each.name in name:  # Mexico City names it, too
                phrases.append((name, _Term(each.code, _DEMONYM, True)))
            elif name not in _NO_CAPITALS:
                phrases.append((name, _Term(each.code, _CAPITAL)))
    return tuple(phrases)


def _titled(phrase: str) -> str:
    """As it stands in a headline: French Language."""
    return " ".join(word[0].upper() + word[1:] for word in phrase.split())


# Matching -------------------------------------------------------------------------------------------------------------


class Matcher:
    """Finds topics in texts. Make it once for many: it builds its tables from all of the topics."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self.subjects = {self._owner(each): each for each in subjects}
        self.trie = _Trie()
        for owner, each in self.subjects.items():  # the editors' words come before ours
            for alias in each.aliases:
                self.trie.add(alias, _Term(owner, _NAME, True), any_case=alias == alias.lower())
            if not country(each.code):
                for name in _names(each.name):
                    self.trie.add(name, _Term(owner, _NAME, True), any_case=each.kind == "theme")
        for phrase, term in _world():
            self.trie.add(phrase, term)

    @staticmethod
    def _owner(subject: Subject) -> str:
        found = country(subject.code) if subject.code else None
        return found.code if found else f"#{subject.key}"

    def suggest(self, title: str, standfirst: str, text: str) -> list[Suggestion]:
        """The topics the text may be about, the surest first. What scores under :data:`OFFERED` is left out."""
        title_words, standfirst_words, words = tokens(title), tokens(standfirst), tokens(text)
        tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
        shouting = title.isupper()
        for owner, term, position, phrase in self._mentions(title_words):
            if not (shouting and len(phrase) < 3):
                tally = tallies[owner]
                tally.title = max(tally.title, term.weight)
                tally.names += term.name
                tally.headed |= term.name
                if position == 0 and (term.name or phrase == "US"):
                    tally.label = _ends_a_label(title_words[len(tokens(phrase)) :])
                tally.said.add(phrase)
        for owner, term, _, phrase in self._mentions(standfirst_words):
            tally = tallies[owner]
            tally.standfirst = True
            tally.names += term.name
            tally.said.add(phrase)
        length = max(1, len(words))
        for owner, term, position, phrase in self._mentions(words):
            tally = tallies[owner]
            tally.weight += term.weight
            tally.names += term.name
            tally.lead = tally.lead or position < _LEAD
            tally.segments.add(position * _SEGMENTS // length)
            tally.words[phrase] += 1
        _settle(tallies, title_words, words)
        return self._judged(tallies, sum(1 for word in words if word not in _STOPS))

    def _mentions(self, words: list[str]) -> Iterable[tuple[str, _Term, int, str]]:
        first = self.trie.first
        after = 0
        for start in [at for at, word in enumerate(words) if word in first]:
            if start < after or not (found := self.trie.find(words, start)):
                continue
            form, term, phrase = found
            after = start + len(form)
            if term.owner is None:
                continue
            other = len(form) == 1 and form[0] in _ALSO_A_PERSON and _is_a_person(words, start)
            other = other or (term.owner[0] != "#" and _is_a_town(words, after))
            yield f"!{term.owner}" if other else term.owner, term, start, phrase

    def _judged(self, tallies: Mapping[str, _Tally], length: int) -> list[Suggestion]:
        together = sum(each.weight for owner, each in tallies.items() if owner[0] not in "#?!")
        suggestions = []
        for owner, tally in tallies.items():
            subject = self.subjects.get(owner)
            if subject is None:
                continue
            share = tally.weight / max(together, _FEW) if owner[0] != "#" else None
            score = _score(tally, share, max(length, 80), subject)
            if score >= OFFERED:
                found = ", ".join(f"{word} ({count})" if count > 1 else word for word, count in tally.words.most_common(6))
                suggestions.append(Suggestion(subject.key, (found or subject.name)[:120], round(score, 3)))
        return sorted(suggestions, key=lambda each: (-each.score, each.key))


def _names(name: str) -> tuple[str, ...]:
    """A topic's name, without its article; what stands in brackets is another: United Nations (UN)."""
    inner = re.findall(r"\((.*?)\)", name)
    outer = re.sub(r"\s*\(.*?\)", "", name)
    return tuple(re.sub(r"^[Tt]he ", "", each).strip() for each in (outer, *inner))


def _is_a_person(words: list[str], at: int) -> bool:
    """Michael Jordan, Jordan Lee: a capitalised word stands right beside it. Or what only a person is called or does does."""
    before = words[at - 1] if at else "."
    after = words[at + 1] if at + 1 < len(words) else "."
    if any(each[0].isupper() and each not in _BESIDE and not each.isupper() and len(each) > 1 for each in (before, after)):
        return True
    following = words[at + 2 : at + 7]
    return (
        (before == "." and at > 1 and words[at - 2] in _TITLES)
        or after in _DONE
        or (after in _SAID and next((word for word in following if word != "that"), "") in ("he", "she"))
        or (after in _MADE and not _POINTS.isdisjoint(following))
    )


def _is_a_town(words: list[str], after: int) -> bool:
    """Peru, Indiana: a state of the United States stands behind a comma."""
    return words[after : after + 1] == [","] and (
        " ".join(words[after + 1 : after + 2]) in _STATES or " ".join(words[after + 1 : after + 3]) in _STATES
    )


def _ends_a_label(rest: list[str]) -> bool:
    """Whether what stands before ``rest`` in a headline says what the article is on: Kenya: ..., Kenya 2019: ..."""
    return rest[:1] == [":"] or (rest[1:2] == [":"] and bool(_YEAR.match(rest[0])))


def _settle(tallies: defaultdict[str, _Tally], title: list[str], words: list[str]) -> None:
    """Give what may be either country's to one of them, and take away what is elsewhere, somebody or something else."""
    for word, codes in _EITHER.items():
        unsure = tallies.pop(f"?{word}", None)
        if unsure is None:
            continue
        # by its full name, or where neither has that, by its capital
        there = [code for code in codes if code in tallies]
        (code, *others) = [code for code in there if tallies[code].names] or there or [""]
        if code and not others:
            _join(tallies[code], unsure)
    present = {*title, *words}
    for code, (against, unless) in _AGAINST.items():
        if code in tallies and present & against and not present & unless:
            del tallies[code]
    for owner in [each for each in tallies if each[0] == "!"]:
        other, tally = tallies.pop(owner), tallies.get(owner[1:])
        if tally is None:
            continue
        theirs = {*other.words, *other.said}
        alone = theirs >= {*tally.words, *tally.said}  # no demonym and no capital says that it is the country
        times = 5 if theirs & _RATHER_A_PERSON else 2
        if alone and ((times == 5 and other.title) or times * other.names >= tally.names):
            del tallies[owner[1:]]
    for owner, tally in list(tallies.items()):
        if not tally.names and present & {word.lower() for word in (*tally.words, *tally.said) if not word.isupper()}:
            del tallies[owner]  # polish


def _join(tally: _Tally, more: _Tally) -> None:
    tally.weight += more.weight
    tally.names += more.names
    tally.title = max(tally.title, more.title)
    tally.headed |= more.headed
    tally.label |= more.label
    tally.standfirst |= more.standfirst
    tally.lead |= more.lead
    tally.segments |= more.segments
    tally.words += more.words
    tally.said |= more.said


def _score(tally: _Tally, share: float | None, length: int, subject: Subject) -> float:
    """How sure we are that a text of ``length`` words is about what it mentions so."""
    theme = subject.kind == "theme"
    least = THRESHOLD if tally.label and share is not None else _NAMED if tally.headed and not theme else 0.0
    if tally.weight < (0.75 if tally.title else 3):
        return least
    rate = 100 * tally.weight / length
    spread = len(tally.segments) / _SEGMENTS
    early = 0.10 * (tally.lead or tally.standfirst)
    if share is None:
        score = 0.25 * tally.title + early + 0.45 * min(1.0, rate / (2.5 if theme else 1.5)) + 0.20 * spread
        if theme and not (tally.title or tally.standfirst or " " in subject.name):
            score = min(score, _ASK)  # a word such as security is in texts on much else
        return max(least, min(1.0, score))
    if not (tally.names or tally.title > _CAPITAL or len(tally.words) > 1):
        return 0.0  # one adjective may be a language's, one capital anybody's: Paris Hilton
    score = 0.30 * tally.title + early + 0.30 * min(1.0, rate / 1.2) + 0.25 * min(1.0, share / 0.5) + 0.25 * spread
    if not tally.title:
        # one of many in a round-up or a speech is not what it is about, however often it comes
        score = min(score, 0.30 + 1.3 * share)
    if tally.names < (1 if tally.title else 2):
        score = min(score, _ASK)
    return max(least, min(1.0, score))


__all__ = ["OFFERED", "THRESHOLD", "Country", "Matcher", "Subject", "Suggestion", "tokens"]
