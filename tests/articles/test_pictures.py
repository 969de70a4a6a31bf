"""Pictures in lists: found together, made at publication, and never a reason to fail."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.images import ImageFile
from PIL import Image as Pillow
from wagtail.images.models import Image, Rendition

from masthead.articles.pictures import SHARED, WIDTHS, Shelf, prepare

# Wagtail leaves the temporary file of a new rendition to the garbage collector
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _collect_here() -> Iterator[None]:
    yield
    gc.collect()


def make_image(width: int = 1600) -> Image:
    buffer = BytesIO()
    Pillow.new("RGB", (width, width * 5 // 8), "navy").save(buffer, "PNG")
    with ImageFile(buffer, name="map.png") as file:
        return Image.objects.create(title="Map", file=file)


def test_prepared_pictures_take_one_query(django_assert_num_queries: Any) -> None:
    images = [make_image() for _ in range(4)]
    for image in images:
        prepare(image)
    with django_assert_num_queries(1):
        shelf = Shelf([*images, None])
        pictures = [shelf.picture(image, "A map") for image in images]
    assert all(picture and picture.srcset.count("w") >= len(WIDTHS) and picture.width == 1440 for picture in pictures)


def test_a_list_makes_few_and_shows_the_others_as_uploaded() -> None:
    images = [make_image() for _ in range(4)]
    shelf = Shelf(images, makes=1)
    pictures = [shelf.picture(image) for image in images]
    assert [bool(picture and picture.srcset) for picture in pictures] == [True, False, False, False]
    assert Rendition.objects.count() == len(WIDTHS)


def test_preparing_makes_the_one_for_other_sites_too() -> None:
    prepare(make_image())
    assert set(Rendition.objects.values_list("filter_spec", flat=True)) == {*WIDTHS, SHARED}


def test_a_small_original_is_not_enlarged() -> None:
    picture = Shelf([]).picture(make_image(600))
    assert picture and picture.width == 600 and picture.srcset.endswith(" 600w")


def test_a_file_that_is_gone_is_no_picture() -> None:
    image = make_image()
    Path(image.file.path).unlink()
    assert Shelf([image]).picture(image) is None
    assert Shelf([]).picture(None) is None
