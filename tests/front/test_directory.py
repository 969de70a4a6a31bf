"""Those who write, A to Z: letters that hold for good, accents folded, other scripts beside them, no page without end."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from factories import make_article
from masthead.articles.models import Author, Byline
from masthead.front import alphabet, directory

# --- letters


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Élise", "e"), ("Øystein", "o"), ("Łukasz", "l"), ("Đorđe", "d"), ("Ünal", "u"), ("İnci", "i"), ("ılgaz", "i"),
        ("Æthel", "a"), ("ßmann", "s"), ("Þór", "t"), ("‘t Hooft", "t"), ("ʻOkina", "o"), ("ﬁfth", "f"), ("(van) Dam", "v"),
        ("Дмитрий", "д"), ("Ёлкин", "е"), ("Ώτα", "ω"), ("王毅", "chinese-characters"), ("김정", "korean"),
        ("たかし", "japanese-kana"), ("7th Fleet", "0-9"), ("…", "0-9"), ("", "0-9"),
    ],
)  # fmt: skip
def test_a_name_stands_under_the_letter_a_reader_looks_under(name: str, key: str) -> None:
    assert alphabet.letter_of(name).key == key


@given(st.lists(st.text(max_size=12), max_size=120))
def test_every_name_stands_somewhere_once(names: list[str]) -> None:
    shelves = alphabet.shelves(names, str)
    assert sorted(name for shelf in shelves for name in shelf.things) == sorted(names)
    assert len({shelf.key for shelf in shelves}) == len(shelves)
    assert all(shelf.key and not set(shelf.key) & set(" &?/#") for shelf in shelves)


def test_digits_then_latin_then_others_each_as_a_dictionary_has_them() -> None:
    shelves = alphabet.shelves(["Zola", "éa", "Eb", "E a", "Яна", "Анна", "王毅", "9"], str)
    assert [(shelf.name, shelf.things) for shelf in shelves] == [
        ("0-9", ("9",)),
        ("E", ("E a", "éa", "Eb")),
        ("Z", ("Zola",)),
        ("Chinese characters", ("王毅",)),
        ("Cyrillic", ("Анна", "Яна")),
    ]


def test_another_alphabet_has_letters_of_its_own_once_it_has_many() -> None:
    shelves = alphabet.shelves([f"{'АБВ'[n % 3]} {n}" for n in range(alphabet.FEW + 2)], str)
    assert [(shelf.key, len(shelf.things)) for shelf in shelves] == [("а", 14), ("б", 14), ("в", 14)]


# --- pages


def write(*names: str) -> None:
    """One article by all of ``names``."""
    article = make_article()
    authors = Author.objects.bulk_create([Author(name=name, slug=f"author-{n}") for n, name in enumerate(names)])
    Byline.objects.bulk_create([Byline(article=article, author=author, sort_order=n) for n, author in enumerate(authors)])


def soup(path: str) -> BeautifulSoup:
    response = Client().get(path)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


def names(page: BeautifulSoup) -> list[str]:
    return [name.get_text() for name in page.select(".entry-name")]


@pytest.mark.django_db
def test_a_few_stand_on_one_page_in_order() -> None:
    write("Zoë", "Émile", "Eva", "Ada")
    Author.objects.create(name="Wrote nothing", slug="nothing")
    page = soup("/authors/")
    assert names(page) == ["Ada", "Émile", "Eva", "Zoë"]
    assert not page.select(".letters")
    assert names(soup("/authors/?letter=e")) == ["Émile", "Eva"], "an address for good, however many there are"


@pytest.mark.django_db
def test_an_archives_thousands_stand_by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "INDEX_ENTRIES", 5)
    write(*(f"Kim {n:02}" for n in range(12)), "Élan", "Ото", "k")
    page = soup("/authors/")
    assert [(a["href"], a.get_text(" ", strip=True)) for a in page.select(".letters a")] == [
        ("/authors/?letter=e", "E 1 author"),
        ("/authors/?letter=k", "K 13 authors"),
        ("/authors/?letter=cyrillic", "Cyrillic 1 author"),
    ]
    path, seen = "/authors/?letter=k", []
    while path:
        page = soup(path)
        assert len(page.select(".entry")) <= 5
        assert page.find("link", rel="canonical")["href"].endswith(path)
        assert page.select_one('.letters [aria-current="page"]').get_text()[0] == "K"
        seen += names(page)
        more = page.select_one(".paging a")
        path = more["href"] if more else ""
    assert seen == ["k", *(f"Kim {n:02}" for n in range(12))]


@pytest.mark.django_db
@pytest.mark.parametrize(("asked", "path"), [("K", "k"), ("é", "e"), ("É", "e"), ("Cyrillic", "cyrillic"), ("О", quote("о"))])
def test_a_letter_has_one_address(asked: str, path: str) -> None:
    write("Kim", "Élan", "Ото")
    response = Client().get("/authors/", {"letter": asked})
    assert (response.status_code, response["Location"]) == (302, f"/authors/?letter={path}")


@pytest.mark.django_db
def test_a_letter_of_a_script_that_stands_together_still_has_its_page() -> None:
    write("Анна", "Ото")
    assert names(soup(f"/authors/?letter={quote('о')}")) == ["Ото"]
    assert names(soup("/authors/?letter=cyrillic")) == ["Анна", "Ото"]


@pytest.mark.django_db
@pytest.mark.parametrize("letter", ["x", "kk", "%F0%9F%99%82", "nothing", "%ED%A0%80", "0-9"])
def test_a_letter_nobody_stands_under_has_no_page(letter: str) -> None:
    write("Kim")
    assert Client().get(f"/authors/?letter={letter}").status_code == 404


@pytest.mark.django_db
def test_a_mark_that_is_none_of_ours_shows_the_first_page() -> None:
    write("Kim", "Kay")
    page = soup("/authors/?letter=k&after=nobody")
    assert names(page) == ["Kay", "Kim"]
    assert page.find("link", rel="canonical")["href"].endswith("/authors/?letter=k")
