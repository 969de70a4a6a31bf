"""Paper's traces in plain text: joined where unmistakable, left alone in doubt."""

from masthead.imports import markdown, text


def paragraphs(body: str, title: str = "") -> list[str]:
    return [piece.text for piece in text.clean(body, title).pieces if piece.kind == "paragraph"]


WRAPPED = """Mr. President,
let me first express my gratitude to your predecessor,
Her Excellency Sheikha Haya, for her leadership of the
General Assembly. To you, Sir, I assure full support.
 An important part of the session will coincide with a
period of increased international responsibility for my
country. We will do our best to make good use of those re-
sources and of the Secretary-
General's patience, in the medium-
and long-term.
 The discussions this week have proved that the global
community has identified the challenges to resources."""


def test_hard_wrapped_lines_become_paragraphs_by_their_indent():
    found = paragraphs(WRAPPED)
    assert len(found) == 3
    assert found[0].startswith("Mr. President, let me first")
    assert found[1].startswith("An important part") and "\n" not in found[1]


def test_divided_words_are_joined_and_compounds_kept():
    second = paragraphs(WRAPPED)[1]
    assert "those resources" in second
    assert "Secretary-General's" in second
    assert "medium- and long-term" in second


def test_an_empty_line_between_every_two_lines_is_no_paragraph():
    lines = [
        "Allow me first to congratulate Mr. Samuel", "Insanally on his election to his responsible post, and to wish",
        "him every success in his work.",
        "Allow me also to express gratitude to the President of", "our last session, Mr. Stoyan Ganev, for his able guidance of",
        "our work, and to Mr. Boutros Boutros-Ghali, the Secretary-",
        "General, for his dynamic, tireless work to restructure the",
        "Organization and enhance its effectiveness, given the", "qualitative changes occurring in the system of international",
        "relations.",
        "I should like to take this opportunity to congratulate the", "new members of the United Nations: the Czech Republic.",
    ]  # fmt: skip
    found = paragraphs("\n\n".join(lines))
    assert [each.split()[0:3] for each in found] == [["Allow", "me", "first"], ["Allow", "me", "also"], ["I", "should", "like"]]
    assert "the Secretary-General, for" in found[1]


def test_lines_that_are_sentences_stay_paragraphs():
    body = "\n".join(
        ["Esteemed ladies and gentlemen.", "Today marks a strange anniversary.", "We hold our session in a virtual setting."]
    )
    assert len(paragraphs(body)) == 3


def test_a_list_of_short_facts_is_not_joined():
    body = "\n\n".join(f"Fact {n}: {n * 3} km" for n in range(12))
    assert len(paragraphs(body)) == 12


def test_paragraph_numbers_go_only_where_they_count_paragraphs():
    numbered = "\n\n".join(f"{n}. The delegation of a country says sentence number {n} here." for n in range(136, 142))
    assert all(each.startswith("The delegation") for each in paragraphs(numbered))
    a_list = "The plan has three parts.\n\n1. First we look.\n\n2. Then we leap.\n\nThat is it.\n\nNobody minds.\n\nIt is old."
    assert "1. First we look." in paragraphs(a_list)
    years = "\n\n".join(f"{year} A good harvest came in that year, and a bad one after." for year in (194, 300, 12, 7, 90))
    assert paragraphs(years)[0].startswith("194 ")


def test_a_sentence_cut_by_a_page_is_joined():
    body = (
        "The growing awareness in our society that respect\n\nfor human rights is owed to all.\n\nAnother paragraph stands here."
    )
    assert paragraphs(body)[0] == "The growing awareness in our society that respect for human rights is owed to all."


def test_invisible_characters_and_spaces():
    cleaned = text.clean("\ufeffOne\u200b two\xa0three\u00ad four.\r\n\r\nFive\x07 six \ud800 seven.")
    assert [piece.text for piece in cleaned.pieces] == ["One two three four.", "Five six \ufffd seven."]
    assert "byte-order mark removed" in cleaned.notes
    assert text.line(" A\n title\t of \ufeffwords ") == "A title of words"


def test_headings_only_where_unmistakable():
    body = (
        "Summary\n\nThe first paragraph is a sentence.\n\n## d. Rights of Workers\n\nThe law provides.\n\nModern Flag of Nowhere"
    )
    assert [(piece.kind, piece.text) for piece in text.clean(body).pieces] == [
        ("heading", "Summary"),
        ("paragraph", "The first paragraph is a sentence."),
        ("heading", "d. Rights of Workers"),
        ("paragraph", "The law provides."),
        ("paragraph", "Modern Flag of Nowhere"),
    ]


def test_title_and_date_are_not_said_twice():
    assert paragraphs("Friday, January 4, 2019\n\nA flat collapsed.", "Collapse") == ["A flat collapsed."]
    assert paragraphs("Collapse\n\nA flat collapsed.", "Collapse") == ["A flat collapsed."]


def test_a_text_without_any_break_is_divided_between_sentences():
    body = " ".join(f"This is sentence number {n} of a very long paragraph without breaks." for n in range(90))
    found = paragraphs(body)
    assert len(found) > 3
    assert " ".join(found) == body


def test_no_word_is_lost():
    body = "\n\n".join(" ".join(f"word{n * 40 + m}" for m in range(40)) + "." for n in range(20))
    assert " ".join(paragraphs(body)).split() == body.split()


def test_markdown_keeps_structure_and_nothing_foreign():
    made = markdown.blocks(
        "# Head\n\nA *b* [c](https://example.org/?a=1&b=2) [d](javascript:alert(1)) <script>alert(1)</script> "
        "![pic](https://example.org/p.png)\n\n{{< figure src=x >}}\n\n* one\n  * two\n\n<div>kept text</div>\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n> said"
    )
    kinds = [each["type"] for each in made]
    assert kinds == ["heading", "paragraph", "list", "paragraph", "table", "quotation"]
    assert made[1]["value"] == '<p>A <i>b</i> <a href="https://example.org/?a=1&amp;b=2">c</a> d alert(1)</p>'
    assert made[2]["value"] == "<ul><li>one<ul><li>two</li></ul></li></ul>"
    assert made[4]["value"]["table"]["data"] == [["a", "b"], ["1", "2"]]
