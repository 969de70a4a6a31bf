"""Texts in scripts that do not part their words by spaces are found, and tell as little as others of what is shut."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import import_article, make_topic
from masthead.access.services import current_policy
from masthead.articles.models import Article
from masthead.core import clock
from masthead.library import languages, matching, onward, search, unspaced
from masthead.library.passages import passage
from shelves import Shelf

FREE = "open"


def article(text: str, title: str = "Untitled", **fields: Any) -> int:
    """An open article, unless said otherwise, that says ``text`` and nothing else of interest."""
    return int(import_article(title, paragraphs=[text], **{"access": FREE, **fields}).pk)


# --- how a text is cut


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("北京大学", "北京 京大 大学"),
        ("ウクライナ侵攻", "ウク クラ ライ イナ ナ侵 侵攻"),
        ("中国GDP增长", "中国 gdp 增长"),
        ("2019年12月", "2019 年 12 月"),
        ("ไทย น้ำ", "ไท ทย น้ำ"),
        ("ខ្មែរ", "ខ្មែ មែរ"),
        ("မြန်မာ", "မြန် န်မာ"),
        ("ລາວ", "ລາ າວ"),
        ("대통령이 방문", "대통 통령 령이 방문"),
        ("ﾆﾎﾝ", "ニホ ホン"),
        ("The 北 wind", "the 北 wind"),
        ("हिन्दी में", "हिन्दी में"),
        ("a\u200bb", "a b"),
        ("ประ\u200bเทศ", "ปร ระ ะเ เท ทศ"),
    ],
)
def test_two_neighbours_are_a_piece(text: str, pieces: str) -> None:
    assert languages.words(languages.composed(text)) == [unicodedata.normalize("NFC", piece) for piece in pieces.split(" ")]


def test_words_that_spaces_part_stay_as_they_are() -> None:
    for text in ("The ministers of Türkiye – “São Paulo” €5", "Москва и Київ", "Ελλάδα", "القاهرة", "ירושלים", "Việt Nam"):
        assert not unspaced.unusual(text)
        assert unspaced.cut(text) == text


LETTERS = st.characters(min_codepoint=0x0E00, max_codepoint=0x30FF) | st.sampled_from("北京大 a1.\u200b")


@given(st.text(alphabet=LETTERS, max_size=30))
def test_what_is_cut_is_not_cut_again(text: str) -> None:
    text = languages.composed(text)
    assert unspaced.cut(unspaced.cut(text)).split() == unspaced.cut(text).split()
    assert [word for run in languages.runs(text, "en") for word in run] == languages.words(text)


@given(st.text(alphabet="北京大学生ประเ้ทศด대통령", min_size=2, max_size=20))
def test_pieces_are_put_together_again(text: str) -> None:
    assert unspaced.together(unspaced.pieces(text)) == text


# --- what is found

pytestmark = pytest.mark.django_db

TEXTS = {
    "zh": "北京大学的学生星期一抗议学费上涨，总统没有回应。",
    "ja": "東京都は水曜日、ウクライナからの避難民を受け入れると発表した。",
    "th": "รัฐบาลไทยประกาศเลือกตั้งใหม่ในเดือนมีนาคม",
    "lo": "ລັດຖະບານລາວປະກາດນະໂຍບາຍໃໝ່",
    "km": "រដ្ឋាភិបាលកម្ពុជាប្រកាសគោលនយោបាយថ្មី",
    "my": "မြန်မာအစိုးရက မူဝါဒအသစ်ကို ကြေညာခဲ့သည်",
    "ko": "한국 대통령이 워싱턴을 방문했다.",
    "hi": "भारत के प्रधानमंत्री ने दिल्ली में कहा।",
}
ASKED = {
    "zh": ["北京大学", "学生", "抗议", "抗议学费", "总统", '"大学的学生"', "北京 总统", "上涨*"],
    "ja": ["ウクライナ", "東京", "避難民", "受け入れ", '"水曜日"', "東京 ウクライナ"],
    "th": ["เลือกตั้ง", "รัฐบาลไทย", "มีนาคม", '"ประกาศเลือกตั้ง"', "รัฐบาล มีนาคม"],
    "lo": ["ລັດຖະບານ", "ນະໂຍບາຍ"],
    "km": ["រដ្ឋាភិបាល", "កម្ពុជា"],
    "my": ["မြန်မာ", "အစိုးရ"],
    "ko": ["대통령", "한국", "방문", "대통령 워싱턴"],
    "hi": ["प्रधानमंत्री", "दिल्ली", "भारत"],
}


@pytest.mark.parametrize("own", [True, False])
def test_a_word_is_found_wherever_it_stands(built: Callable[[], Shelf], own: bool) -> None:
    numbers = {language: article(text, language=language if own else "") for language, text in TEXTS.items()}
    shelf = built()
    for language, asked in ASKED.items():
        for text in asked:
            for whole in (True, False):
                results = shelf.ask(text, whole=whole)
                assert (results.numbers, results.loosened) == ((numbers[language],), False), text


def test_a_short_word_stands_together_a_phrase_always(built: Callable[[], Shelf]) -> None:
    apart = article("国王在中午吃饭，家人在国外，经常不在国中。")  # its pieces stand here and there
    shelf = built()
    assert shelf.found("国外中午") == {apart}, "a question of which nothing has it all is content with half of it"
    assert shelf.ask("国外中午").loosened
    assert shelf.found('"国外中午"') == set()
    assert shelf.found('"中午吃饭"') == {apart}


def test_what_has_it_together_comes_before_what_has_it_apart(built: Callable[[], Shelf]) -> None:
    together, apart = article("中国经济增长放缓。"), article("中国的经济问题。")
    shelf = built()
    assert shelf.ask("中国经济").numbers == (together,)
    assert shelf.ask("中国经济增长率").numbers[:1] == (together,)
    assert shelf.ask("中国经济衰退时期").numbers == (together, apart)


def test_a_long_sentence_is_found_where_it_stands(built: Callable[[], Shelf]) -> None:
    number, other = article(TEXTS["zh"]), article(TEXTS["ja"])
    thai = article(TEXTS["th"])
    shelf = built()
    assert shelf.ask("北京大学的学生星期一抗议学费上涨").numbers[0] == number
    assert other not in shelf.found("北京大学的学生星期一抗议学费上涨")
    assert shelf.found(TEXTS["th"]) == {thai}


@pytest.mark.parametrize("character", ["京", "北", "学", "น้ำ"])
def test_one_character_is_found_in_any_word(built: Callable[[], Shelf], character: str) -> None:
    numbers = {article("我在北京。"), article("京城。"), article("东京都", title="学校"), article("学 ใน น้ำแข็ง")}
    found = {"京": 3, "北": 1, "学": 2, "น้ำ": 1}
    shelf = built()
    assert len(shelf.found(character)) == found[character]
    assert shelf.found(character) <= numbers


def test_also_while_it_is_typed(built: Callable[[], Shelf]) -> None:
    number = article(TEXTS["zh"])
    thai = article(TEXTS["th"])
    shelf = built()
    for typed in ("北", "北京", "北京大", "北京大学"):
        assert shelf.found(typed, typing="1") == {number}, typed
    for typed in ("เล", "เลื", "เลือ", "เลือก", "เลือกต", "เลือกตั้ง"):
        assert shelf.found(typed, typing="1") == {thai}, typed
    assert search.completions("北京", policy=current_policy(), now=clock.now()) == [], "nobody completes what is no word"


def test_it_may_be_left_out_and_asked_for_by_topic_and_author(built: Callable[[], Shelf]) -> None:
    topic = make_topic("经济", aliases="财政", slug="economy")
    one, other = article("北京大学。", topics=[topic]), article("北京饭店。")
    shelf = built()
    assert shelf.found("北京 -大学") == {other}
    assert shelf.found('北京 -"京饭"') == {one}
    assert shelf.found("topic:经济") == shelf.found("财政") == {one}


def test_no_other_spelling_is_offered_for_pieces(built: Callable[[], Shelf]) -> None:
    for _ in range(3):
        article(TEXTS["th"])
    assert built().ask("เลือกตัง").suggestion == ""


def test_names_mean_the_same_within_a_sentence(built: Callable[[], Shelf]) -> None:
    make_topic("Russia", kind="country", aliases="俄罗斯\n俄国")
    number, other = article("俄国总统访问北京。"), article("俄语老师。")
    shelf = built()
    assert shelf.found("俄罗斯") == shelf.found("俄罗斯总统") == {number}
    assert other not in shelf.found("俄罗斯")


def test_articles_lead_on_to_what_reads_like_them(built: Callable[[], Shelf]) -> None:
    texts = ("气候变化谈判在巴黎开始。", "气候变化谈判没有结果。", "足球比赛在东京举行。")
    first, like, other = (import_article("题", paragraphs=[text] * 5).pk for text in texts)
    built()
    state = search.library().state()
    assert state is not None
    assert onward.alike([first], state)[first] == [like, other]


# --- passages


def passage_of(text: str, asked: str, shelf: Shelf) -> str:
    return passage([text], shelf.ask(asked).marks)


def test_words_are_marked_where_they_stand_together(built: Callable[[], Shelf]) -> None:
    shelf = built()
    assert passage_of("我在北京大学学习，京大。", "北京大学", shelf) == "我在<mark>北京大学</mark>学习，京大。"
    assert passage_of("我在北京大学学习。", '"北京大" 学习', shelf) == "我在<mark>北京大</mark>学<mark>学习</mark>。"
    assert passage_of("รัฐบาลไทยประกาศเลือกตั้ง", "ไทย เลือกตั้ง", shelf) == "รัฐบาล<mark>ไทย</mark>ประกาศ<mark>เลือกตั้ง</mark>"
    assert passage_of("น้ำแข็ง", "น้ำ", shelf) == "<mark>น้ำ</mark>แข็ง"
    assert passage_of("한국 대통령이", "대통령", shelf) == "한국 <mark>대통령</mark>이"
    assert passage_of("प्रधानमंत्री दिल्ली में", "दिल्ली", shelf) == "प्रधानमंत्री <mark>दिल्ली</mark> में"
    assert passage_of("中国 GDP 增长", "gdp增长", shelf) == "中国 <mark>GDP</mark> <mark>增长</mark>"


def test_a_long_question_s_pieces_are_marked_as_one(built: Callable[[], Shelf]) -> None:
    assert passage_of("北京大学的学生抗议。", "北京大学的学生在东京", built()) == "<mark>北京大学的学生</mark>抗议。"


# --- what is shut

TEASER = ["部长写了一封信。", "没有人知道。", "条约。"]
ORDER = ("部长告诉将军舰队出发", "将军告诉部长舰队出发")  # the same words; who told whom is the secret


def world(rest: str) -> None:
    """Articles in which every two neighbours of both sentences are common, and the one whose rest is ``rest``."""
    for number in range(6):
        import_article(f"背景{number}", access=FREE, paragraphs=["。".join(ORDER)], slug=f"background-{number}")
    import_article("信", access="metered", paragraphs=[*TEASER, rest], slug="letter")


def told(shelf: Shelf) -> list[Any]:
    """What the library says to whatever can be asked about the two sentences, in a world where "letter" is the secret."""
    dice = random.Random(7)
    both = [text[at : at + length] for text in ORDER for length in range(1, 8) for at in range(len(text) - length + 1)]
    runs = list(dict.fromkeys(both))  # half of them stand in both sentences
    asked = [*runs, *(f'"{run}"' for run in runs), *(f"信 -{run}" for run in runs), *(f"{run}*" for run in runs)]
    asked += [" ".join(dice.sample(runs, 2)) for _ in range(60)] + [f"信 {run}" for run in runs]
    results = [shelf.ask(text, typing="1" if number % 7 == 0 else "0") for number, text in enumerate(asked)]
    return [(found.request, found.total, len(found.numbers), found.facets, found.timeline) for found in results]


@pytest.mark.parametrize("naive", [False, True])
def test_the_order_of_words_in_a_rest_cannot_be_learnt(
    shelf: Shelf, remembering: None, monkeypatch: pytest.MonkeyPatch, naive: bool
) -> None:
    if naive:  # if any pieces were searched that are common enough, it could
        monkeypatch.setattr(matching.Matcher, "_is_word", lambda self, words: True)
    answers = []
    for rest in ORDER:
        Article.objects.all().delete()
        world(rest)
        shelf.build()
        answers.append(told(shelf))
    assert (answers[0] != answers[1]) is naive


def test_names_the_editors_gave_are_found_in_it_and_nothing_else_is(built: Callable[[], Shelf]) -> None:
    make_topic("舰队", slug="navy")
    make_topic("Russia", kind="country", aliases="俄罗斯")
    rest = "俄罗斯舰队出发。대통령이 방문했다."
    for number in range(5):
        import_article(f"甲{number}", access="metered", paragraphs=[*TEASER, rest], slug=f"shut-{number}")
    shelf = built()
    assert shelf.ask("舰队").total == shelf.ask("俄罗斯").total == 5
    assert shelf.ask("出发").total == 0
    assert search.UNSEARCHED in shelf.ask("出发").notes
    assert shelf.ask("舰队").notes == ()
    assert shelf.ask("出发", whole=True).total == 5
    assert search.UNSEARCHED not in shelf.ask("出发", whole=True).notes
    assert shelf.ask("대통령").total == 5, "Korean parts its words: the pieces of one tell nothing of the next"
