"""Pictures as pages show them: one query for however many, and never an error for a file that is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from django.db import connection
from wagtail.images.exceptions import InvalidFilterSpecError
from wagtail.images.models import Filter, Image, Rendition, SourceImageIOError

WIDTHS = tuple(f"width-{width}|format-webp|webpquality-70" for width in (480, 720, 960, 1440))
SHARED = "fill-1200x630|format-jpeg"  # what other sites show beside a link
PORTRAIT = "fill-320x320|format-webp|webpquality-75"
SQUARE = "fill-512x512|format-png"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in one or more widths; ``width`` and ``height`` are the largest one's."""

    src: str
    srcset: str
    width: int
    height: int
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Original:
    """An uploaded picture, as much of it as is needed to show it. Its fields are columns of Wagtail's table."""

    id: int
    file: str
    width: int
    height: int
    # by these names a filter asks for what a rendition varies by
    focal_point_x: int | None = None
    focal_point_y: int | None = None
    focal_point_width: int | None = None
    focal_point_height: int | None = None

    @classmethod
    def of(cls, image: Image) -> Original:
        """``image`` as one."""
        focal_point = (getattr(image, name) for name in ORIGINAL[4:])
        return cls(image.pk, image.file.name, image.width, image.height, *focal_point)


ORIGINAL = Original.__slots__


class _Drawn(NamedTuple):
    """A rendition: its file's name, and how large it is."""

    file: str
    width: int
    height: int


class Shelf:
    """The renditions of some images, found together.

    They are made at publication (:func:`prepare`). Where that did not happen, the first ``makes`` images asked for are made up
    for here and the others shown as uploaded: a list of sixty must not keep its reader waiting for sixty times four.
    """

    def __init__(self, images: Iterable[Image | Original | None], specs: Sequence[str] = WIDTHS, makes: int = 1) -> None:
        self._makes = makes
        self._found: dict[tuple[int, str, str], _Drawn] = {}
        wanted = list({image.id for image in images if image is not None})
        if wanted:
            query = _RENDITIONS.format(", ".join(["%s"] * len(wanted)), ", ".join(["%s"] * len(specs)))
            with connection.cursor() as cursor:
                cursor.execute(query, [*wanted, *specs])
                self._found = {row[:3]: _Drawn(*row[3:]) for row in cursor.fetchall()}

    def picture(self, image: Image | Original | None, alt: str = "", specs: Sequence[str] = WIDTHS) -> Picture | None:
        """``image`` in all of ``specs``, or None where there is none or its file is gone."""
        if image is None:
            return None
        original = image if isinstance(image, Original) else Original.of(image)
        try:
            found = [self._found.get((original.id, spec, _filter(spec).get_cache_key(original))) for spec in specs]
            if not all(found):
                if self._makes <= 0:
                    address = Image._meta.get_field("file").storage.url(original.file)
                    return Picture(address, "", original.width, original.height, alt)
                self._makes -= 1
            # by hand: Wagtail's look-up writes what it found to the cache, which here is a table
            drawn = [each or self._make(original, spec) for each, spec in zip(found, specs, strict=True)]
        except (SourceImageIOError, InvalidFilterSpecError, OSError, Image.DoesNotExist):
            return None
        # an original narrower than a width is not enlarged: say each real width once
        widths = {each.width: each for each in drawn}
        largest = widths[max(widths)]
        middle = drawn[len(drawn) // 2]  # for browsers that know no srcset
        return Picture(
            src=_address(middle),
            srcset=", ".join(f"{_address(each)} {width}w" for width, each in sorted(widths.items())) if len(widths) > 1 else "",
            width=largest.width,
            height=largest.height,
            alt=alt,
        )

    def _make(self, original: Original, spec: str) -> _Drawn:
        made = Image.objects.get(pk=original.id).get_rendition(spec)
        drawn = self._found[original.id, spec, made.focal_point_key] = _Drawn(made.file.name, made.width, made.height)
        return drawn


_RENDITIONS = """SELECT image_id, filter_spec, focal_point_key, file, width, height FROM wagtailimages_rendition
WHERE image_id IN ({}) AND filter_spec IN ({})"""  # by hand: four rows for each picture of a page, and a model for each


def _address(drawn: _Drawn) -> str:
    return str(Rendition._meta.get_field("file").storage.url(drawn.file))


@lru_cache(maxsize=64)
def _filter(spec: str) -> Filter:
    """Wagtail's reading of ``spec``, which it does anew for each filter and takes longer than everything else here."""
    return Filter(spec)


def prepare(image: Image | None, specs: Sequence[str] = (*WIDTHS, SHARED)) -> None:
    """Make ``image``'s renditions now, so that no reader waits for them."""
    if image is not None:
        Shelf([image], specs).picture(image, specs=specs)
